//! Marks: values that must not turn up somewhere, in any spelling that a program would give them.

use shared::crypto::{encode, hex};
use shared::text::escape_uri;

/// Values to look for, each with what it is.
#[derive(Clone, Debug, Default)]
pub struct Marks(Vec<(String, Vec<String>)>);

impl Marks {
    /// Looks for one more value.
    pub fn add(&mut self, what: &str, value: &str) {
        assert!(
            value.len() >= 8,
            "{what} is too short to be told from others"
        );
        self.0.push((what.to_owned(), spellings(value)));
    }

    /// What stands in a text.
    pub fn in_text(&self, text: &str) -> Vec<&str> {
        let text = text.to_lowercase().replace('+', "-");
        let is_there = |spelled: &String| stands(&text, spelled);
        let found = self.0.iter().filter(|(_, all)| all.iter().any(is_there));
        found.map(|(what, _)| what.as_str()).collect()
    }

    /// Nothing stands in a text.
    #[track_caller]
    pub fn are_not_in(&self, place: &str, text: &str) {
        let found = self.in_text(text);
        let lines = text.lines().filter(|line| !self.in_text(line).is_empty());
        let first: Vec<String> = lines
            .take(3)
            .map(|line| line.chars().take(600).collect())
            .collect();
        assert!(found.is_empty(), "{found:?} in {place}: {first:#?}");
    }
}

/// A number counts as itself and not as part of a longer one.
fn stands(text: &str, spelled: &str) -> bool {
    let is_number = spelled.bytes().all(|b| b.is_ascii_digit());
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(spelled).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + spelled.len()..]);
        !is_number || !(digit(before.chars().next_back()) || digit(after.chars().next()))
    })
}

/// As it is, escaped in an address, in hex, and in base64 wherever it begins; in lower case, which
/// loses nothing that a chance would find.
fn spellings(value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned(), escape_uri(value), hex(value.as_bytes())];
    for before in 0..3 {
        let whole = encode(&[&vec![0; before][..], value.as_bytes()].concat());
        // Characters that hold nothing but bits of the value.
        let (first, last) = ((before * 8).div_ceil(6), (before + value.len()) * 8 / 6);
        all.push(whole[first..last].to_owned());
    }
    let lower = |spelled: String| spelled.to_lowercase().replace('+', "-");
    all.into_iter().map(lower).collect()
}

#[test]
fn a_mark_is_found_however_it_is_spelled_and_nowhere_else() {
    let mut marks = Marks::default();
    marks.add("text", "Quiet Harbour/21");
    marks.add("code", "12345678");
    for (place, text) in [
        ("plain", "so: Quiet Harbour/21!".to_owned()),
        ("lower case", "quiet harbour/21".to_owned()),
        ("address", "?q=Quiet%20Harbour%2F21&x".to_owned()),
        ("hex", hex(b"xQuiet Harbour/21y")),
        ("base64", encode(b"{\"a\":\"Quiet Harbour/21\"}")),
        ("base64, one on", encode(b"x{\"a\":\"Quiet Harbour/21\"}")),
        ("base64, two on", encode(b"xx{\"a\":\"Quiet Harbour/21\"}")),
    ] {
        assert_eq!(marks.in_text(&text), ["text"], "{place}");
    }
    assert_eq!(marks.in_text("code 12345678."), ["code"]);
    for clean in ["", "Quiet Harbour 21", "1712345678000", "123456789"] {
        assert!(marks.in_text(clean).is_empty(), "{clean}");
    }
}

#[test]
fn a_leak_into_the_log_is_found() {
    let journal = world::Journal::open();
    let mut marks = Marks::default();
    marks.add("address", "ann.mark@pairly.test");
    let found = || marks.in_text(&journal.text()).len();
    tracing::error!(target: "failure", exception = "connection lost", "failed");
    assert_eq!((found(), journal.text().lines().count()), (0, 1));
    let read: Result<i64, _> = serde_json::from_str("\"ann.mark@pairly.test\"");
    let cause = read.expect_err("no number");
    tracing::error!(target: "failure", exception = %cause, "failed");
    assert_eq!(found(), 1, "a reader's own words repeat what it read");
    let error = shared::error::INTERNAL_ERROR.because(cause);
    assert!(
        marks.in_text(&error.to_string()).is_empty(),
        "a cause does not"
    );
}
