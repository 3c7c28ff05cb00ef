//! What the detectors find in the fixtures, what follows from it, and how long it takes.
//!
//! `<rule>.tsv` was there while the tables were written; `<rule>.held.tsv` was written afterwards,
//! `<rule>.unseen.tsv` later still, by somebody who had not read the tables.

use std::collections::BTreeMap;

use super::rules::Rule;
use super::*;
use crate::time::{HOUR_MS, Time};

const NOW: Time = Time(1_790_000_000_000);

/// Rules of the contract that read texts: name, fixtures, the rules that report for it.
const TEXTS: [(&str, [&str; 3], &[&Rule]); 4] = [
    (
        "banned_terms",
        [
            include_str!("fixtures/banned_terms.tsv"),
            include_str!("fixtures/banned_terms.held.tsv"),
            include_str!("fixtures/banned_terms.unseen.tsv"),
        ],
        &[
            &rules::THREAT,
            &rules::SELF_HARM,
            &rules::MINORS,
            &rules::ILLEGAL_SALE,
        ],
    ),
    (
        "spam_links",
        [
            include_str!("fixtures/spam_links.tsv"),
            include_str!("fixtures/spam_links.held.tsv"),
            include_str!("fixtures/spam_links.unseen.tsv"),
        ],
        &[&rules::SPAM_LINK, &rules::DOOR_LINK],
    ),
    (
        "phone_numbers",
        [
            include_str!("fixtures/phone_numbers.tsv"),
            include_str!("fixtures/phone_numbers.held.tsv"),
            include_str!("fixtures/phone_numbers.unseen.tsv"),
        ],
        &[&rules::PHONE],
    ),
    (
        "payment_requests",
        [
            include_str!("fixtures/payment_requests.tsv"),
            include_str!("fixtures/payment_requests.held.tsv"),
            include_str!("fixtures/payment_requests.unseen.tsv"),
        ],
        &[&rules::PAYMENT],
    ),
];

/// Hits and examples, wanted and unwanted.
#[derive(Default)]
struct Score {
    found: usize,
    wanted: usize,
    wrong: usize,
    unwanted: usize,
}

impl Score {
    fn recall(&self) -> f64 {
        self.found as f64 / self.wanted.max(1) as f64
    }

    fn false_positives(&self) -> f64 {
        self.wrong as f64 / self.unwanted.max(1) as f64
    }
}

fn is_found(text: &str, rules: &[&Rule]) -> bool {
    let named = |hit: &Hit| rules.iter().any(|rule| rule.name == hit.finding.rule);
    detect(text).hits.iter().any(named)
}

fn score(examples: &str, rules: &[&Rule], by: &mut BTreeMap<String, Score>, group: &str) {
    for line in examples.lines() {
        let mut fields = line.splitn(3, '\t');
        let mut field = || fields.next().expect("locale, sign, text");
        let (locale, sign, text) = (field(), field(), field());
        let hit = is_found(text, rules);
        for key in ["all".to_owned(), group.to_owned(), locale.to_owned()] {
            let score = by.entry(key).or_default();
            match sign {
                "+" => {
                    (score.wanted, score.found) = (score.wanted + 1, score.found + usize::from(hit))
                }
                "-" => {
                    (score.unwanted, score.wrong) =
                        (score.unwanted + 1, score.wrong + usize::from(hit))
                }
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn ninety_of_a_hundred_are_found_and_two_of_a_hundred_are_mistaken() {
    for (name, [tuned, held, unseen], rules) in TEXTS {
        let mut by = BTreeMap::new();
        score(tuned, rules, &mut by, "tuned");
        score(held, rules, &mut by, "held");
        score(unseen, rules, &mut by, "unseen");
        for (group, score) in &by {
            println!(
                "{name} {group}: {}/{} found, {}/{} mistaken",
                score.found, score.wanted, score.wrong, score.unwanted
            );
            assert!(score.recall() >= 0.9, "{name} {group}");
            assert!(score.false_positives() <= 0.02, "{name} {group}");
        }
        assert!(by["all"].wanted >= 50 && by["all"].unwanted >= 50, "{name}");
    }
}

#[test]
fn harmless_texts_of_one_rule_are_harmless_to_the_others() {
    let mut score = Score::default();
    let texts = TEXTS
        .iter()
        .flat_map(|(_, files, _)| files)
        .flat_map(|file| file.lines());
    for line in texts.filter(|line| line.contains("\t-\t")) {
        let text = line.rsplit('\t').next().expect("a text");
        score.unwanted += 1;
        let hits = detect(text).hits;
        if !hits.is_empty() {
            println!("{text}: {hits:?}");
            score.wrong += 1;
        }
    }
    assert!(score.unwanted >= 250, "{}", score.unwanted);
    assert!(
        score.false_positives() <= 0.02,
        "{} of {}",
        score.wrong,
        score.unwanted
    );
}

/// Two texts are the same to people who get them, or they are not.
#[test]
fn disguises_of_one_text_are_the_same_text() {
    let texts = [
        "hi beautiful, how is your day going?",
        "Hey du, hast du Lust auf einen Kaffee am Wochenende?",
        "hola guapa, ¿qué haces este finde?",
        "your smile made my day, tell me more about you",
        "I saw that you like hiking, which trail is your favourite?",
    ];
    let disguises: [fn(&str) -> String; 11] = [
        |text| text.to_uppercase(),
        |text| text.replace(' ', "  "),
        |text| text.replace('a', "\u{430}"),
        |text| text.replace('o', "0"),
        |text| text.replace('e', "3"),
        |text| text.chars().flat_map(|c| [c, '\u{200B}']).collect(),
        |text| format!("{text} 😀😀"),
        |text| text.replace([',', '?', '¿'], " "),
        |text| text.replace('i', "1"),
        |text| format!("\n{text}\n\n"),
        |text| text.replace('a', "ａ"),
    ];
    let (mut same, mut different) = (0, 0);
    for text in texts {
        let digest = look(text).digest;
        for disguise in disguises {
            assert_eq!(look(&disguise(text)).digest, digest, "{}", disguise(text));
            same += 1;
        }
    }
    let said: Vec<String> = TEXTS
        .iter()
        .flat_map(|(_, [file, ..], _)| file.lines())
        .map(|line| line.rsplit('\t').next().expect("a text").to_owned())
        .collect();
    for pair in said.windows(2).take(200) {
        assert_ne!(look(&pair[0]).digest, look(&pair[1]).digest, "{pair:?}");
        different += 1;
    }
    assert!(same >= 50 && different >= 50);
}

#[test]
fn the_sixth_new_contact_with_the_same_text_is_flagged() {
    let plain = look("hi there, nice to meet you");
    for copies in 0..60 {
        let verdict = plain.verdict(Known::default(), copies);
        let flagged = verdict.outcome == Outcome::Flag;
        assert_eq!(flagged, copies > 5, "{copies}");
        let reasons: Vec<_> = verdict.findings.iter().map(|one| one.rule).collect();
        assert_eq!(reasons, if flagged { vec!["copy_paste"] } else { vec![] });
    }
}

#[test]
fn media_of_senders_below_trust_20_are_held() {
    let plain = look("look at this");
    for trust in 0..=100 {
        for has_media in [true, false] {
            let known = Known {
                age_ms: None,
                trust: Some(trust),
                has_media,
            };
            let held = plain.verdict(known, 0).outcome == Outcome::Hold;
            assert_eq!(held, has_media && trust < 20, "{trust} {has_media}");
        }
    }
}

#[test]
fn numbers_and_requests_count_for_72_hours() {
    let known = |hours| Known {
        age_ms: Some(hours * HOUR_MS),
        ..Known::default()
    };
    let number = look("call me at +1 202 555 0142");
    let request = look("can you lend me 50 euros please");
    assert!(number.asks_age() && request.asks_age() && !look("hi there").asks_age());
    assert_eq!(number.verdict(known(71), 1).outcome, Outcome::Flag);
    assert_eq!(request.verdict(known(71), 1).outcome, Outcome::Hold);
    assert_eq!(number.verdict(known(72), 1).outcome, Outcome::Allow);
    assert_eq!(request.verdict(known(72), 1).outcome, Outcome::Allow);
    // The gravest outcome counts, and comes first.
    let both = look("I will kill you, call me at +1 202 555 0142");
    let verdict = both.verdict(known(1), 1);
    assert_eq!(verdict.outcome, Outcome::Reject);
    assert_eq!(verdict.findings.first().map(|one| one.rule), Some("threat"));
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is the time of this machine"
)]
fn the_time_follows_the_length() {
    // Ratios within one run, never absolute times: 16 times the text may take 40 times as long.
    let time = |text: &str| {
        let start = std::time::Instant::now();
        (0..20).for_each(|_| drop(std::hint::black_box(detect(text))));
        start.elapsed().as_nanos().max(1)
    };
    detect("warm");
    for piece in [
        "kill send money 1 ",
        "a b c d ",
        "0 1 5 1 ",
        "x.de/a b . ",
        "aaaaaaaa",
        "k.i.l.l ",
    ] {
        let short = piece.repeat(312 / piece.len());
        let long = piece.repeat(5_000 / piece.len());
        let (short, long) = (time(&short), time(&long));
        println!("{piece:?}: {} µs for 5,000 characters", long / 20_000);
        assert!(long < short * 40, "{piece:?}: {short} and {long} ns");
    }
    let usual = "Hey, I saw that you like hiking. Which trail do you like most? I was in the alps.";
    println!("80 characters: {} µs", time(usual) / 20_000);
}

#[test]
fn the_queue_is_ordered_by_priority_and_age() {
    let found = |rule, severity| Finding { rule, severity };
    let item = |n: u32, finding: Finding, at| {
        ModerationItem::open(Subject::Message, format!("msg_{n}"), &[finding], at)
    };
    let spam = found("spam_link", Severity::Spam);
    let threat = found("threat", Severity::Danger);
    let old = item(1, spam, NOW);
    let new = item(2, threat, NOW.plus(69 * HOUR_MS));
    let late = item(3, threat, NOW.plus(71 * HOUR_MS));
    assert!(new.due_at < old.due_at && old.due_at < late.due_at);
    assert_eq!(new.decide_by, NOW.plus(70 * HOUR_MS));
    assert_eq!(old.decide_by, NOW.plus(24 * HOUR_MS));
    let worse = old.joined(&[threat, spam], NOW.plus(HOUR_MS));
    assert_eq!((worse.priority, worse.reasons.len()), (100, 2));
    assert!(worse.due_at < old.due_at);
    let closed = worse.resolved(Resolution::Block, worse.created_at);
    assert_eq!(closed.due_shard.as_deref(), Some(ModerationItem::RESOLVED));
    assert!(!closed.is_unresolved());
    let again = closed.joined(&[spam], NOW.plus(2 * HOUR_MS));
    assert!(again.is_unresolved() && again.resolution.is_none());
    assert_eq!(
        (again.priority, again.created_at),
        (30, NOW.plus(2 * HOUR_MS))
    );
    assert_eq!(
        again.item_id,
        ModerationItem::id_of(Subject::Message, "msg_1")
    );
}
