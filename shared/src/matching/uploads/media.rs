//! Which media are taken, and how large they may be.

use serde::{Deserialize, Serialize};

/// Bytes of one MB in the limits.
const MB: u64 = 1_000_000;
/// Longest sound, seconds.
pub const SOUND_SECONDS_MAX: u64 = 120;

/// A type of media that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// `image/jpeg`; `image/jpg` means the same.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/webp`
    #[serde(rename = "image/webp")]
    Webp,
    /// `audio/mp4`
    #[serde(rename = "audio/mp4")]
    AudioMp4,
    /// `audio/mpeg`
    #[serde(rename = "audio/mpeg")]
    AudioMpeg,
    /// `video/mp4`
    #[serde(rename = "video/mp4")]
    VideoMp4,
    /// `application/pdf`
    #[serde(rename = "application/pdf")]
    Pdf,
}

impl MediaType {
    /// The type of this name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "image/jpeg" | "image/jpg" => Self::Jpeg,
            "image/png" => Self::Png,
            "image/webp" => Self::Webp,
            "audio/mp4" => Self::AudioMp4,
            "audio/mpeg" => Self::AudioMpeg,
            "video/mp4" => Self::VideoMp4,
            "application/pdf" => Self::Pdf,
            _ => return None,
        })
    }

    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::AudioMp4 => "audio/mp4",
            Self::AudioMpeg => "audio/mpeg",
            Self::VideoMp4 => "video/mp4",
            Self::Pdf => "application/pdf",
        }
    }

    /// Whether it is decoded and encoded anew.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// Most bytes.
    pub const fn bytes_max(self) -> u64 {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::AudioMp4 | Self::AudioMpeg => 10 * MB,
            Self::Pdf => 20 * MB,
            Self::VideoMp4 => 100 * MB,
        }
    }

    /// Whether a file of this type can begin so.
    pub fn begins(self, head: &[u8]) -> bool {
        let at = |from: usize, wanted: &[u8]| head.get(from..from + wanted.len()) == Some(wanted);
        match self {
            Self::Jpeg => at(0, b"\xff\xd8\xff"),
            Self::Png => at(0, b"\x89PNG\r\n\x1a\n"),
            Self::Webp => at(0, b"RIFF") && at(8, b"WEBP"),
            Self::AudioMp4 | Self::VideoMp4 => at(4, b"ftyp"),
            Self::AudioMpeg => at(0, b"ID3") || super::sound::is_frame(head),
            Self::Pdf => at(0, b"%PDF-"),
        }
    }
}
