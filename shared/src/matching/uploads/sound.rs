//! MPEG audio (ISO 11172-3 and 13818-3): its frames tell how long it is.

/// Bits per second in thousands of layer III, by the index in the header: version 1, then 2.
const RATES: [[u64; 16]; 2] = [
    [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0,
    ],
    [
        0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0,
    ],
];
/// Samples per second by the index in the header, of version 1.
const SAMPLES: [u64; 4] = [44_100, 48_000, 32_000, 0];

/// One frame: its bytes, and its length in microseconds.
struct Frame {
    bytes: usize,
    micros: u64,
}

fn frame(head: &[u8]) -> Option<Frame> {
    let [0xff, second, third, ..] = head else {
        return None;
    };
    // Eleven bits of sync, version (bits 4–3) and layer (bits 2–1): only layer III is MP3.
    let (sync, version, layer) = (second >> 5, second >> 3 & 3, second >> 1 & 3);
    if sync != 7 || version == 1 || layer != 1 {
        return None;
    }
    let is_first = version == 3;
    let rates = RATES.get(usize::from(!is_first))?;
    let rate = *rates.get(usize::from(third >> 4))?;
    let samples = *SAMPLES.get(usize::from(third >> 2 & 3))?;
    // Version 2 halves the rate of samples, 2.5 quarters it.
    let samples = samples
        >> match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
    if rate == 0 || samples == 0 {
        return None;
    }
    let per_frame = if is_first { 1_152 } else { 576 };
    let padding = u64::from(third >> 1 & 1);
    let bytes = per_frame / 8 * rate * 1_000 / samples + padding;
    Some(Frame {
        bytes: usize::try_from(bytes).ok()?,
        micros: per_frame * 1_000_000 / samples,
    })
}

/// Whether the bytes begin with a frame.
pub fn is_frame(head: &[u8]) -> bool {
    frame(head).is_some()
}

/// Length of a file in milliseconds; `None` when it holds no frames.
pub fn length_ms(bytes: &[u8]) -> Option<u64> {
    let mut at = tag_bytes(bytes);
    let (mut frames, mut micros) = (0, 0);
    while let Some(found) = bytes.get(at..).and_then(frame) {
        at += found.bytes.max(1);
        frames += 1;
        micros += found.micros;
    }
    (frames > 0).then_some(micros / 1_000)
}

/// Bytes of an ID3v2 tag at the beginning: ten, and the size in four times seven bits.
fn tag_bytes(bytes: &[u8]) -> usize {
    match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            let part = |byte: &u8| usize::from(byte & 0x7f);
            10 + (part(a) << 21 | part(b) << 14 | part(c) << 7 | part(d))
        }
        _ => 0,
    }
}
