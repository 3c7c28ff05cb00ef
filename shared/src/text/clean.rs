//! The way to plain text: each step is linear, the whole is repeated until nothing changes.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::CLUSTER_POINTS_MAX;

/// Texts of people are stable after two rounds; more are only needed by who builds them for it.
const ROUNDS_MAX: usize = 8;
/// Elements that vanish with their content.
const ELEMENTS: [&str; 2] = ["script", "style"];

/// User text as plain text: NFC, no control characters except line feed, no markup, at most eight
/// code points per grapheme cluster. Idempotent; time is linear in the length.
pub fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS_MAX {
        let next = round(&text);
        if next == text {
            return text;
        }
        text = next;
    }
    // Only nesting made to outlast the rounds comes here. Without `<` there is no markup left to
    // find, and normalising what was shortened never lengthens a cluster again.
    let text: String = text.chars().filter(|c| *c != '<').collect();
    let text: String = shorten_clusters(&text.nfc().collect::<String>())
        .nfc()
        .collect();
    shorten_clusters(&text)
}

fn round(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .nfc()
        .collect();
    // Only `<` and `>` together make markup.
    if !(text.contains('<') && text.contains('>')) {
        return shorten_clusters(&text);
    }
    shorten_clusters(&without_tags(&without_elements(text)))
}

/// Removes script and style elements, also those that only appear when others are gone.
fn without_elements(mut text: String) -> String {
    for _ in 0..ROUNDS_MAX {
        let next = ELEMENTS
            .iter()
            .fold(text.clone(), |text, name| without_element(&text, name));
        if next.len() == text.len() {
            break;
        }
        text = next;
    }
    text
}

fn without_element(text: &str, name: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, inner)) = find_tag(rest, "<", name) {
        // An element without end is no element: its tag is removed with the other markup.
        let Some((_, end)) = find_tag(rest.get(inner..).unwrap_or(""), "</", name) else {
            break;
        };
        kept.push_str(rest.get(..start).unwrap_or(""));
        rest = rest.get(inner + end..).unwrap_or("");
    }
    kept.push_str(rest);
    kept
}

/// Where the first tag of this name starts and where the text behind it starts.
fn find_tag(text: &str, opening: &str, name: &str) -> Option<(usize, usize)> {
    for (start, _) in text.match_indices(opening) {
        let from = start + opening.len();
        let Some(found) = text.get(from..from + name.len()) else {
            continue;
        };
        if !found.eq_ignore_ascii_case(name) {
            continue;
        }
        let behind = text.get(from + name.len()..).unwrap_or("");
        if behind.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace()) {
            let close = behind.find('>')?;
            return Some((start, from + name.len() + close + 1));
        }
    }
    None
}

/// Removes `<` followed by a letter, `/`, `!` or `?`, up to the next `>`, also where only the
/// removal of other markup brought the two together.
fn without_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut open = None;
    let mut after_angle = false;
    for c in text.chars() {
        if c == '>'
            && let Some(start) = open.take()
        {
            kept.truncate(start);
            after_angle = kept.ends_with('<');
            continue;
        }
        if open.is_none() && after_angle && (c.is_alphabetic() || matches!(c, '/' | '!' | '?')) {
            open = Some(kept.len() - '<'.len_utf8());
        }
        kept.push(c);
        after_angle = c == '<';
    }
    kept
}

/// Drops what a cluster holds beyond eight code points.
fn shorten_clusters(text: &str) -> String {
    // A code point above U+02FF is part of every cluster that is longer than two.
    if text.chars().all(|c| c < '\u{300}') {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    // Start and size of the last cluster that was kept. Its end may have been dropped, and then
    // what follows can join it, so that the bound is kept on the result and not on the input.
    let (mut start, mut points) = (0, 0);
    let mut shortened = false;
    for cluster in text.graphemes(true) {
        let joins = shortened && joins(kept.get(start..).unwrap_or(""), cluster);
        if !joins {
            (start, points, shortened) = (kept.len(), 0, false);
        }
        for c in cluster.chars() {
            if points == CLUSTER_POINTS_MAX {
                shortened = true;
                break;
            }
            kept.push(c);
            points += 1;
        }
    }
    kept
}

/// Whether the next cluster's first character belongs to the last cluster.
fn joins(last: &str, next: &str) -> bool {
    let mut both = last.to_owned();
    both.extend(next.chars().next());
    both.graphemes(true).nth(1).is_none()
}
