//! Every mutation that takes no key, fifty times at once: what is stored afterwards is what one
//! call leaves.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use shared::function::{Function, Operation};

use super::samples::{Fixture, SUPER_ADMIN, filled, routes};

/// Equal calls at once.
const CALLS: usize = 50;
/// Each call opens something of its own, by design (spec conventions.md §8): a session, a ticket,
/// a form, a secret that is shown once. Nobody pays for any of them.
const EACH_ITS_OWN: [&str; 4] = ["sign_in", "create_ws_ticket", "create_upload", "setup_2fa"];

fn takes_key(function: &Function) -> bool {
    let mut operation = Operation::default();
    (function.describe)(&mut operation);
    operation.key
}

/// Kinds of rows with their numbers, and what everybody owns.
async fn left(fixture: &Fixture, function: &Function) -> BTreeMap<String, i64> {
    fixture.world.settles().await;
    let mut counts = BTreeMap::new();
    let own = EACH_ITS_OWN.contains(&function.name);
    let tables: &[&str] = if own {
        &["ledger"]
    } else {
        &["data", "ledger"]
    };
    for table in tables {
        for row in fixture.world.local.cloud().items(table) {
            let text = |name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
            let kind = |key: String| {
                let end = key.find(['#', '_']).unwrap_or(key.len());
                key[..end].to_owned()
            };
            let what = format!("{table} {} {}", kind(text("pk")), kind(text("sk")));
            // How often somebody asked is counted and logged, also where it changes nothing.
            if !what.contains("audit") {
                *counts.entry(what).or_default() += 1;
            }
        }
    }
    for person in [&fixture.ann, &fixture.ben, &fixture.cleo] {
        let wallet = person
            .elsewhere()
            .await
            .get("/api/v2/credits/balance")
            .await;
        for what in ["available", "held", "debt"] {
            let amount = wallet.body[what].as_i64().unwrap_or(-1);
            counts.insert(format!("{} {what}", person.name), amount);
        }
    }
    counts
}

async fn asked(function: &Function, times: usize) -> (Vec<u16>, BTreeMap<String, i64>) {
    let fixture = Fixture::new().await;
    let (method, path) = routes(function)[0];
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
    let body = fixture.body(function.name);
    let headers = [("idempotency-key", "repeat-key-0001")];
    let headers: &[(&str, &str)] = if function.admin.is_some() {
        &headers
    } else {
        &[]
    };
    // Makes the records of admins, which are no effect of what is asked.
    fixture.world.admin(SUPER_ADMIN).await;
    let call = || fixture.asks(function, method, &target, (body.clone(), headers));
    let answers = join_all((0..times).map(|_| call())).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for answer in answers {
        let busy = answer.status == 503;
        assert!(
            busy || answer.status < 500,
            "{}: {}",
            function.name,
            answer.body
        );
    }
    (statuses, left(&fixture, function).await)
}

#[tokio::test(start_paused = true)]
async fn fifty_repeats_without_a_key_leave_what_one_call_leaves() {
    let mut tried = 0;
    for function in local::functions() {
        let Some((method, _)) = routes(function).first().copied() else {
            continue;
        };
        if method == "GET" || (method == "POST" && takes_key(function)) {
            continue;
        }
        let (_, once) = asked(function, 1).await;
        let (statuses, often) = asked(function, CALLS).await;
        let differs: Vec<(&String, &i64, Option<&i64>)> = often
            .iter()
            .map(|(what, count)| (what, count, once.get(what)))
            .filter(|(_, count, once)| Some(*count) != *once)
            .collect();
        assert!(
            differs.is_empty(),
            "{} {statuses:?}: {differs:?}",
            function.name
        );
        assert_eq!(often.len(), once.len(), "{}", function.name);
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

/// A row that differs would be seen: two messages are not one.
#[tokio::test(start_paused = true)]
async fn a_second_effect_is_seen() {
    let functions = local::functions();
    let get = functions
        .iter()
        .find(|function| function.name == "get_balance");
    let function = get.expect("a function");
    let mut fixture = Fixture::new().await;
    let before = left(&fixture, function).await;
    fixture.cleo.says("one more").to(&fixture.ben).await.ok();
    let after = left(&fixture, function).await;
    let more =
        |what: &str| after.get(what).copied().unwrap_or(0) - before.get(what).copied().unwrap_or(0);
    assert_eq!(more("Cleo available"), -1);
    assert!(more("data cnv msg") == 1, "{after:?}");
}
