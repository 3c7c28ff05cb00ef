//! Every call of every function goes wrong alone, in every way that it can.

use local::cloud::{Kind, Site};
use shared::function::Function;

use super::allowed::differences;
use super::trial::{Place, Right, trial};

/// Parts that run side by side.
const SHARES: usize = 4;
/// Faults of each part, at least.
const FAULTS_MIN: usize = 800;

/// Every place at which something can go wrong, of a function that makes these calls.
pub fn places(sites: &[Site]) -> Vec<Place> {
    let places = sites.iter().enumerate().flat_map(|(at, site)| {
        let kinds = Kind::ALL.into_iter();
        let kinds = kinds.filter(|kind| kind.applies(&site.operation, site.eventual));
        kinds.map(move |kind| (at + 1, kind))
    });
    places.collect()
}

/// What goes wrong for good when a function is disturbed at one place after the other.
async fn singles(function: &'static Function) -> (usize, Vec<String>) {
    let mut right = Right::of(function).await;
    let places = places(&right.soon().sites);
    let mut findings = Vec::new();
    for place in &places {
        let wrong = trial(function, &[*place]).await;
        if wrong.fired == 0 {
            findings.push(format!("{} {place:?}: never reached", function.name));
        }
        let right = right.like(&wrong).await;
        findings.extend(differences(function, &[*place], right, &wrong));
    }
    (places.len(), findings)
}

async fn share(share: usize) {
    let (mut done, mut findings) = (0, Vec::new());
    let all = local::functions().into_iter().enumerate();
    for (_, function) in all.filter(|(at, _)| at % SHARES == share) {
        let (faults, found) = singles(function).await;
        done += faults;
        findings.extend(found);
    }
    println!("{done} faults");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(done >= FAULTS_MIN, "{done}");
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
    any_one_call_goes_wrong_and_nothing_is_lost_or_doubled: 0,
    any_one_call_of_the_second_share: 1,
    any_one_call_of_the_third_share: 2,
    any_one_call_of_the_last_share: 3
}
