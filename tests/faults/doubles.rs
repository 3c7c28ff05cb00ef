//! Two calls of a function that changes something go wrong, in every way that leaves a trace.
//!
//! A call that fails before its effect is made again, by the SDK or by the client, and finds the
//! state that the first try would have found; so does a read whose answer gets lost, and a death
//! after a read is one after the last write before it. Those faults alone are all tried in
//! `singles`. What two of them can do together is therefore done by writes whose effect stays
//! while whoever asked for it never hears of it, or dies: every pair of those is tried here. The
//! long run tries every pair without that argument.

use local::cloud::has_effect;
use shared::function::Function;

use super::allowed::{differences, leaves_a_trace};
use super::singles::places;
use super::trial::{Outcome, Place, Right, trial};

/// Parts that run side by side.
const SHARES: usize = 2;
/// Pairs of each part, at least.
const PAIRS_MIN: usize = 300;
/// Domains whose functions move what people paid, wrote or said.
const DOMAINS: [&str; 5] = ["credits", "messaging", "accounts", "calls", "realtime"];

/// Places of an outcome that leave a trace, after the call `from`.
fn traces(outcome: &Outcome, from: usize) -> Vec<Place> {
    let mut places = places(&outcome.sites);
    places.retain(|(nth, kind)| {
        let site = outcome.sites.get(nth - 1);
        let writes = site.is_some_and(|site| has_effect(&site.operation));
        *nth > from && leaves_a_trace(*kind) && writes
    });
    places
}

/// What goes wrong for good when a function is disturbed at any two places that leave a trace.
async fn doubles(function: &'static Function) -> (usize, Vec<String>) {
    let mut right = Right::of(function).await;
    let (mut done, mut findings) = (0, Vec::new());
    for first in traces(right.soon(), 0) {
        // What is called after the first fault is seen only once it has happened.
        let once = trial(function, &[first]).await;
        for second in traces(&once, first.0) {
            let both = [first, second];
            let wrong = trial(function, &both).await;
            let right = right.like(&wrong).await;
            findings.extend(differences(function, &both, right, &wrong));
            done += 1;
        }
    }
    (done, findings)
}

/// The functions of the domains that change something.
fn writers() -> Vec<&'static Function> {
    let mut all = local::functions();
    all.retain(|function| DOMAINS.contains(&function.domain));
    all
}

async fn share(share: usize) {
    let (mut done, mut findings) = (0, Vec::new());
    let all = writers().into_iter().enumerate();
    for (_, function) in all.filter(|(at, _)| at % SHARES == share) {
        let (pairs, found) = doubles(function).await;
        done += pairs;
        findings.extend(found);
    }
    println!("{done} pairs");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(done >= PAIRS_MIN, "{done}");
}

#[tokio::test(start_paused = true)]
async fn two_calls_go_wrong_and_nothing_is_lost_or_doubled() {
    share(0).await;
}

#[tokio::test(start_paused = true)]
async fn two_calls_of_the_other_share_go_wrong() {
    share(1).await;
}

/// Every two or three places of every function, for days:
/// `cargo test --test pairly -- --ignored every_combination_of_faults`. `PAIRLY_FAULTS_OF` names
/// one function, `PAIRLY_FAULTS_STEP=n` takes every n-th combination, `PAIRLY_FAULTS_TOGETHER=3`
/// lets three calls go wrong.
#[tokio::test(start_paused = true)]
#[ignore = "takes days; docs/TESTING.md"]
async fn every_combination_of_faults() {
    let read = shared::config::environment;
    let number = |name: &str| read(name).and_then(|text| text.parse::<usize>().ok());
    let (of, step) = (
        read("PAIRLY_FAULTS_OF"),
        number("PAIRLY_FAULTS_STEP").unwrap_or(1),
    );
    let together = number("PAIRLY_FAULTS_TOGETHER").unwrap_or(2);
    let (mut played, mut seen) = (0, 0);
    let all = match &of {
        Some(_) => local::functions(),
        None => writers(),
    };
    for function in all {
        if of.as_ref().is_some_and(|name| name != function.name) {
            continue;
        }
        let mut right = Right::of(function).await;
        let mut open: Vec<Vec<Place>> = vec![Vec::new()];
        while let Some(known) = open.pop() {
            let wrong = trial(function, &known).await;
            let from = known.last().map_or(0, |(nth, _)| *nth);
            let right = right.like(&wrong).await;
            let findings = differences(function, &known, right, &wrong);
            assert!(findings.is_empty(), "{}", findings.join("\n"));
            played += 1;
            if known.len() == together {
                continue;
            }
            for place in places(&wrong.sites) {
                seen += usize::from(place.0 > from);
                if place.0 > from && seen % step == 0 {
                    open.push([known.as_slice(), &[place]].concat());
                }
            }
        }
        println!("{}: {played} combinations so far", function.name);
    }
    assert!(played > 0);
}
