//! Text that people write: normalised, free of markup, measured in what a reader calls characters.

mod clean;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

pub use clean::plain;

/// Most code points in one grapheme cluster; the rest of a cluster is dropped.
pub const CLUSTER_POINTS_MAX: usize = 8;
/// Most grapheme clusters in a preview.
pub const PREVIEW_CHARS_MAX: usize = 100;
/// Most bytes in a preview.
pub const PREVIEW_BYTES_MAX: usize = 160;
/// Most bytes in an e-mail address (RFC 5321, 4.5.3.1.3 without the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Most bytes before the `@` (RFC 5321, 4.5.3.1.1).
pub const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// Most characters in a file name.
pub const FILE_NAME_CHARS_MAX: usize = 128;
/// Most characters in a URL.
pub const URL_CHARS_MAX: usize = 2_048;

const EXTENSION_CHARS_MAX: usize = 16;
const LABEL_BYTES_MAX: usize = 63;

/// A name on one line, cleaned like [`plain`] and without outer white space; `None` when it holds
/// characters that override or isolate the direction of writing (UAX #9).
pub fn name(text: &str) -> Option<String> {
    if text.chars().any(turns_direction) {
        return None;
    }
    // Before cleaning: a mark after a line break would otherwise join the space afterwards.
    Some(plain(&one_line(text)).trim().to_owned())
}

/// Percent-encoding of everything but the unreserved characters (RFC 3986 §2.3).
pub fn escape_uri(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// How many characters a reader sees: extended grapheme clusters (UAX #29).
pub fn graphemes(text: &str) -> usize {
    // A printable ASCII text has one cluster per byte.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.len();
    }
    text.graphemes(true).count()
}

/// The start of a text on one line: whole clusters, at most 100 of them and 160 bytes.
pub fn preview(text: &str) -> String {
    let mut preview = String::new();
    for cluster in one_line(text).graphemes(true).take(PREVIEW_CHARS_MAX) {
        if preview.len() + cluster.len() > PREVIEW_BYTES_MAX {
            break;
        }
        preview.push_str(cluster);
    }
    preview
}

/// The form in which an e-mail address is looked up: NFC, lower case, no outer white space.
pub fn fold_email(email: &str) -> String {
    // Per character, so that a final sigma folds like every other; no compatibility mapping,
    // which would let a look-alike address find somebody else's account.
    email
        .trim()
        .nfc()
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// Full case folding as near as case mappings come to it: ß and ẞ are ss, final sigma is sigma.
pub fn fold_case(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    // In lower case first: ẞ is its own upper case, and only ß becomes SS.
    let lower = text.flat_map(char::to_lowercase);
    let upper = lower.flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase)
}

/// The form in which a name is looked up: lower case, without accents, one space between words.
pub fn fold_name(name: &str) -> String {
    let bare = name.nfkd().filter(|c| !is_combining_mark(*c));
    let folded: String = fold_case(bare).nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether this can be the address of a mailbox: the shape only, not RFC 5322 in full.
pub fn is_email(email: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || turns_direction(c);
    if email.len() > EMAIL_BYTES_MAX || email.chars().any(bad) {
        return false;
    }
    let Some((local, domain)) = email.split_once('@') else {
        return false;
    };
    is_local(local) && domain.contains('.') && domain.split('.').all(is_label)
}

fn is_local(local: &str) -> bool {
    let quoting = |c: char| matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']');
    (1..=EMAIL_LOCAL_BYTES_MAX).contains(&local.len())
        && !local.split('.').any(str::is_empty)
        && !local.chars().any(|c| quoting(c) || c == '\\')
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c == '-' || c.is_alphanumeric())
}

/// A file name reduced to `[A-Za-z0-9._-]`, without leading dot, 1–128 characters; a long one
/// keeps its extension, one of which nothing is left becomes `file`.
pub fn file_name(name: &str) -> String {
    let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let kept: String = name.chars().filter(safe).collect();
    let kept = kept.trim_start_matches('.');
    if kept.is_empty() {
        return "file".to_owned();
    }
    if kept.len() <= FILE_NAME_CHARS_MAX {
        return kept.to_owned();
    }
    let extension = match kept.rfind('.') {
        Some(dot) if kept.len() - dot <= EXTENSION_CHARS_MAX => kept.get(dot..).unwrap_or(""),
        _ => "",
    };
    let stem = kept
        .get(..FILE_NAME_CHARS_MAX - extension.len())
        .unwrap_or("file");
    format!("{stem}{extension}")
}

/// Whether this is an absolute `https` URL (RFC 3986) without user info, at most 2,048 characters.
pub fn is_https_url(url: &str) -> bool {
    let bad = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || turns_direction(c)
            || matches!(c, '\\' | '<' | '>' | '"' | '`' | '^' | '{' | '|' | '}')
    };
    if url.chars().count() > URL_CHARS_MAX || url.chars().any(bad) {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    scheme.eq_ignore_ascii_case("https") && is_authority(authority)
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if !port.is_none_or(|port| digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return false;
    }
    match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        // A user info would need an `@`, which no label may hold.
        None => host.len() <= 253 && host.is_ascii() && host.split('.').all(is_label),
    }
}

/// Line and paragraph breaks of every kind as one space each.
fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace(breaks, " "))
}

/// Embeddings, overrides and isolates of UAX #9; the plain direction marks are harmless.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
