//! The detectors as data: a table of phrases per rule, each with its locale, and per rule what
//! follows from it. The tables are the text files beside this one; [`rows`] reads them.

use super::item::{Finding, Severity};
use super::look::{Hit, Outcome, When};

/// The tables.
const TABLES: [&str; 2] = [include_str!("terms.txt"), include_str!("payments.txt")];

/// Whose language a phrase is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// English.
    En,
    /// German.
    De,
    /// Spanish.
    Es,
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

impl Rule {
    const fn new(name: &'static str, outcome: Outcome, severity: Severity) -> Self {
        let when = When::Always;
        Self {
            name,
            outcome,
            severity,
            when,
        }
    }

    /// Counts only while the account is younger than 72 hours.
    const fn of_the_young(self) -> Self {
        let when = When::Young;
        Self { when, ..self }
    }

    /// What it says when something is found.
    pub const fn hit(&self) -> Hit {
        Hit {
            finding: Finding {
                rule: self.name,
                severity: self.severity,
            },
            outcome: self.outcome,
            when: self.when,
        }
    }
}

/// Threats of violence.
pub static THREAT: Rule = Rule::new("threat", Outcome::Reject, Severity::Danger);
/// Telling somebody to harm themselves.
pub static SELF_HARM: Rule = Rule::new("self_harm", Outcome::Reject, Severity::Danger);
/// Sexual interest in minors.
pub static MINORS: Rule = Rule::new("minors", Outcome::Reject, Severity::Danger);
/// Sale of drugs, weapons and forged papers.
pub static ILLEGAL_SALE: Rule = Rule::new("illegal_sale", Outcome::Reject, Severity::Scam);
/// Requests for money.
pub static PAYMENT: Rule =
    Rule::new("payment_request", Outcome::Hold, Severity::Scam).of_the_young();
/// Telephone numbers.
pub static PHONE: Rule = Rule::new("phone_number", Outcome::Flag, Severity::Review).of_the_young();
/// Links that promise something or pretend to be another.
pub static SPAM_LINK: Rule = Rule::new("spam_link", Outcome::Hold, Severity::Spam);
/// Links that hide where they lead, or lead to another messenger.
pub static DOOR_LINK: Rule = Rule::new("spam_link", Outcome::Flag, Severity::Spam);
/// The same text to many new people.
pub static COPY_PASTE: Rule = Rule::new("copy_paste", Outcome::Flag, Severity::Spam);
/// Media from senders with low trust.
pub static UNTRUSTED_MEDIA: Rule = Rule::new("untrusted_media", Outcome::Hold, Severity::Review);

/// Rules that have a table of phrases.
const WITH_PHRASES: [&Rule; 5] = [&THREAT, &SELF_HARM, &MINORS, &ILLEGAL_SALE, &PAYMENT];

/// A phrase of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Language.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tells readers of a table; a test counts by it")
    )]
    pub locale: Locale,
    /// The rule that it belongs to.
    pub rule: &'static Rule,
    /// Most other words between two words of it.
    pub gap: usize,
    /// What may stand at each place.
    pub places: Vec<Vec<&'static str>>,
    /// Words that make it harmless.
    pub unless: Vec<&'static str>,
}

/// All phrases. A line that is none is left out; a test says that there is no such line.
pub fn rows() -> Vec<Row> {
    TABLES.iter().flat_map(|table| table_of(table)).collect()
}

fn table_of(text: &'static str) -> Vec<Row> {
    let mut lists: Vec<(&str, Vec<&'static str>)> = Vec::new();
    let mut rows = Vec::new();
    for entry in entries(text) {
        match entry.split_once(": ").filter(|_| !entry.contains('|')) {
            Some((name, words)) => lists.push((name, words.split_whitespace().collect())),
            None => rows.extend(row_of(entry, &lists)),
        }
    }
    rows
}

/// The entries of a table: a line and the indented ones after it.
fn entries(text: &'static str) -> Vec<&'static str> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        match (line.starts_with("    "), found.last_mut()) {
            (true, Some(last)) => last.1 = end,
            _ if line.starts_with('#') || line.trim().is_empty() => {}
            _ => found.push((at, end)),
        }
        at = end;
    }
    let entry = |(from, to): (usize, usize)| text.get(from..to).unwrap_or_default().trim();
    found.into_iter().map(entry).collect()
}

fn row_of(entry: &'static str, lists: &[(&str, Vec<&'static str>)]) -> Option<Row> {
    let mut parts = entry.split('|').map(str::trim);
    let mut head = parts.next()?.split_whitespace();
    let name = head.next()?;
    let rule = WITH_PHRASES.into_iter().find(|rule| rule.name == name)?;
    let locale = match head.next()? {
        "en" => Locale::En,
        "de" => Locale::De,
        "es" => Locale::Es,
        _ => return None,
    };
    let gap = head.next()?.parse().ok()?;
    let places = parts.next()?.split('/').map(|place| words_of(place, lists));
    let places = places.collect::<Option<Vec<_>>>()?;
    let unless = parts.next().map_or(Some(Vec::new()), |rest| {
        words_of(rest.strip_prefix("unless")?, lists)
    })?;
    Some(Row {
        locale,
        rule,
        gap,
        places,
        unless,
    })
}

/// The words of a place; none when it names a list that does not exist.
fn words_of(place: &'static str, lists: &[(&str, Vec<&'static str>)]) -> Option<Vec<&'static str>> {
    let mut words = Vec::new();
    for word in place.split_whitespace() {
        match word
            .strip_prefix('{')
            .and_then(|word| word.strip_suffix('}'))
        {
            Some(name) => {
                let (_, list) = lists.iter().find(|(known, _)| *known == name)?;
                words.extend(list);
            }
            None => words.push(word),
        }
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_a_list_or_a_phrase() {
        for table in TABLES {
            let phrases = entries(table)
                .iter()
                .filter(|entry| entry.contains('|'))
                .count();
            assert_eq!(table_of(table).len(), phrases);
            assert!(phrases > 50);
        }
        let rows = rows();
        for rule in WITH_PHRASES {
            for locale in [Locale::En, Locale::De, Locale::Es] {
                let own = |row: &&Row| row.rule == rule && row.locale == locale;
                assert!(rows.iter().any(|row| own(&row)), "{} {locale:?}", rule.name);
            }
        }
    }
}
