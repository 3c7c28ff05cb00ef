//! Every call of every function goes wrong alone, in every way that it can.

use local::cloud::Kind;
use shared::function::Function;

use super::essence::beyond;
use super::trial::trial;

const SHARES: usize = 4;

/// Everything that can go wrong alone in a function.
pub async fn singles(function: &'static Function, findings: &mut Vec<String>) -> usize {
    let right = trial(function, &[]).await;
    let mut done = 0;
    for (at, site) in right.sites.iter().enumerate() {
        for kind in Kind::ALL {
            if !kind.applies(&site.operation, site.eventual) {
                continue;
            }
            let wrong = trial(function, &[(at + 1, kind)]).await;
            done += 1;
            let place = format!("{} {} {} {kind:?}", function.name, at + 1, site.operation);
            if wrong.fired == 0 {
                findings.push(format!("{place}: never reached"));
            }
            if wrong.status != right.status {
                findings.push(format!("{place}: {} not {}", wrong.status, right.status));
                println!("STATUS {place} {} not {}", wrong.status, right.status);
            }
            let more = beyond(&wrong.essence, &right.essence);
            let less = beyond(&right.essence, &wrong.essence);
            if !more.is_empty() || !less.is_empty() {
                findings.push(format!("{place}:\n   more {more:?}\n   less {less:?}"));
                println!(
                    "FOUND {place} {} more {:.250} less {:.250}",
                    wrong.status,
                    format!("{more:?}"),
                    format!("{less:?}")
                );
            }
        }
    }
    println!(
        "{}: {} calls, {done} faults",
        function.name,
        right.sites.len()
    );
    done
}

async fn share(share: usize) {
    let mut findings = Vec::new();
    let mut done = 0;
    for (at, function) in local::functions().into_iter().enumerate() {
        if at % SHARES == share {
            done += singles(function, &mut findings).await;
        }
    }
    println!("{done} faults, {} findings", findings.len());
    assert!(findings.is_empty(), "{}", findings.join("\n"));
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
