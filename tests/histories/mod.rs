//! Random histories against models: people sign up, chat, call, block, are moderated, renew their
//! tokens and repeat what got lost, while every second world goes wrong by chance. In the end
//! everything must be as people were told.
//!
//! - [`plan`], [`dice`]: what happens, by one seed; [`stage`]: the people and how they ask
//! - [`acts`]: how it happens; [`record`]: what people asked for and were told
//! - [`end`]: how it is read; [`checks`]: what must be true of it; [`tally`]: what came up
//!
//! `HISTORY_SEED=123 cargo test --test pairly -- histories::one --nocapture` plays one history;
//! `HISTORIES=100000` lets the four shares play so many instead of 500.

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

/// Histories that found something once, and what it was.
const REGRESSIONS: &[(u64, &str)] = &[];

/// What one history comes to.
struct Outcome {
    findings: Vec<String>,
    trace: Vec<String>,
}

/// A history from its beginning to its end.
async fn tells(plan: &Plan) -> (Record, State) {
    let mut stage = acts::plays(plan).await;
    let state = end::ends(&mut stage).await;
    (stage.record, state)
}

async fn plays(seed: u64) -> Outcome {
    let (record, state) = tells(&Plan::of(seed)).await;
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
        "history {seed}:\n  {findings}\n  replay: HISTORY_SEED={seed} cargo test --test pairly -- \
         histories::one --nocapture"
    )
}

async fn share(share: u64) {
    let wanted = number("HISTORIES").unwrap_or(HISTORIES);
    let first = number("HISTORIES_FROM").unwrap_or_default();
    let (mut wrong, mut tally) = (Vec::new(), Tally::default());
    let mine = (first..first + wanted).filter(|seed| seed % SHARES == share);
    for seed in mine {
        let outcome = plays(seed).await;
        tally.add(&outcome.trace);
        if !outcome.findings.is_empty() {
            println!("{}", told(seed, &outcome.findings));
            wrong.push(seed);
        }
        if seed % 1_000 == share && seed > first {
            println!("share {share}: up to {seed}, {} wrong", wrong.len());
        }
    }
    println!("share {share}: {tally}");
    assert!(wrong.is_empty(), "wrong histories: {wrong:?}");
    if wanted >= HISTORIES {
        assert_eq!(tally.missing(), Vec::<&str>::new(), "too little happens");
    }
}

macro_rules! shares {
    ($($name:ident: $share:literal),+) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            share($share).await;
        })+
    };
}

shares! {
    whatever_happens_everything_is_as_people_were_told: 0,
    the_second_share_of_histories: 1,
    the_third_share_of_histories: 2,
    the_last_share_of_histories: 3
}

#[tokio::test(start_paused = true)]
async fn what_was_wrong_once_is_right() {
    for (seed, what) in REGRESSIONS {
        let outcome = plays(*seed).await;
        assert!(
            outcome.findings.is_empty(),
            "{what}: {}",
            told(*seed, &outcome.findings)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_seed_tells_the_same_history_again() {
    for seed in [2, 7, 41] {
        let (one, other) = (plays(seed).await, plays(seed).await);
        let differ = one
            .trace
            .iter()
            .zip(&other.trace)
            .find(|(one, other)| one != other);
        assert_eq!(differ, None, "history {seed}");
        assert_eq!(one.trace.len(), other.trace.len());
    }
}

/// The history of `HISTORY_SEED`, told step by step.
#[tokio::test(start_paused = true)]
async fn one() {
    let seed = number("HISTORY_SEED").unwrap_or(1);
    let outcome = plays(seed).await;
    for line in &outcome.trace {
        println!("{line}");
    }
    assert!(
        outcome.findings.is_empty(),
        "{}",
        told(seed, &outcome.findings)
    );
}
