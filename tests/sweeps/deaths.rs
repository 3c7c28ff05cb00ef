//! Every operation that works dies once right after each of its AWS calls; then it is asked again.
//! Nothing becomes an internal error, and nobody's balance differs from that of an undisturbed run.

use local::cloud::{Kind, Rule};
use serde_json::Value;
use shared::function::Function;
use world::Answer;

use super::samples::{Fixture, filled, routes};

/// Parts that run side by side.
const SHARES: usize = 4;
/// Places of each part at which a function has died, at least.
const SITES_MIN: usize = 50;
/// More calls than any handler makes.
const CALLS_MAX: usize = 60;
/// Repeats until the request must have an answer that stays.
const RETRIES_MAX: usize = 5;
/// The key of operations that take one.
const KEY: [(&str, &str); 1] = [("idempotency-key", "death-key-0001")];

async fn asked(fixture: &Fixture, function: &Function) -> Answer {
    let (method, path) = routes(function)[0];
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
    let body = fixture.body(function.name);
    let is_keyed = method == "POST" || (function.admin.is_some() && method != "GET");
    let headers: &[(&str, &str)] = if is_keyed { &KEY } else { &[] };
    fixture
        .asks(function, method, &target, (body, headers))
        .await
}

/// Rows of the audit log that say that the operation had its effect.
async fn recorded(fixture: &Fixture, function: &Function) -> usize {
    let is_its =
        |row: &&Value| row["action"]["S"] == function.name && row["outcome"]["S"] == "done";
    let rows = fixture.world.items("ledger", "audit#").await;
    rows.iter().filter(is_its).count()
}

/// What everybody owns, once everything has been told.
async fn balances(fixture: &Fixture) -> Vec<Value> {
    fixture.world.passes(61).await;
    let mut all = Vec::new();
    for person in [&fixture.ann, &fixture.ben, &fixture.cleo] {
        let wallet = person
            .elsewhere()
            .await
            .get("/api/v2/credits/balance")
            .await;
        let wallet = wallet.ok();
        all.push(serde_json::json!([
            wallet["available"],
            wallet["held"],
            wallet["debt"]
        ]));
    }
    all
}

/// Whether the operation got as far as its `nth` call.
async fn dies(function: &Function, nth: usize, expected: &[Value]) -> bool {
    let fixture = Fixture::new().await;
    let faults = fixture.world.local.cloud().faults();
    faults.count_from_zero();
    faults.add(Rule {
        function: Some(function.name.to_owned()),
        operation: None,
        nth,
        kind: Kind::EndHandler,
    });
    let mut last = asked(&fixture, function).await;
    let fired = faults.fired() > 0;
    faults.clear();
    for _ in 0..RETRIES_MAX {
        let passing = last.status >= 500 || last.code() == Some("IDEMPOTENCY_IN_PROGRESS");
        if !passing {
            break;
        }
        fixture.world.passes(1).await;
        last = asked(&fixture, function).await;
    }
    let place = format!("{} dies after call {nth}", function.name);
    assert!(last.status < 500, "{place}: {} {}", last.status, last.body);
    assert_eq!(balances(&fixture).await, expected, "{place}");
    // However often it was asked for, an effect of an admin has one row.
    if function.admin.is_some() && routes(function)[0].0 != "GET" {
        assert_eq!(recorded(&fixture, function).await, 1, "{place}");
    }
    fired
}

/// One of [`SHARES`] equal parts of all functions, so that they run side by side.
async fn deaths_of(share: usize) {
    let mut sites = 0;
    let all = local::functions().into_iter().enumerate();
    for (_, function) in all.filter(|(at, _)| at % SHARES == share) {
        if routes(function).is_empty() {
            continue;
        }
        let fixture = Fixture::new().await;
        if asked(&fixture, function).await.status >= 400 {
            continue;
        }
        let expected = balances(&fixture).await;
        for nth in 1..=CALLS_MAX {
            if !dies(function, nth, &expected).await {
                break;
            }
            sites += 1;
        }
    }
    println!("{sites} call sites");
    assert!(sites > SITES_MIN, "{sites} call sites");
}

macro_rules! shares {
    ($($name:ident: $share:literal),+) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            deaths_of($share).await;
        })+
    };
}

shares! {
    death_after_any_call_is_no_internal_error_and_costs_nobody_anything: 0,
    death_after_any_call_of_the_second_share: 1,
    death_after_any_call_of_the_third_share: 2,
    death_after_any_call_of_the_last_share: 3
}
