//! What holds whatever a stranger sends: one property per parser that meets strangers.
//!
//! A property takes bytes and panics when it does not hold. `cargo fuzz` runs it with what finds
//! new ways through the parser (`../fuzz_targets/`), `cargo test` with some hundred inputs and with
//! all of `../corpus/` (`tests/properties.rs`).
//!
//! An input that begins with a byte from 1 to 15 is a script of edits to a valid sample of that
//! number, so that inputs get past signatures, brackets and magic numbers; behind a zero byte, and
//! without either, the input is what was sent.

mod calls;
mod event;
mod json;
mod letters;
mod media;
mod names;
mod tokens;

/// A parser, with samples that it takes and what holds of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the target and of its corpus.
    pub name: &'static str,
    samples: fn() -> &'static [Vec<u8>],
    holds: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 14] = [
    tokens::ACCESS_TOKEN,
    tokens::REFRESH_TOKEN,
    tokens::ID_TOKEN,
    tokens::CURSOR,
    tokens::TICKET,
    event::HTTP_REQUEST,
    event::FRAME,
    json::JSON_BODY,
    json::QUERY,
    calls::SESSION_DESCRIPTION,
    calls::CANDIDATE,
    letters::TEXT,
    names::IDENTIFIER,
    media::MEDIA,
];

/// Largest number of a sample.
const SAMPLE_MAX: u8 = 15;
/// Bytes of one edit: what, where (two), how much.
const EDIT_BYTES: usize = 4;
/// What strangers like to insert.
const SNIPPETS: [&str; 16] = [
    "\r\n",
    "\0",
    "\u{202e}",
    "\u{2028}",
    "%00",
    "%ff",
    "\"",
    "<script>",
    "../",
    "{\"a\":",
    "[[[[",
    "\\u0000",
    "999999999999999999999",
    "=",
    "\u{301}",
    " ",
];

impl Target {
    /// Checks the property with an input.
    pub fn run(&self, input: &[u8]) {
        (self.holds)(&self.given(input));
    }

    /// What is sent: the input, or an edited sample.
    fn given(&self, input: &[u8]) -> Vec<u8> {
        match input.split_first() {
            Some((0, rest)) => rest.to_vec(),
            Some((&number @ 1..=SAMPLE_MAX, script)) => {
                let samples = (self.samples)();
                let mut sample = samples[usize::from(number - 1) % samples.len()].clone();
                script
                    .chunks_exact(EDIT_BYTES)
                    .for_each(|edit| edited(&mut sample, edit));
                sample
            }
            _ => input.to_vec(),
        }
    }
}

fn edited(text: &mut Vec<u8>, edit: &[u8]) {
    let &[what, high, low, count] = edit else {
        return;
    };
    let at = usize::from(u16::from_be_bytes([high, low])) % (text.len() + 1);
    let until = (at + usize::from(count)).min(text.len());
    match what % 6 {
        0 if at < text.len() => text[at] = count,
        0 | 1 => text.insert(at, count),
        2 => drop(text.drain(at..until)),
        3 => text.truncate(at),
        4 => {
            let again = text[at..until].to_vec();
            text.splice(at..at, again);
        }
        _ => {
            let snippet = SNIPPETS[usize::from(count) % SNIPPETS.len()];
            text.splice(at..at, snippet.bytes());
        }
    }
}

/// The target of a name.
///
/// # Panics
/// When there is none.
pub fn target(name: &str) -> Target {
    let found = TARGETS.into_iter().find(|target| target.name == name);
    found.expect("a target")
}
