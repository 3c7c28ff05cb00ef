//! Random histories against models: people sign up, chat, call, block, are moderated, renew their
//! tokens and repeat what got lost, while every second world goes wrong by chance. In the end
//! everything must be as people were told.
//!
//! - [`plan`], [`dice`]: what happens, by one seed; [`stage`]: the people and how they ask
//! - [`acts`]: how it happens; [`record`]: what people asked for and were told
//! - [`end`]: how it is read; [`checks`]: what must be true of it; [`tally`]: what came up
//!
//! `PAIRLY_HISTORY=123 cargo test --test pairly -- histories::one --nocapture` plays one;
//! `PAIRLY_HISTORIES=100000` lets the four shares play so many instead of 500.

mod acts;
mod checks;
mod dice;
mod end;
mod plan;
mod record;
mod stage;
mod tally;
mod wrong;

use end::State;
use plan::Plan;
use record::Record;
use tally::Tally;

/// Histories that `cargo test` plays.
const HISTORIES: u64 = 500;
/// Tests that share them, so that every core has work.
const SHARES: u64 = 4;

/// Histories that found something once, in the product or in its model, and what it was.
const REGRESSIONS: &[(u64, &str)] = &[
    (
        1_410,
        "what is taken back while it is held is never received",
    ),
    (5_378, "nor is it when it is let go afterwards"),
];

/// What one history comes to.
struct Outcome {
    findings: Vec<String>,
    trace: Vec<String>,
}

/// A history from its beginning to its end.
fn tells(plan: &Plan) -> (Record, State) {
    stage::is_prepared();
    alone(async {
        let mut stage = acts::plays(plan).await;
        let state = end::ends(&mut stage).await;
        (stage.record, state)
    })
}

/// What happens on a runtime of its own: timers count whole milliseconds from its beginning, so
/// that a history would depend on those before it otherwise.
fn alone<F: Future>(story: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(story)
}

fn plays(seed: u64) -> Outcome {
    let (record, state) = tells(&Plan::of(seed));
    Outcome {
        findings: checks::findings(&record, &state),
        trace: record.trace,
    }
}

/// The number that an environment variable says.
fn number(name: &str) -> Option<u64> {
    shared::config::environment(name)?.parse().ok()
}

fn told(seed: u64, findings: &[String]) -> String {
    let findings = findings.join("\n  ");
    format!(
        "history {seed}:\n  {findings}\n  replay: PAIRLY_HISTORY={seed} cargo test --test pairly \
         -- histories::one --nocapture"
    )
}

fn share(share: u64) {
    let wanted = number("PAIRLY_HISTORIES").unwrap_or(HISTORIES);
    let first = number("PAIRLY_HISTORIES_FROM").unwrap_or_default();
    let (mut wrong, mut tally) = (Vec::new(), Tally::default());
    // Every second history is disturbed, and takes longer: each share has both kinds.
    let mine = (first..first + wanted).filter(|seed| seed / 2 % SHARES == share);
    for seed in mine {
        let outcome = plays(seed);
        tally.add(&outcome.trace);
        if !outcome.findings.is_empty() {
            println!("{}", told(seed, &outcome.findings));
            wrong.push(seed);
        }
        if seed % 1_000 == 2 * share && seed > first {
            println!("share {share}: up to {seed}, {} wrong", wrong.len());
        }
    }
    assert!(wrong.is_empty(), "wrong histories: {wrong:?}");
    let together = tally::with(tally);
    if let Some(together) = together.filter(|_| wanted >= HISTORIES) {
        println!("{together}");
        assert_eq!(together.missing(), Vec::<&str>::new(), "too little happens");
    }
}

macro_rules! shares {
    ($($name:ident: $share:literal),+) => {
        $(#[test]
        fn $name() {
            share($share);
        })+
    };
}

shares! {
    whatever_happens_everything_is_as_people_were_told: 0,
    the_second_share_of_histories: 1,
    the_third_share_of_histories: 2,
    the_last_share_of_histories: 3
}

#[test]
fn what_was_wrong_once_is_right() {
    for (seed, what) in REGRESSIONS {
        let outcome = plays(*seed);
        assert!(
            outcome.findings.is_empty(),
            "{what}: {}",
            told(*seed, &outcome.findings)
        );
    }
}

#[test]
fn a_seed_tells_the_same_history_again() {
    for seed in [2, 7, 41] {
        let (one, other) = (plays(seed), plays(seed));
        let differ = one
            .trace
            .iter()
            .zip(&other.trace)
            .find(|(one, other)| one != other);
        assert_eq!(differ, None, "history {seed}");
        assert_eq!(one.trace.len(), other.trace.len());
    }
}

/// The history of `PAIRLY_HISTORY`, told step by step.
#[test]
fn one() {
    let seed = number("PAIRLY_HISTORY").unwrap_or(1);
    let outcome = plays(seed);
    for line in &outcome.trace {
        println!("{line}");
    }
    assert!(
        outcome.findings.is_empty(),
        "{}",
        told(seed, &outcome.findings)
    );
}
