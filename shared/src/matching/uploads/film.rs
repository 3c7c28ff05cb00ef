//! MP4 (ISO/IEC 14496-12): the box `moov` tells length, tracks and size of a film or sound. Only
//! the heads of the boxes before it and itself are read.

/// Bytes of a box's head that are read: size, type, large size.
pub const HEAD_BYTES: usize = 16;
/// Boxes of the file that are looked at.
pub const BOXES_MAX: usize = 64;
/// Largest `moov` that is read, bytes.
pub const MOVIE_BYTES_MAX: u64 = 4_000_000;

/// A box by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    /// Four letters.
    pub kind: [u8; 4],
    /// Bytes with the head; 0 means up to the end.
    pub size: u64,
    /// Bytes of the head.
    pub head: usize,
}

/// What `moov` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Movie {
    /// Length in milliseconds; 0 when the file does not say.
    pub length_ms: u64,
    /// Whether there is a track of sound.
    pub sound: bool,
    /// Whether there is a track of pictures.
    pub pictures: bool,
    /// Size of the pictures, pixels.
    pub size: Option<(u32, u32)>,
}

fn number(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(count)?)?;
    Some(part.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Reads the head of a box.
pub fn atom(bytes: &[u8]) -> Option<Atom> {
    let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let (size, head) = match number(bytes, 0, 4)? {
        1 => (number(bytes, 8, 8)?, 16),
        size => (size, 8),
    };
    (size == 0 || size >= head as u64).then_some(Atom { kind, size, head })
}

/// The boxes inside a box, each with its content.
fn inside(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let found = atom(rest)?;
        let size = match usize::try_from(found.size).ok()? {
            0 => rest.len(),
            size => size.min(rest.len()),
        };
        let (this, next) = rest.split_at_checked(size)?;
        rest = next;
        Some((found.kind, this.get(found.head..)?))
    })
}

fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    inside(bytes)
        .find(|(found, _)| found == kind)
        .map(|(_, content)| content)
}

/// Reads the content of `moov`; `None` when it is damaged.
pub fn movie(moov: &[u8]) -> Option<Movie> {
    let head = find(moov, b"mvhd")?;
    let (scale, length) = match head.first()? {
        1 => (number(head, 20, 4)?, number(head, 24, 8)?),
        _ => (number(head, 12, 4)?, number(head, 16, 4)?),
    };
    let mut movie = Movie {
        length_ms: length.checked_mul(1_000)?.checked_div(scale)?,
        ..Movie::default()
    };
    for (_, track) in inside(moov).filter(|(kind, _)| kind == b"trak") {
        let handler = find(track, b"mdia").and_then(|media| find(media, b"hdlr"));
        match handler.and_then(|handler| handler.get(8..12)) {
            Some(b"soun") => movie.sound = true,
            Some(b"vide") => {
                movie.pictures = true;
                movie.size = movie.size.or_else(|| size(find(track, b"tkhd")?));
            }
            _ => {}
        }
    }
    Some(movie)
}

/// Width and height of a track: the last eight bytes of its head, 16.16 fixed.
fn size(head: &[u8]) -> Option<(u32, u32)> {
    let at = head.len().checked_sub(8)?;
    let side = |at: usize| u32::try_from(number(head, at, 4)? >> 16).ok();
    let (width, height) = (side(at)?, side(at + 4)?);
    (width > 0 && height > 0).then_some((width, height))
}
