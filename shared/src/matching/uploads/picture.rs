//! Pictures: bounded before they are decoded, turned upright, and encoded anew in three sizes, so
//! that nothing but pixels is left.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::media::MediaType;

/// Longest sides of the forms that are kept, pixels; smaller pictures are not enlarged.
pub const SIZES: [u32; 3] = [160, 640, 1_280];
/// Longest side of what is decoded, pixels.
const SIDE_MAX: u32 = 8_192;
/// Most pixels of what is decoded.
const PIXELS_MAX: u64 = 40_000_000;
/// Most bytes of the decoded picture: 40 megapixels of 4 bytes.
const DECODED_BYTES_MAX: u64 = 4 * PIXELS_MAX;
/// Quality of the JPEGs that are made, of 100.
const QUALITY: u8 = 85;

/// Why a file is rejected; stands in the row and in answers.
pub type Reason = &'static str;

/// The file is of another type than it was said to be.
pub const WRONG_TYPE: Reason = "wrong_type";
/// The file is damaged.
pub const UNDECODABLE: Reason = "undecodable";
/// The picture has too many pixels, or the file too many bytes.
pub const TOO_LARGE: Reason = "too_large";
/// The sound is too long.
pub const TOO_LONG: Reason = "too_long";

/// One form of a picture.
#[derive(Clone, Debug)]
pub struct Form {
    /// Which of [`SIZES`].
    pub size: u32,
    /// Encoded.
    pub bytes: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// A picture that passed.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Type of the forms: `image/jpeg`, or `image/png` where something shines through.
    pub content_type: &'static str,
    /// In the order of [`SIZES`].
    pub forms: Vec<Form>,
}

/// Checks a picture and makes its forms.
///
/// # Errors
/// Why it is rejected.
pub fn process(bytes: &[u8], media_type: MediaType) -> Result<Picture, Reason> {
    let format = match media_type {
        _ if !media_type.begins(bytes) => return Err(WRONG_TYPE),
        MediaType::Jpeg if !is_whole_jpeg(bytes) => return Err(UNDECODABLE),
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::Webp => ImageFormat::WebP,
        _ => return Err(WRONG_TYPE),
    };
    let upright = decode(bytes, format)?;
    let is_opaque = !upright.color().has_alpha();
    let content_type = if is_opaque { "image/jpeg" } else { "image/png" };
    let mut forms = Vec::with_capacity(SIZES.len());
    let mut from = upright;
    for size in SIZES.into_iter().rev() {
        let is_small = from.width() <= size && from.height() <= size;
        if !is_small {
            from = from.resize(size, size, FilterType::Triangle);
        }
        let (width, height) = (from.width(), from.height());
        let bytes = encode(&from, is_opaque)?;
        forms.push(Form {
            size,
            bytes,
            width,
            height,
        });
    }
    forms.reverse();
    Ok(Picture {
        content_type,
        forms,
    })
}

/// The first frame, at most as large as the largest form, upright, in 8 bits.
fn decode(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, Reason> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| reason(&error))?;
    // Only the header was read so far.
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let fits = width <= SIDE_MAX && height <= SIDE_MAX && pixels <= PIXELS_MAX;
    if !fits || decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    let orientation = decoder.orientation().map_err(|error| reason(&error))?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
    let [.., largest] = SIZES;
    // Made small first: turning a large picture would need its memory twice.
    let mut small = match decoded.width().max(decoded.height()) > largest {
        true => decoded.thumbnail(largest, largest),
        false => decoded,
    };
    small.apply_orientation(orientation);
    let see_through = small.color().has_alpha();
    Ok(match see_through {
        true => DynamicImage::ImageRgba8(small.into_rgba8()),
        false => DynamicImage::ImageRgb8(small.into_rgb8()),
    })
}

fn reason(error: &ImageError) -> Reason {
    match error {
        ImageError::Limits(_) => TOO_LARGE,
        _ => UNDECODABLE,
    }
}

fn encode(picture: &DynamicImage, is_opaque: bool) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    let written = match is_opaque {
        true => picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY)),
        false => picture.write_with_encoder(PngEncoder::new(&mut out)),
    };
    written.map(|()| out).map_err(|_| UNDECODABLE)
}

/// Whether a JPEG has its end (ITU-T T.81, annex B): decoders fill up in grey what is missing.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        let (Some(0xff), Some(marker)) = (bytes.get(at), bytes.get(at + 1)) else {
            return false;
        };
        match marker {
            0xff => at += 1,
            0xd9 => return true,
            // Markers without a segment.
            0x01 | 0xd0..=0xd7 => at += 2,
            marker => {
                let (Some(high), Some(low)) = (bytes.get(at + 2), bytes.get(at + 3)) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
                if *marker == 0xda {
                    at = after_scan(bytes, at);
                }
            }
        }
    }
}

/// Where the coded data of a scan ends: before the next marker that is no part of it.
fn after_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        if *byte == 0xff && !matches!(next, Some(0x00 | 0xd0..=0xd7)) {
            return at;
        }
        at += 1;
    }
    at
}
