//! Uploaded files: what is made of them has the size and type that were promised.

use std::io::Cursor;
use std::sync::LazyLock;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use shared::matching::uploads::film::{atom, movie};
use shared::matching::uploads::sound::length_ms;
use shared::matching::uploads::{MediaType, SIZES, process};

use super::Target;

/// Pictures, films and sounds.
pub const MEDIA: Target = Target {
    name: "media",
    samples: || &FILES,
    holds: media,
};

/// Longest frame of layer III, milliseconds: 576 samples at 8 kHz.
const FRAME_MS: u64 = 72;
/// Pixels above which a picture is only bounded here and not decoded.
const PIXELS_MAX: u64 = 1_000_000;

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).expect("a small box");
    [&size.to_be_bytes(), &kind[..], content].concat()
}

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let shade = |x: u32, y: u32| Rgba([(x * 40) as u8, (y * 40) as u8, 90, 255 - x as u8]);
    let see_through = DynamicImage::ImageRgba8(RgbaImage::from_fn(5, 4, shade));
    let opaque = DynamicImage::ImageRgb8(see_through.to_rgb8());
    let encoded = |picture: &DynamicImage, format| {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).expect("a picture");
        out.into_inner()
    };
    let head = [
        &[0; 12][..],
        &1_000_u32.to_be_bytes(),
        &5_000_u32.to_be_bytes(),
    ]
    .concat();
    let handler = [&[0; 8][..], b"vide", &[0; 12]].concat();
    let size = [640_u32 << 16, 480 << 16].map(u32::to_be_bytes).concat();
    let track = [
        boxed(b"tkhd", &[&[0; 76][..], &size].concat()),
        boxed(b"mdia", &boxed(b"hdlr", &handler)),
    ];
    let film = [boxed(b"mvhd", &head), boxed(b"trak", &track.concat())].concat();
    let mut sound = vec![0xff, 0xfb, 0x90, 0x00];
    sound.resize(417, 0);
    vec![
        encoded(&see_through, ImageFormat::Png),
        encoded(&opaque, ImageFormat::Jpeg),
        encoded(&see_through, ImageFormat::WebP),
        film,
        [b"ID3\x04\0\0\0\0\0\0".to_vec(), sound].concat(),
    ]
});

fn media(input: &[u8]) {
    pictures(input);
    if let Some(atom) = atom(input) {
        assert!(atom.size == 0 || atom.size >= atom.head as u64);
    }
    if let Some(movie) = movie(input) {
        assert!(
            movie
                .size
                .is_none_or(|(width, height)| width > 0 && height > 0)
        );
        assert!(movie.pictures || movie.size.is_none());
    }
    if let Some(length) = length_ms(input) {
        assert!(length <= input.len() as u64 * FRAME_MS, "{length} ms");
    }
}

fn pictures(input: &[u8]) {
    for kind in [MediaType::Jpeg, MediaType::Png, MediaType::Webp] {
        if !kind.begins(input) || is_huge(input) {
            continue;
        }
        let Ok(picture) = process(input, kind) else {
            continue;
        };
        let made = MediaType::of(picture.content_type).expect("a type of ours");
        assert_eq!(picture.forms.len(), SIZES.len());
        for (form, size) in picture.forms.iter().zip(SIZES) {
            assert!(form.size == size && form.width <= size && form.height <= size);
            assert!(form.width > 0 && form.height > 0 && made.begins(&form.bytes));
        }
        assert!(process(&picture.forms[0].bytes, made).is_ok());
    }
}

/// Whether a header claims more pixels than a fuzzer should spend its time on.
fn is_huge(input: &[u8]) -> bool {
    let reader = image::ImageReader::new(Cursor::new(input)).with_guessed_format();
    let size = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    size.is_some_and(|(width, height)| u64::from(width) * u64::from(height) > PIXELS_MAX)
}
