//! Files to upload.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture in a format.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let shade = |x: u32, y: u32| Rgb([(x % 256) as u8, (y % 256) as u8, 90]);
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, shade));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("a picture");
    out.into_inner()
}

/// A JPEG of a phone: it says where it was taken, and has exactly so many bytes.
pub fn photo(bytes: usize) -> Vec<u8> {
    let jpeg = picture(1_600, 1_200, ImageFormat::Jpeg);
    let mut out = jpeg[..2].to_vec();
    // Comments in front of the picture, as large as a segment can be.
    let mut missing = bytes - jpeg.len();
    while missing > 0 {
        let size = match missing {
            small @ ..=60_000 => small,
            large => (large - 4).min(60_000),
        };
        let mut text = b"GPS 48.8566 N 2.3522 E ".to_vec();
        text.resize(size - 4, b' ');
        out.extend([0xff, 0xfe]);
        out.extend(u16::try_from(size - 2).expect("a segment").to_be_bytes());
        out.extend(text);
        missing -= size;
    }
    out.extend(&jpeg[2..]);
    out
}

/// The smallest PDF that has a beginning and an end.
pub fn document() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec()
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8)
        .expect("a small box")
        .to_be_bytes();
    [&size, &kind[..], content].concat()
}

/// An MP4 with one track (`vide` or `soun`) of so many seconds, and its data in front.
pub fn film(track: &[u8; 4], seconds: u32, data: usize) -> Vec<u8> {
    let head = [
        &[0; 12][..],
        &1_000_u32.to_be_bytes(),
        &(seconds * 1_000).to_be_bytes(),
    ]
    .concat();
    let handler = [&[0; 8][..], track, &[0; 12]].concat();
    let media = boxed(b"mdia", &boxed(b"hdlr", &handler));
    let size = [640_u32 << 16, 480 << 16].map(u32::to_be_bytes).concat();
    let shown = boxed(b"tkhd", &[vec![0; 76], size].concat());
    let track = boxed(b"trak", &[shown, media].concat());
    let moov = boxed(b"moov", &[boxed(b"mvhd", &head), track].concat());
    let kind = boxed(b"ftyp", b"isom\0\0\x02\0isommp41");
    [kind, boxed(b"mdat", &vec![7; data]), moov].concat()
}
