//! Pictures, sounds and films, looked at.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, Rgba, RgbaImage};

use super::film::{atom, movie};
use super::media::MediaType;
use super::picture::{TOO_LARGE, UNDECODABLE, WRONG_TYPE, process};
use super::sound::length_ms;

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn landscape(width: u32, height: u32) -> DynamicImage {
    let shade = |x: u32, y: u32| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, shade))
}

/// A JPEG with an orientation and a text in its metadata.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"48.8566 N 2.3522 E");
    let size = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &size, &exif, &jpeg[2..]].concat()
}

#[test]
fn a_picture_is_turned_upright_and_keeps_nothing_but_pixels() {
    let jpeg = encoded(&landscape(2_000, 1_000), ImageFormat::Jpeg);
    let photo = with_exif(&jpeg, 6);
    let picture = process(&photo, MediaType::Jpeg).unwrap();
    assert_eq!(picture.content_type, "image/jpeg");
    let sizes: Vec<_> = picture
        .forms
        .iter()
        .map(|form| (form.width, form.height))
        .collect();
    assert_eq!(sizes, [(80, 160), (320, 640), (640, 1_280)]);
    for form in &picture.forms {
        let text = String::from_utf8_lossy(&form.bytes);
        assert!(!text.contains("Exif") && !text.contains("2.3522"));
        let read = image::load_from_memory(&form.bytes).unwrap();
        assert_eq!((read.width(), read.height()), (form.width, form.height));
    }
}

#[test]
fn what_shines_through_stays_png_and_small_pictures_stay_small() {
    let glass = RgbaImage::from_pixel(100, 50, Rgba([9, 9, 9, 100]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let bytes = encoded(&DynamicImage::ImageRgba8(glass.clone()), format);
        let kind = match format {
            ImageFormat::Png => MediaType::Png,
            _ => MediaType::Webp,
        };
        let picture = process(&bytes, kind).unwrap();
        assert_eq!(picture.content_type, "image/png");
        assert!(
            picture
                .forms
                .iter()
                .all(|form| (form.width, form.height) == (100, 50))
        );
    }
}

#[test]
fn what_is_no_picture_of_its_type_is_rejected() {
    let jpeg = encoded(&landscape(300, 200), ImageFormat::Jpeg);
    let png = encoded(&landscape(300, 200), ImageFormat::Png);
    let cases: [(&[u8], MediaType, &str); 7] = [
        (b"hello, I am a text", MediaType::Png, WRONG_TYPE),
        (b"GIF89a\x01\0\x01\0\0\0\0;", MediaType::Png, WRONG_TYPE),
        (&png, MediaType::Jpeg, WRONG_TYPE),
        (&jpeg[..jpeg.len() / 2], MediaType::Jpeg, UNDECODABLE),
        (&jpeg[..jpeg.len() - 2], MediaType::Jpeg, UNDECODABLE),
        (&png[..png.len() / 2], MediaType::Png, UNDECODABLE),
        (&png[..20], MediaType::Png, UNDECODABLE),
    ];
    for (at, (bytes, kind, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(process(bytes, kind).map(|_| ()), Err(wanted), "case {at}");
    }
}

/// A PNG that says it has so many pixels, and has none.
pub fn boastful_png(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(&landscape(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    // The sum of the head is checked: CRC-32 (ISO 3309) over type and data.
    let mut sum = u32::MAX;
    for byte in &png[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

#[test]
fn a_file_that_declares_too_many_pixels_is_not_even_decoded() {
    for (width, height) in [(65_536, 32_768), (8_193, 1), (1, 8_193), (8_000, 5_001)] {
        let rejected = process(&boastful_png(width, height), MediaType::Png);
        assert_eq!(rejected.map(|_| ()), Err(TOO_LARGE), "{width} x {height}");
    }
    // Just within the limits it is decoded, and found to be damaged.
    let rejected = process(&boastful_png(8_000, 5_000), MediaType::Png);
    assert_eq!(rejected.map(|_| ()), Err(UNDECODABLE));
}

#[test]
fn the_length_of_a_sound_is_that_of_its_frames() {
    // MPEG 1, layer III, 128 kbit/s, 44,100 Hz: 417 bytes and 26.12 ms.
    let frame = [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413]].concat();
    let tag = [b"ID3\x04\0\0\0\0\0\x05".as_slice(), b"title"].concat();
    let sound = [tag, frame.repeat(383)].concat();
    assert_eq!(length_ms(&sound), Some(10_004));
    assert_eq!(length_ms(b"ID3\x04\0\0\0\0\0\0 no frames"), None);
    assert!(MediaType::AudioMpeg.begins(&frame) && MediaType::AudioMpeg.begins(&sound));
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
    [&size, &kind[..], content].concat()
}

#[test]
fn a_film_tells_length_tracks_and_size() {
    let head = [
        &[0; 12][..],
        &1_000_u32.to_be_bytes(),
        &90_500_u32.to_be_bytes(),
    ]
    .concat();
    let handler = [&[0; 8][..], b"vide", &[0; 12]].concat();
    let media = boxed(b"mdia", &boxed(b"hdlr", &handler));
    let size = [640_u32 << 16, 480 << 16].map(u32::to_be_bytes).concat();
    let track = boxed(
        b"trak",
        &[boxed(b"tkhd", &[vec![0; 76], size].concat()), media].concat(),
    );
    let moov = [boxed(b"mvhd", &head), track].concat();
    let found = movie(&moov).unwrap();
    assert_eq!(
        (found.length_ms, found.pictures, found.sound),
        (90_500, true, false)
    );
    assert_eq!(found.size, Some((640, 480)));
    assert_eq!(movie(&moov[..20]), None);
    assert_eq!(atom(&boxed(b"moov", &moov)).unwrap().kind, *b"moov");
    assert_eq!(atom(&[0, 0, 0, 3, b'm', b'o', b'o', b'v']), None);
}
