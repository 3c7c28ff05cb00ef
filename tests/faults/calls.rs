//! The meter under faults: every AWS call of answering, connecting, looking, ending and sweeping
//! fails before its effect, after it, or the process dies there. Afterwards each call was billed
//! once by the rule, nothing stays reserved, and nobody is below zero.

use local::cloud::{Kind, Rule, Site, has_effect, mortal};
use serde_json::{Value, json};
use shared::aws::dynamo::{Missed, Tables};
use shared::calls::leave;
use tokio::sync::OnceCell;
use world::{Person, Prepared, World};

use super::allowed::leaves_a_trace;
use crate::scenarios::calls::{Talk, friends};
use crate::scenarios::credits::{Purse, gives};

const KINDS: [Kind; 3] = [Kind::BeforeEffect, Kind::AfterEffect, Kind::EndHandler];
/// Functions that move a call or its credits, besides the one that begins it.
const FUNCTIONS: [&str; 6] = [
    "accept_call",
    "report_connected",
    "keep_call_alive",
    "meter_call",
    "end_call",
    "sweep_calls",
];
/// More calls than any of them makes in the story.
const CALLS_MAX: usize = 80;
/// Repeats until a request must have succeeded.
const RETRIES_MAX: usize = 6;

/// The two people, made once for all tests of the process.
static BEGINNING: OnceCell<(Prepared, Person, Person)> = OnceCell::const_new();

/// A place where something goes wrong.
type Place = (&'static str, usize, Kind);

fn rule((function, nth, kind): Place) -> Rule {
    Rule {
        function: Some(function.to_owned()),
        operation: None,
        nth,
        kind,
    }
}

/// A client that repeats a request until it has an answer.
async fn insists(talk: &Talk, person: &Person, what: &str) -> Value {
    for _ in 0..RETRIES_MAX {
        let answer = talk.post(person, what, json!({})).await;
        if answer.status < 500 {
            return answer.body;
        }
        person.world.passes(1).await;
    }
    panic!("{what} never has an answer");
}

/// Two people with 7 credits for a call, both online, in a world of their own.
async fn friends_again() -> (World, Person, Person) {
    let unlimited = [("RATE_LIMIT_ENABLED", "false")];
    let made = BEGINNING.get_or_init(|| async {
        let world = World::with(1, &unlimited).await;
        let (mut ann, mut ben) = friends(&world, 7).await;
        ann.vanishes();
        ben.vanishes();
        (world.prepared(&unlimited).await, ann, ben)
    });
    let (prepared, ann, ben) = made.await;
    let world = World::again(prepared, 1).await;
    let (mut ann, mut ben) = (ann.within(&world), ben.within(&world));
    ann.comes_online().await;
    ben.comes_online().await;
    world.settles().await;
    (world, ann, ben)
}

/// A minute and a few seconds, with credits that come just in time. Nobody hangs up when the
/// sweep is to end it.
async fn story(places: &[Place]) -> (usize, Vec<Site>) {
    let (world, mut ann, mut ben) = friends_again().await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    faults.keep_journal(true);
    places.iter().for_each(|place| faults.add(rule(*place)));
    insists(&talk, &ben, "accept").await;
    insists(&talk, &ann, "connected").await;
    insists(&talk, &ben, "connected").await;
    gives(&ann, 6).await;
    world.passes(50).await;
    talk.is_alive(&mut ann).await;
    world.passes(12).await;
    talk.is_alive(&mut ben).await;
    if !places.iter().any(|place| place.0 == "sweep_calls") {
        insists(&talk, &ann, "end").await;
    }
    // As long as any hold may last, and what the sweep may take.
    world.passes(2 * 60 + 120 + 120).await;
    let (fired, calls) = (faults.fired(), faults.journal());
    faults.clear();
    is_in_order(&talk, &ann, places).await;
    (fired, calls)
}

async fn is_in_order(talk: &Talk, ann: &Person, places: &[Place]) {
    let call = talk.seen(&ann.elsewhere().await).await;
    let purse = Purse::of(ann).await;
    let wallet = purse.wallet().await;
    let number = |name: &str| call[name].as_i64().unwrap_or_default();
    let instant = |name: &str| call[name].as_str().and_then(shared::Time::parse);
    let place = format!("{places:?}: {call}");
    assert!(
        ["ended", "failed", "missed"].contains(&call["status"].as_str().unwrap_or("")),
        "{place}"
    );
    assert_eq!(
        (wallet.held, wallet.holds.open().count()),
        (0, 0),
        "{place}"
    );
    let minutes = match (instant("connected_at"), instant("ended_at")) {
        (Some(from), Some(to)) => ((to.since(from) + 59_999) / 60_000).max(1),
        _ => 0,
    };
    assert_eq!(
        (number("billed_minutes"), number("credits_spent")),
        (minutes, minutes * 5),
        "{place}"
    );
    assert_eq!(wallet.available, 13 - minutes * 5, "{place}");
    let charges = crate::scenarios::calls::amounts(ann, "call_charge").await;
    assert_eq!(charges.len(), usize::from(minutes > 0), "{place}");
    assert!(purse.verifies().await.is_ok(), "{place}");
}

/// Every place where a function calls a service in the story, in each way.
async fn singles(function: &'static str) -> usize {
    let mut sites = 0;
    for kind in KINDS {
        for nth in 1..=CALLS_MAX {
            if story(&[(function, nth, kind)]).await.0 == 0 {
                break;
            }
            sites += 1;
        }
    }
    println!("{function}: {sites} faults");
    sites
}

macro_rules! singles {
    ($($test:ident: $function:literal, $least:literal;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $test() {
            let sites = singles($function).await;
            assert!(sites >= $least * KINDS.len(), "{sites}");
        }
    )*};
}
singles! {
    answering_bills_once_whatever_fails: "accept_call", 8;
    connecting_bills_once_whatever_fails: "report_connected", 8;
    signs_of_life_bill_once_whatever_fails: "keep_call_alive", 8;
    the_meter_bills_once_whatever_fails: "meter_call", 4;
    hanging_up_bills_once_whatever_fails: "end_call", 5;
    the_sweep_bills_once_whatever_fails: "sweep_calls", 6;
}

/// Somebody's account goes in the middle of a call, until that has succeeded; whether the fault
/// went off.
async fn goes((nth, kind): (usize, Kind)) -> bool {
    let (world, ann, ben) = friends_again().await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    gives(&ann, 6).await;
    let tables = Tables::of(&world.local.env("local"));
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    let place = ("local", nth, kind);
    faults.add(rule(place));
    let mut gone = false;
    for _ in 0..RETRIES_MAX {
        let leaves = async {
            let goes = leave(&tables, &ben.id, world.now()).await;
            let goes = goes.map_err(Missed::Failed)?;
            tables.commit(goes).await
        };
        gone = matches!(mortal(leaves).await, Some(Ok(())));
        if gone {
            break;
        }
        world.passes(1).await;
    }
    assert!(gone, "{place:?}");
    let fired = faults.fired() > 0;
    faults.clear();
    let seen = talk.seen(&ann).await;
    assert_eq!(seen["ended_reason"], "account_deleted", "{place:?}: {seen}");
    is_in_order(&talk, &ann, &[place]).await;
    fired
}

#[tokio::test(start_paused = true)]
async fn an_account_that_goes_is_settled_once_whatever_fails() {
    let mut sites = 0;
    for kind in KINDS {
        for nth in 1..=CALLS_MAX {
            if !goes((nth, kind)).await {
                break;
            }
            sites += 1;
        }
    }
    assert!(sites >= 5 * KINDS.len(), "{sites}");
}

/// Every pair of faults that leave a trace (`doubles` says which do), for minutes:
/// `cargo test --test pairly -- --ignored pairs_of_faults`. With `PAIRLY_FAULT_PAIRS=n` every n-th
/// pair of all faults, which takes hours.
async fn pairs(share: usize) {
    let step = shared::config::environment("PAIRLY_FAULT_PAIRS");
    let step: Option<usize> = step.and_then(|step| step.parse().ok());
    let mut places: Vec<Place> = Vec::new();
    for function in FUNCTIONS {
        let (_, mut calls) = story(&[(function, usize::MAX, Kind::BeforeEffect)]).await;
        calls.retain(|site| site.function == function);
        for (at, site) in calls.iter().enumerate() {
            let wanted = KINDS.into_iter().filter(|kind| {
                step.is_some() || (leaves_a_trace(*kind) && has_effect(&site.operation))
            });
            places.extend(wanted.map(|kind| (function, at + 1, kind)));
        }
    }
    let (mut played, mut number) = (0, 0);
    for (at, one) in places.iter().enumerate() {
        for other in &places[at + 1..] {
            number += 1;
            if number % (2 * step.unwrap_or(1)) == share * step.unwrap_or(1) {
                story(&[*one, *other]).await;
                played += 1;
            }
        }
    }
    println!("{played} of {number} pairs of {} places", places.len());
    assert!(played > 0);
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes to hours; docs/TESTING.md"]
async fn pairs_of_faults_bill_once() {
    pairs(0).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes to hours; docs/TESTING.md"]
async fn pairs_of_faults_of_the_other_half_bill_once() {
    pairs(1).await;
}
