//! Calls that end because somebody is gone: vanished, blocked, signed out, revoked, suspended.

use serde_json::{Value, json};
use shared::accounts::{RevokeReason, Session};
use shared::aws::dynamo::{Missed, Tables};
use shared::calls::leave;
use world::{Person, World};

use super::billing::{amounts, balance};
use super::{Talk, friends};

/// Milliseconds between connection and end as the call tells them.
fn lasted(call: &Value) -> i64 {
    let instant = |name: &str| shared::Time::parse(call[name].as_str().expect("a time"));
    let (from, to) = (instant("connected_at"), instant("ended_at"));
    to.expect("a time").since(from.expect("a time"))
}

#[tokio::test(start_paused = true)]
async fn both_clients_vanish_and_the_last_sign_of_life_is_the_end() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 150).await;
    ann.vanishes();
    ben.vanishes();
    world.passes(180).await;
    let seen = talk.seen(&ann.elsewhere().await).await;
    assert_eq!(
        (&seen["status"], &seen["ended_reason"]),
        (&json!("ended"), &json!("peer_lost"))
    );
    let lasted = lasted(&seen);
    assert!((60_000..=141_000).contains(&lasted), "{lasted}");
    let minutes = (lasted + 59_999) / 60_000;
    assert_eq!(seen["billed_minutes"], minutes);
    assert_eq!(balance(&ann).await, (100 - 5 * minutes, 0));
}

#[tokio::test(start_paused = true)]
async fn one_client_vanishes_and_the_other_hangs_up() {
    let world = World::new().await;
    let (ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ben], 200).await;
    assert_eq!(
        talk.seen(&ben).await["status"],
        "connected",
        "one sign of life is enough"
    );
    let over = talk.ends(&ben).await.ok();
    assert_eq!(over["ended_reason"], "user_hangup");
    assert_eq!(balance(&ann).await, (80, 0));
}

#[tokio::test(start_paused = true)]
async fn clocks_of_clients_change_nothing() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    for (ts, person) in [(0_i64, &mut ann), (i64::MAX, &mut ben)] {
        world.passes(20).await;
        let data = json!({ "call_id": talk.id });
        let frame = json!({ "v": 1, "id": "odd", "type": "call.alive", "ts": ts, "data": data });
        person.sends(&frame.to_string()).await;
        let odd = json!({ "call_id": talk.id, "ts": ts, "ended_at": "1999-01-01T00:00:00.000Z" });
        let answer = person.asks("call.hangup", odd).await;
        assert_eq!(answer["data"]["code"], "UNKNOWN_FIELD");
    }
    let answer = ann.asks("call.hangup", json!({ "call_id": talk.id })).await;
    assert_eq!(
        (&answer["type"], &answer["data"]["billed_minutes"]),
        (&json!("ok"), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn frames_answer_decline_and_hang_up_like_requests() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let answer = ben.asks("call.accept", json!({ "call_id": talk.id })).await;
    assert_eq!(
        (&answer["type"], &answer["data"]["status"]),
        (&json!("ok"), &json!("accepted"))
    );
    let answer = ann.asks("call.hangup", json!({ "call_id": talk.id })).await;
    assert_eq!(answer["data"]["status"], "ended");
    world.passes(20).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let reject = json!({ "call_id": talk.id, "reason": "busy" });
    let answer = ben.asks("call.reject", reject).await;
    assert_eq!(
        answer["data"],
        json!({ "success": true, "status": "rejected" })
    );
    let late = ben.asks("call.accept", json!({ "call_id": talk.id })).await;
    assert_eq!(late["data"]["code"], "CALL_ENDED");
}

#[tokio::test(start_paused = true)]
async fn a_block_ends_the_call_and_settles_it_first() {
    for blocker_is_caller in [true, false] {
        let world = World::new().await;
        let (ann, ben) = friends(&world, 100).await;
        let talk = Talk::between(&ann, &ben, "audio").await;
        world.passes(70).await;
        let (who, whom) = if blocker_is_caller {
            (&ann, &ben)
        } else {
            (&ben, &ann)
        };
        who.post("/api/v2/blocks", json!({ "user_id": whom.id }))
            .await
            .expect(201);
        let seen = talk.seen(&ann).await;
        assert_eq!(
            (&seen["status"], &seen["ended_reason"]),
            (&json!("ended"), &json!("blocked"))
        );
        assert_eq!(
            (&seen["credits_spent"], &seen["ended_by"]),
            (&json!(10), &json!("system"))
        );
        assert_eq!(balance(&ann).await, (90, 0));
    }
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    ben.post("/api/v2/blocks", json!({ "user_id": ann.id }))
        .await
        .expect(201);
    talk.accepts(&ben).await.refused(410, "CALL_ENDED");
    assert_eq!(talk.seen(&ann).await["status"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_block_and_a_ring_at_the_same_instant_leave_no_call() {
    for seed in 1..=6 {
        let world = World::with(seed, &[("RATE_LIMIT_ENABLED", "false")]).await;
        let (ann, ben) = friends(&world, 100).await;
        let block = json!({ "user_id": ann.id });
        let (_, blocked) = tokio::join!(
            super::dials(&ann, &ben, "audio", "race-line-1"),
            ben.post("/api/v2/blocks", block),
        );
        blocked.expect(201);
        let state = ann.get("/api/v2/sync").await.ok();
        assert_eq!(state["calls"], json!([]), "seed {seed}");
    }
}

/// Whoever loses a right loses the call that goes through it.
async fn ends_with(world: &World, talk: &Talk, ann: &Person, reason: &str) {
    world.passes(5).await;
    let seen = talk.seen(ann).await;
    assert_eq!(
        (&seen["status"], &seen["ended_reason"]),
        (&json!("ended"), &json!(reason))
    );
    assert_eq!(amounts(ann, "call_charge").await, [5]);
    assert_eq!(balance(ann).await, (95, 0));
}

#[tokio::test(start_paused = true)]
async fn signing_out_ends_the_call_of_that_device_only() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let phone = ben.elsewhere().await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    talk.connects(&ann).await.ok();
    talk.connects(&ben).await.ok();
    phone.post("/api/v2/auth/logout", json!({})).await;
    world.passes(5).await;
    assert_eq!(talk.seen(&ann).await["status"], "connected");
    let out = ben.post("/api/v2/auth/logout", json!({})).await;
    assert!(out.status < 300, "{}", out.body);
    ends_with(&world, &talk, &ann, "device_revoked").await;
}

#[tokio::test(start_paused = true)]
async fn a_revoked_device_ends_its_call() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let device = ben.registers("Ben's phone", 5).await.ok();
    let device = device["device_id"].as_str().expect("an id").to_owned();
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let with = json!({ "device_id": device });
    talk.post(&ben, "accept", with.clone()).await.ok();
    talk.connects(&ann).await.ok();
    talk.connects(&ben).await.refused(404, "CALL_NOT_FOUND");
    talk.post(&ben, "connected", with).await.ok();
    let path = format!("/api/v2/devices/{device}");
    let gone = ben.delete(&path).await;
    assert!(gone.status < 300, "{}", gone.body);
    ends_with(&world, &talk, &ann, "device_revoked").await;
    let unknown = json!({ "device_id": "dev_00000000000000000000000000" });
    let next = Talk::rings(&ann, &ben, "audio").await;
    next.post(&ben, "accept", unknown)
        .await
        .refused(404, "DEVICE_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_goes_ends_and_settles_its_call_first() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let tables = Tables::of(&world.local.env("local"));
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    let goes = leave(&tables, &ben.id, world.now()).await.expect("settled");
    // Before anything is committed that deletes.
    assert_eq!(amounts(&ann, "call_charge").await, [10]);
    assert_eq!(balance(&ann).await, (90, 0));
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["ended_reason"]),
        (&json!("ended"), &json!("account_deleted"))
    );
    for person in [&mut ann, &mut ben] {
        let told = person.waits(|frame| frame["type"] == "call.ended").await;
        assert_eq!(told["data"]["ended_reason"], "account_deleted");
    }
    // Somebody rings before the deletion is there: it is not, and the next try ends that call.
    let late = Talk::rings(&ann, &ben, "audio").await;
    let refused = tables.commit(goes).await;
    assert!(matches!(refused, Err(Missed::Refused(_))), "{refused:?}");
    let goes = leave(&tables, &ben.id, world.now()).await.expect("ended");
    tables.commit(goes).await.expect("nobody rings any more");
    let told = ann.waits(|frame| frame["data"]["call_id"] == late.id.as_str());
    let told = told.await;
    assert_eq!(told["type"], "call.ended");
    assert_eq!(told["data"]["ended_reason"], "account_deleted");
    assert_eq!(talk.seen(&ann).await["billed_minutes"], 2);
    assert_eq!(balance(&ann).await, (90, 0));
}

#[tokio::test(start_paused = true)]
async fn sessions_of_a_deleted_account_end_their_call() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let tables = Tables::of(&world.local.env("local"));
    let place = Session::key_of(&ben.id, &ben.session_id);
    let session: Option<Session> = tables.get_consistent(&place).await.expect("a table");
    let end = session.expect("a session");
    let end = end.revoke(RevokeReason::Deleted, world.now());
    tables.commit(end).await.expect("revoked");
    ends_with(&world, &talk, &ann, "account_deleted").await;
}
