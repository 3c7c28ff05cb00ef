//! The detectors as data: per rule a table of phrases with outcome and locale.
//!
//! Notation of a phrase: words apart by spaces, spellings of one word by `|`, `…*` with any
//! ending, `=…` without misspellings, `#` any number. Case, accents, look-alike letters, digits
//! for letters and letters kept apart are undone before, so tables hold plain lower case.

mod payments;
mod terms;

pub use payments::PAYMENTS;
pub use terms::TERMS;

use super::item::Severity;
use super::look::{Outcome, When};

/// Whose language a phrase is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// English.
    En,
    /// German.
    De,
    /// Spanish.
    Es,
    /// Any.
    Any,
}

/// A rule: what it is called on the wire, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name in `CONTENT_REJECTED` and in the reasons of queue items.
    pub name: &'static str,
    /// What follows.
    pub outcome: Outcome,
    /// How urgently somebody has to look.
    pub severity: Severity,
    /// When it counts.
    pub when: When,
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Language.
    pub locale: Locale,
    /// The rule that it belongs to.
    pub rule: &'static Rule,
    /// Most other words between two words of the phrase.
    pub gap: usize,
    /// The phrase.
    pub words: &'static str,
    /// Words that make it harmless.
    pub unless: &'static str,
}

const fn rule(name: &'static str, outcome: Outcome, severity: Severity, when: When) -> Rule {
    Rule {
        name,
        outcome,
        severity,
        when,
    }
}

/// Threats of violence.
pub const THREAT: Rule = rule("threat", Outcome::Reject, Severity::Danger, When::Always);
/// Telling somebody to harm themselves.
pub const SELF_HARM: Rule = rule("self_harm", Outcome::Reject, Severity::Danger, When::Always);
/// Sexual interest in minors.
pub const MINORS: Rule = rule("minors", Outcome::Reject, Severity::Danger, When::Always);
/// Sale of drugs and weapons.
pub const ILLEGAL_SALE: Rule = rule(
    "illegal_sale",
    Outcome::Reject,
    Severity::Scam,
    When::Always,
);
/// Requests for money from new accounts.
pub const PAYMENT: Rule = rule(
    "payment_request",
    Outcome::Hold,
    Severity::Scam,
    When::Young,
);
/// Telephone numbers from new accounts.
pub const PHONE: Rule = rule(
    "phone_number",
    Outcome::Flag,
    Severity::Review,
    When::Young,
);
/// Links that promise something or pretend to be another.
pub const SPAM_LINK: Rule = rule("spam_link", Outcome::Hold, Severity::Spam, When::Always);
/// Links that hide where they lead, or lead to another messenger.
pub const DOOR_LINK: Rule = rule("spam_link", Outcome::Flag, Severity::Spam, When::Always);
/// The same text to many new people.
pub const COPY_PASTE: Rule = rule("copy_paste", Outcome::Flag, Severity::Spam, When::Always);
/// Media from senders with low trust.
pub const UNTRUSTED_MEDIA: Rule = rule(
    "untrusted_media",
    Outcome::Hold,
    Severity::Review,
    When::Always,
);

/// The rules of the contract and the names under which each reports.
pub const DETECTORS: [(&str, &[&Rule]); 6] = [
    ("banned_terms", &[&THREAT, &SELF_HARM, &MINORS, &ILLEGAL_SALE]),
    ("spam_links", &[&SPAM_LINK, &DOOR_LINK]),
    ("phone_numbers", &[&PHONE]),
    ("payment_requests", &[&PAYMENT]),
    ("copy_paste", &[&COPY_PASTE]),
    ("untrusted_media", &[&UNTRUSTED_MEDIA]),
];
