//! What detectors make of a message.

use super::detect::{Found, detect};
use super::item::Finding;
use super::rules::{COPY_PASTE, Rule, UNTRUSTED_MEDIA};
use crate::crypto::{sha256, take};
use crate::time::HOUR_MS;

/// Accounts younger than this are new: 72 hours.
pub const YOUNG_MS: i64 = 72 * HOUR_MS;
/// Senders below this trust have their media held.
const TRUST_MEDIA: i64 = 20;
/// New contacts of an hour that may get the same text.
const COPIES_MAX: usize = 5;

/// What happens to a message, from the mildest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing.
    #[default]
    Allow,
    /// It is delivered, and somebody looks at it.
    Flag,
    /// Somebody looks at it before it is delivered.
    Hold,
    /// It is not taken.
    Reject,
}

/// When a match counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// From accounts younger than 72 hours.
    Young,
}

/// A pattern that was found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Why.
    pub finding: Finding,
    /// What follows.
    pub outcome: Outcome,
    /// When it counts.
    pub when: When,
}

/// What the text alone tells.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What was found, each rule at most once per outcome.
    pub hits: Vec<Hit>,
    /// Whether something in it may be an address of the web.
    pub has_link: bool,
    /// Short hash of the text as it is compared with others.
    pub digest: [u8; 2],
}

/// What is known of the sender, as far as the text or its media ask for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Age of the account, milliseconds.
    pub age_ms: Option<i64>,
    /// Trust, 0–100.
    pub trust: Option<i64>,
    /// Whether media are attached.
    pub has_media: bool,
}

/// What happens to a message, and why.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The gravest outcome.
    pub outcome: Outcome,
    /// The reasons, the gravest first.
    pub findings: Vec<Finding>,
}

impl Look {
    /// Whether it matters how old the sender's account is.
    pub fn asks_age(&self) -> bool {
        self.hits.iter().any(|hit| hit.when == When::Young)
    }

    /// What happens to the message. `copies` counts the new contacts of the last hour that got
    /// the same text, this one included.
    pub fn verdict(&self, known: Known, copies: usize) -> Verdict {
        let is_young = known.age_ms.is_none_or(|age| age < YOUNG_MS);
        let counts = |hit: &&Hit| hit.when == When::Always || is_young;
        let mut hits: Vec<Hit> = self.hits.iter().filter(counts).copied().collect();
        let mut add = |rule: &Rule| hits.push(rule.hit());
        if copies > COPIES_MAX {
            add(&COPY_PASTE);
        }
        if known.has_media && known.trust.is_none_or(|trust| trust < TRUST_MEDIA) {
            add(&UNTRUSTED_MEDIA);
        }
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.outcome));
        Verdict {
            outcome: hits.first().map_or(Outcome::Allow, |hit| hit.outcome),
            findings: hits.iter().map(|hit| hit.finding).collect(),
        }
    }
}

/// Reads a text once.
pub fn look(text: &str) -> Look {
    let Found {
        hits,
        has_link,
        said,
        ..
    } = detect(text);
    // Signs and pictures alone are no words; then they are compared as they are.
    let compared = if said.is_empty() { text } else { &said };
    Look {
        hits,
        has_link,
        digest: take(&sha256(&[compared.as_bytes()])),
    }
}
