//! What a call costs: by the started minute, from what was reserved.

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use world::{Person, World};

use super::{Talk, dials, friends};

/// Rows of a kind in somebody's ledger, as their amounts, oldest first.
pub async fn amounts(person: &Person, kind: &str) -> Vec<i64> {
    let path = format!("/api/v2/credits/transactions?limit=100&kind={kind}");
    let page = person.elsewhere().await.get(&path).await.ok();
    let rows = page["transactions"].as_array().expect("rows").clone();
    let amount = |row: &Value| row["amount"].as_i64().expect("an amount");
    rows.iter().rev().map(amount).collect()
}

/// Available and held credits.
pub async fn balance(person: &Person) -> (i64, i64) {
    let wallet = person
        .elsewhere()
        .await
        .get("/api/v2/credits/balance")
        .await
        .ok();
    let number = |name: &str| wallet[name].as_i64().expect("a number");
    (number("available"), number("held"))
}

/// What a call says of its price.
const PRICE: [&str; 4] = [
    "rate_per_minute",
    "granted_minutes",
    "covered_until",
    "credits_spent",
];

/// None of what is the caller's alone.
fn hides(shown: &Value, secrets: &[&str]) {
    for secret in secrets {
        assert!(shown.get(secret).is_none(), "the receiver learns {secret}");
    }
}

/// What a transaction of a call moved, as kind and amount.
async fn postings(person: &Person, talk: &Talk, transaction: &Value) -> Vec<(String, i64)> {
    let transaction = transaction.as_str().expect("a transaction");
    let path = format!("/api/v2/credits/transactions/{transaction}");
    let shown = person.get(&path).await.ok()["postings"].clone();
    let posting = |one: &Value| {
        assert_eq!(one["ref_id"], talk.id.as_str());
        let kind = one["kind"].as_str().expect("a kind").to_owned();
        (kind, one["amount"].as_i64().expect("an amount"))
    };
    let shown = shown.as_array().expect("postings");
    shown.iter().map(posting).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_rung_answered_connected_ended_and_billed() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let incoming = ben.waits(|frame| frame["type"] == "call.incoming").await;
    assert_eq!(incoming["data"]["call_id"], talk.id.as_str());
    assert_eq!(incoming["data"]["caller"]["name"], "Ann");
    assert_eq!(balance(&ann).await, (100, 0), "ringing costs nothing");
    assert_eq!(talk.accepts(&ben).await.ok()["status"], "accepted");
    let told = ann.waits(|frame| frame["type"] == "call.accepted").await;
    assert_eq!(
        told["data"]["wallet"],
        json!({ "available": 75, "held": 25 })
    );
    assert_eq!(balance(&ann).await, (75, 25));
    assert_eq!(talk.connects(&ann).await.ok()["status"], "accepted");
    assert_eq!(talk.connects(&ben).await.ok()["status"], "connected");
    ann.waits(|frame| frame["type"] == "call.connected").await;
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    let over = talk.ends(&ben).await.ok();
    assert_eq!(
        (&over["status"], &over["ended_reason"]),
        (&json!("ended"), &json!("user_hangup"))
    );
    hides(
        &over,
        &["credits_spent", "billed_minutes", "transaction_id"],
    );
    let told = ann.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(told["data"]["credits_spent"], 10);
    assert_eq!(
        told["data"]["wallet"],
        json!({ "available": 90, "held": 0 })
    );
    let theirs = ben.waits(|frame| frame["type"] == "call.ended").await;
    hides(&theirs["data"], &["credits_spent"]);
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["billed_minutes"]),
        (&json!("ended"), &json!(2))
    );
    let moved = postings(&ann, &talk, &seen["transaction_id"]).await;
    let wanted = [("call_charge", 10), ("call_release", 15)];
    assert_eq!(
        moved,
        wanted.map(|(kind, amount)| (kind.to_owned(), amount))
    );
    let his = talk.seen(&ben).await;
    hides(&his, &PRICE);
}

#[tokio::test(start_paused = true)]
async fn every_started_minute_counts_and_video_costs_twice_as_much() {
    for (kind, seconds, minutes, credits) in [
        ("audio", 1, 1, 5),
        ("audio", 59, 1, 5),
        ("audio", 119, 2, 10),
        ("video", 61, 2, 20),
    ] {
        let world = World::new().await.punctual();
        let (mut ann, mut ben) = friends(&world, 100).await;
        let talk = Talk::between(&ann, &ben, kind).await;
        talk.lasts(&mut [&mut ann, &mut ben], seconds).await;
        let over = talk.ends(&ann).await.ok();
        let told = (&over["billed_minutes"], &over["credits_spent"]);
        assert_eq!(told, (&json!(minutes), &json!(credits)), "{kind} {seconds}");
        assert_eq!(balance(&ann).await, (100 - credits, 0));
        assert_eq!(amounts(&ann, "call_charge").await, [credits]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_connects_costs_nothing() {
    let world = World::new().await;
    let (mut ann, ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    talk.connects(&ann).await.ok();
    world.passes(16).await;
    let told = ann.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(told["data"]["ended_reason"], "media_timeout");
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["credits_spent"]),
        (&json!("failed"), &json!(0))
    );
    assert_eq!(balance(&ann).await, (100, 0));
    talk.connects(&ben).await.refused(410, "CALL_ENDED");
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    let failed = talk
        .post(&ben, "end", json!({ "reason": "ice_failed" }))
        .await
        .ok();
    assert_eq!(
        (&failed["status"], &failed["ended_reason"]),
        (&json!("failed"), &json!("ice_failed"))
    );
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    assert_eq!(talk.ends(&ann).await.ok()["status"], "ended");
    assert_eq!(balance(&ann).await, (100, 0));
    assert!(amounts(&ann, "call_charge").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_pay_a_minute_cannot_ring() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 4).await;
    let refused = dials(&ann, &ben, "audio", "too-poor-1").await;
    let details = refused.refused(402, "INSUFFICIENT_CREDITS")["details"].clone();
    assert_eq!(details, json!({ "required": 5, "available": 4 }));
    let path = format!("/api/v2/calls/quote?receiver_id={}&call_type=audio", ben.id);
    let quote = ann.get(&path).await.ok();
    let wanted = json!({
        "rate_per_minute": 5, "affordable_minutes": 0, "allowed": false,
        "reason": "INSUFFICIENT_CREDITS",
    });
    assert_eq!(quote, wanted);
    let quote = ben.get(&path.replace(&ben.id, &ann.id)).await.ok();
    assert_eq!(
        (&quote["allowed"], &quote["affordable_minutes"]),
        (&json!(true), &json!(19))
    );
}

#[tokio::test(start_paused = true)]
async fn twelve_credits_are_two_minutes_with_two_warnings() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 12).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    assert_eq!(balance(&ann).await, (2, 10));
    talk.lasts(&mut [&mut ann, &mut ben], 65).await;
    let first = ann
        .waits(|frame| frame["type"] == "call.credit_warning")
        .await;
    assert_eq!(first["data"]["seconds_left"], 60);
    talk.lasts(&mut [&mut ann, &mut ben], 45).await;
    let warned = |frame: &Value| {
        frame["type"] == "call.credit_warning" && frame["data"]["seconds_left"] == 15
    };
    let second = ann.waits(warned).await;
    world.passes(15).await;
    let told = ann.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(told["data"]["ended_reason"], "credits_exhausted");
    assert_eq!(
        (
            &told["data"]["credits_spent"],
            &told["data"]["duration_seconds"]
        ),
        (&json!(10), &json!(120))
    );
    let theirs = ben.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(
        theirs["data"]["ended_reason"], "unavailable",
        "the price is the caller's secret"
    );
    assert!(ben.got("call.credit_warning").await.is_empty());
    let seen = talk.seen(&ann).await;
    let instant = |name: &str| shared::Time::parse(seen[name].as_str().expect("a time"));
    let (from, to) = (
        instant("connected_at").expect("a time"),
        instant("ended_at").expect("a time"),
    );
    assert_eq!(to.since(from), 120_000, "cut at the millisecond");
    assert_eq!(balance(&ann).await, (2, 0));
    let ids = [&first["id"], &second["id"]];
    let repeats = ann.got("call.credit_warning").await;
    assert!(
        repeats.iter().all(|frame| ids.contains(&&frame["id"])),
        "each warning has one id"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_of_17_minutes_and_3_seconds_is_18_minutes_of_four_grants_and_one_charge() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 200).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 17 * 60 + 3).await;
    let over = talk.ends(&ann).await.ok();
    assert_eq!(
        (&over["billed_minutes"], &over["credits_spent"]),
        (&json!(18), &json!(90))
    );
    assert_eq!(amounts(&ann, "call_hold").await, [25]);
    assert_eq!(amounts(&ann, "call_hold_extend").await, [25, 25, 25]);
    assert_eq!(amounts(&ann, "call_charge").await, [90]);
    assert_eq!(amounts(&ann, "call_release").await, [10]);
    assert_eq!(balance(&ann).await, (110, 0));
}

#[tokio::test(start_paused = true)]
async fn credits_bought_in_the_last_minute_carry_the_call_on() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 7).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 25).await;
    ann.waits(|frame| frame["type"] == "call.credit_warning")
        .await;
    crate::scenarios::credits::gives(&ann, 30).await;
    talk.lasts(&mut [&mut ann, &mut ben], 60).await;
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["granted_minutes"]),
        (&json!("connected"), &json!(6))
    );
    assert_eq!(talk.ends(&ben).await.ok()["ended_reason"], "user_hangup");
    assert_eq!(balance(&ann).await, (37 - 10, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_single_timer_the_sweep_meters_and_cuts() {
    let world = World::new().await.punctual();
    let (mut ann, mut ben) = friends(&world, 100).await;
    super::no_timers(&world);
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 295).await;
    assert_eq!(talk.seen(&ann).await["granted_minutes"], 10);
    let over = talk.ends(&ann).await.ok();
    assert_eq!(over["credits_spent"], 25);
}

#[tokio::test(start_paused = true)]
async fn the_sweep_reserves_further_minutes_though_nobody_gives_a_sign_of_life() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    super::no_timers(&world);
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 230).await;
    assert_eq!(talk.seen(&ann).await["granted_minutes"], 5);
    world.passes(40).await;
    let swept = world.local.run("sweep_calls", json!({})).await;
    let again = world.local.run("sweep_calls", json!({})).await;
    let extended = [swept, again].map(|run| run.expect("a run")["extended"].clone());
    assert_eq!(extended, [json!(1), json!(0)]);
    assert_eq!(talk.seen(&ann).await["granted_minutes"], 10);
}

#[tokio::test(start_paused = true)]
async fn a_new_price_is_that_of_the_next_call() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    world.has_policy("price.call.audio", 9).await;
    talk.is_alive(&mut ann).await;
    let over = talk.ends(&ben).await.ok();
    assert_eq!(over["status"], "ended");
    let seen = talk.seen(&ann).await;
    assert_eq!(seen["rate_per_minute"], 5);
    assert_eq!(
        seen["credits_spent"],
        seen["billed_minutes"].as_i64().expect("minutes") * 5
    );
    let next = Talk::rings(&ann, &ben, "audio").await;
    assert_eq!(next.seen(&ann).await["rate_per_minute"], 9);
    ben.got("call.incoming").await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_ran_out_of_credits_before_the_answer_reaches_nobody() {
    let world = World::new().await;
    let (mut ann, ben) = friends(&world, 5).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    ann.says("the last credit").to(&ben).await.ok();
    let refused = talk.accepts(&ben).await.refused(410, "CALL_ENDED");
    let wanted = json!({ "status": "failed", "ended_reason": "unavailable" });
    assert_eq!(refused["details"], wanted);
    assert_eq!(talk.seen(&ann).await["ended_reason"], "credits_exhausted");
    assert_eq!(talk.seen(&ben).await["ended_reason"], "unavailable");
    let told = ann.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(told["data"]["ended_reason"], "credits_exhausted");
    assert_eq!(balance(&ann).await, (4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_frozen_wallet_rings_nobody_but_settles_what_runs() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let purse = crate::scenarios::credits::Purse::of(&ann).await;
    purse.is_frozen(true).await;
    talk.lasts(&mut [&mut ann, &mut ben], 305).await;
    let seen = talk.seen(&ann).await;
    assert_eq!(seen["ended_reason"], "credits_exhausted");
    assert_eq!(balance(&ann).await, (75, 0));
    dials(&ann, &ben, "audio", "frozen-line-1")
        .await
        .refused(409, "WALLET_FROZEN");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_looks_at_is_settled_when_its_hold_expires() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    super::no_timers(&world);
    super::broken(&world, &["sweep_calls"]);
    let talk = Talk::between(&ann, &ben, "audio").await;
    assert_eq!(balance(&ann).await.1, 25);
    world.passes(1_800).await;
    let (ann, ben) = (ann.elsewhere().await, ben.elsewhere().await);
    assert_eq!(balance(&ann).await, (95, 0));
    assert_eq!(amounts(&ann, "call_charge").await, [5]);
    for person in [&ann, &ben] {
        assert_eq!(talk.seen(person).await["ended_reason"], "peer_lost");
    }
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_was_never_set_is_set_by_the_sweep() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    // The sweep runs at each full minute, the call begins between two of them.
    world.passes(30).await;
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    for nth in 1..=20 {
        faults.add(Rule {
            function: Some("report_connected".to_owned()),
            operation: Some("SQS.SendMessageBatch".to_owned()),
            nth,
            kind: Kind::BeforeEffect,
        });
    }
    let talk = Talk::between(&ann, &ben, "audio").await;
    assert!(faults.fired() > 0);
    faults.clear();
    let granted = async |who: &Person| talk.seen(who).await["granted_minutes"].clone();
    talk.lasts(&mut [&mut ann, &mut ben], 225).await;
    // The run of the minute before the reserved ones end.
    world.passes(45).await;
    assert_eq!(granted(&ann).await, 10);
    talk.lasts(&mut [&mut ann, &mut ben], 225).await;
    super::broken(&world, &["sweep_calls"]);
    world.passes(60).await;
    assert_eq!(granted(&ann).await, 15, "by the meter");
}
