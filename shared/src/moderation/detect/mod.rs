//! A text read once: what it says, which links and which numbers are in it.

mod links;
mod normal;
mod phones;
mod words;

use std::sync::LazyLock;

use super::look::Hit;
use super::rules::{DOOR_LINK, PHONE, Rule, SPAM_LINK, rows};
use links::{PUSHES, Wrong, links};
use normal::fold;
use words::{Book, Phrase, Words};

/// The phrases of all tables, and after them the words that urge to follow a link.
struct Phrases {
    book: Book,
    rules: Vec<&'static Rule>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let rows = rows();
    let rules = rows.iter().map(|row| row.rule).collect();
    let phrases = rows.into_iter().map(|row| Phrase {
        places: row.places,
        gap: row.gap,
        unless: row.unless,
    });
    let push = Phrase {
        places: vec![PUSHES.split_whitespace().collect()],
        gap: 0,
        unless: Vec::new(),
    };
    let phrases: Vec<Phrase> = phrases.chain([push]).collect();
    Phrases {
        book: Book::of(&phrases),
        rules,
    }
});

/// What is in a text.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What rules say, each at most once.
    pub hits: Vec<Hit>,
    /// Addresses of the web that are not those everybody shares, host and path.
    pub links: Vec<String>,
    /// Whether there is any address of the web.
    pub has_link: bool,
    /// The words as they are compared with those of other texts.
    pub said: String,
}

/// Reads a text. Linear in its length.
pub fn detect(text: &str) -> Found {
    let text = fold(text);
    let words = Words::of(&text, &PHRASES.book);
    let phrases = PHRASES.book.find(&words);
    let mut rules: Vec<&'static Rule> = Vec::new();
    let mut pushed = false;
    for phrase in phrases {
        match PHRASES.rules.get(phrase) {
            Some(rule) => rules.push(rule),
            None => pushed = true,
        }
    }
    let links = links(&text);
    for link in &links {
        match link.wrong(pushed) {
            Some(Wrong::Lure) => rules.push(&SPAM_LINK),
            Some(Wrong::Door) => rules.push(&DOOR_LINK),
            None => {}
        }
    }
    if phones::has_phone(&text) {
        rules.push(&PHONE);
    }
    let strange = links.iter().filter(|link| !link.is_friendly());
    Found {
        hits: hits(&rules),
        links: strange
            .map(|link| format!("{}{}", link.host, link.path))
            .collect(),
        has_link: !links.is_empty(),
        said: words.joined(),
    }
}

/// One hit per rule, with its gravest outcome.
fn hits(rules: &[&'static Rule]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for hit in rules.iter().map(|rule| rule.hit()) {
        match hits.iter_mut().find(|known| known.finding == hit.finding) {
            Some(known) => known.outcome = known.outcome.max(hit.outcome),
            None => hits.push(hit),
        }
    }
    hits
}
