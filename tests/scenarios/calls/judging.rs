//! Administrators end calls, note what they find, and give credits back.

use serde_json::{Value, json};
use world::{Administrator, Answer, Person, World};

use super::super::admin::approvals::decides;
use super::super::admin::effects;
use super::billing::balance;
use super::{Talk, amounts, friends, no_sweep, no_timers};

async fn judges(admin: &Administrator, talk: &Talk, what: &str, body: Value) -> Answer {
    let path = format!("/api/admin/calls/{}/{what}", talk.id);
    admin.post(&path, body).await
}

async fn terminates(admin: &Administrator, talk: &Talk) -> Answer {
    judges(admin, talk, "terminate", json!({ "reason": "a complaint" })).await
}

async fn refunds(admin: &Administrator, talk: &Talk, credits: i64) -> Answer {
    let body = json!({ "credits": credits, "reason": "bad sound" });
    judges(admin, talk, "refund", body).await
}

#[tokio::test(start_paused = true)]
async fn a_connected_call_that_is_terminated_is_settled_by_the_billing_rule() {
    let world = World::new().await.punctual();
    let (mut ann, mut ben) = friends(&world, 100).await;
    let admin = world.admin("admin-1").await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    let over = terminates(&admin, &talk).await.ok();
    assert_eq!(
        (&over["status"], &over["ended_reason"], &over["ended_by"]),
        (&json!("ended"), &json!("admin"), &json!("system"))
    );
    assert_eq!(
        (
            &over["billed_minutes"],
            &over["credits_spent"],
            &over["duration_seconds"]
        ),
        (&json!(2), &json!(10), &json!(61))
    );
    assert!(over["transaction_id"].as_str().is_some());
    assert_eq!(balance(&ann).await, (90, 0));
    assert_eq!(amounts(&ann, "call_charge").await, [10]);
    for person in [&mut ann, &mut ben] {
        let told = person.waits(|frame| frame["type"] == "call.ended").await;
        assert_eq!(told["data"]["ended_reason"], "admin");
    }
    let gone = terminates(&admin, &talk).await.refused(410, "CALL_ENDED");
    let wanted = json!({ "status": "ended", "ended_reason": "admin" });
    assert_eq!(gone["details"], wanted);
    let row = effects(&admin, "action=terminate_call").await;
    assert_eq!(row.len(), 1, "a refusal is no effect");
    assert_eq!(
        (
            &row[0]["before"]["status"],
            &row[0]["after"]["status"],
            &row[0]["severity"]
        ),
        (&json!("connected"), &json!("ended"), &json!("warning"))
    );
    assert_eq!(
        (&row[0]["reason"], &row[0]["metadata"]["caller_id"]),
        (&json!("a complaint"), &json!(ann.id))
    );
}

#[tokio::test(start_paused = true)]
async fn a_ringing_call_that_is_terminated_stops_ringing_and_costs_nothing() {
    let world = World::new().await;
    let (ann, mut ben) = friends(&world, 100).await;
    let admin = world.admin("admin-1").await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let over = terminates(&admin, &talk).await.ok();
    assert_eq!(
        (
            &over["status"],
            &over["ended_reason"],
            &over["credits_spent"]
        ),
        (&json!("cancelled"), &json!("admin"), &json!(0))
    );
    ben.waits(|frame| frame["type"] == "call.cancelled").await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    let over = terminates(&admin, &talk).await.ok();
    assert_eq!(over["status"], "ended");
    assert_eq!(balance(&ann).await, (100, 0));
    no_timers(&world);
    no_sweep(&world);
    let talk = Talk::rings(&ann, &ben, "audio").await;
    world.passes(46).await;
    let late = terminates(&admin, &talk).await.refused(410, "CALL_ENDED");
    assert_eq!(late["details"]["status"], "missed");
}

#[tokio::test(start_paused = true)]
async fn who_may_look_may_not_end_and_nobody_ends_without_a_reason() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    for session in ["moderator-1", "support-1", "analyst-1", "finance-1"] {
        let other = world.admin(session).await;
        let refused = terminates(&other, &talk).await;
        refused.refused(403, "PERMISSION_DENIED");
    }
    for session in ["moderator-1", "support-1", "analyst-1"] {
        let other = world.admin(session).await;
        let refused = refunds(&other, &talk, 1).await;
        refused.refused(403, "PERMISSION_DENIED");
    }
    let admin = world.admin("admin-1").await;
    for body in [json!({}), json!({ "reason": " <b></b> " })] {
        let refused = judges(&admin, &talk, "terminate", body).await;
        refused.refused(422, "REASON_REQUIRED");
    }
    let unknown = Talk {
        id: format!("cal_{}", "0".repeat(26)),
    };
    let refused = terminates(&admin, &unknown).await;
    refused.refused(404, "CALL_NOT_FOUND");
    assert_eq!(talk.seen(&ann).await["status"], "ringing");
}

async fn paid(ann: &mut Person, ben: &mut Person) -> Talk {
    let talk = Talk::between(ann, ben, "audio").await;
    talk.lasts(&mut [ann, ben], 61).await;
    talk.ends(ann).await.ok();
    talk
}

#[tokio::test(start_paused = true)]
async fn credits_are_given_back_up_to_what_was_spent_and_no_further() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let finance = world.admin("finance-1").await;
    let running = Talk::rings(&ann, &ben, "audio").await;
    let early = refunds(&finance, &running, 1).await;
    early.refused(409, "CALL_STATE_CONFLICT");
    running.ends(&ann).await.ok();
    let free = refunds(&finance, &running, 1).await;
    free.refused(422, "AMOUNT_OUT_OF_RANGE");
    let talk = paid(&mut ann, &mut ben).await;
    for wrong in [0, -1, 11] {
        let refused = refunds(&finance, &talk, wrong).await;
        let details = refused.refused(422, "AMOUNT_OUT_OF_RANGE")["details"].clone();
        assert_eq!(details, json!({ "min": 1, "max": 10 }));
    }
    let first = refunds(&finance, &talk, 4).await.ok();
    assert_eq!(first["refunded"], 4);
    assert_eq!(refunds(&finance, &talk, 6).await.ok()["refunded"], 10);
    let beyond = refunds(&finance, &talk, 1).await;
    beyond.refused(422, "AMOUNT_OUT_OF_RANGE");
    assert_eq!(balance(&ann).await, (100, 0));
    assert_eq!(amounts(&ann, "call_refund").await, [4, 6]);
    let transaction = first["transaction_id"].as_str().expect("a transaction");
    let path = format!("/api/v2/credits/transactions/{transaction}");
    let seen = ann.get(&path).await.ok()["postings"][0].clone();
    assert_eq!(
        (&seen["ref_id"], &seen["kind"], &seen["amount"]),
        (&json!(talk.id), &json!("call_refund"), &json!(4))
    );
    assert_eq!(seen["reverses"], talk.seen(&ann).await["transaction_id"]);
    let auditor = world.admin("admin-1").await;
    let row = effects(&auditor, "action=refund_call").await;
    assert_eq!(row.len(), 2, "one row for each effect");
    assert_eq!(
        (
            &row[0]["before"]["refunded"],
            &row[0]["after"]["refunded"],
            &row[0]["severity"]
        ),
        (&json!(4), &json!(10), &json!("warning"))
    );
}

#[tokio::test(start_paused = true)]
async fn of_two_refunds_at_once_that_are_too_much_together_one_is_booked() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-1").await);
    let talk = paid(&mut ann, &mut ben).await;
    let (one, two) = tokio::join!(refunds(&finance, &talk, 6), refunds(&other, &talk, 6));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    assert_eq!(balance(&ann).await, (96, 0));
    let calls = (0..8).map(|_| refunds(&finance, &talk, 1));
    let answers = futures_util::future::join_all(calls).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(done >= 1, "{answers:?}");
    let booked: i64 = amounts(&ann, "call_refund").await.iter().sum();
    let given = i64::try_from(done).expect("few") + 6;
    assert!(booked == given && booked <= 10, "{booked} of {given}");
    let key = [("idempotency-key", "refund-once-1")];
    let late = paid(&mut ann, &mut ben).await;
    let path = format!("/api/admin/calls/{}/refund", late.id);
    let body = json!({ "credits": 7, "reason": "bad sound" });
    let first = finance
        .call_with("POST", &path, Some(body.clone()), &key)
        .await;
    let again = finance.call_with("POST", &path, Some(body), &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.ok(), again.ok());
    assert_eq!(amounts(&ann, "call_refund").await.last(), Some(&7));
}

#[tokio::test(start_paused = true)]
async fn a_refund_above_the_limit_waits_for_a_second_person() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    world.has_policy("adjust.two_person_above", 5).await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-1").await);
    let talk = paid(&mut ann, &mut ben).await;
    let beyond = refunds(&finance, &talk, 11).await;
    beyond.refused(422, "AMOUNT_OUT_OF_RANGE");
    let waits = refunds(&finance, &talk, 8).await.expect(202);
    let id = waits["approval_id"].as_str().expect("an id");
    assert_eq!(balance(&ann).await, (90, 0));
    let own = decides(&finance, id, "approve").await;
    own.refused(403, "APPROVAL_SELF");
    assert_eq!(refunds(&finance, &talk, 5).await.ok()["refunded"], 5);
    let late = decides(&other, id, "approve").await;
    assert!(
        late.status == 422 || late.body["state"] == "failed",
        "{late:?}"
    );
    assert_eq!(balance(&ann).await, (95, 0), "only 5 were left");
    let second = paid(&mut ann, &mut ben).await;
    let waits = refunds(&finance, &second, 8).await.expect(202);
    let id = waits["approval_id"].as_str().expect("an id");
    let done = decides(&other, id, "approve").await.ok();
    assert_eq!(
        (&done["state"], &done["result"]["refunded"]),
        (&json!("executed"), &json!(8))
    );
    assert_eq!(balance(&ann).await, (93, 0));
}

#[tokio::test(start_paused = true)]
async fn what_time_has_ended_is_settled_before_it_is_given_back() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    no_timers(&world);
    no_sweep(&world);
    let talk = Talk::between(&ann, &ben, "audio").await;
    world.passes(130).await;
    let finance = world.admin("finance-1").await;
    let back = refunds(&finance, &talk, 5).await.ok();
    assert_eq!(back["refunded"], 5);
    assert_eq!(balance(&ann).await, (100, 0));
    assert_eq!(talk.seen(&ann).await["ended_reason"], "peer_lost");
}

#[tokio::test(start_paused = true)]
async fn notes_and_quality_are_kept_for_administrators_and_hidden_in_the_log() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = paid(&mut ann, &mut ben).await;
    let moderator = world.admin("moderator-1").await;
    let body = json!({
        "call_quality": "poor", "notes": "<b>she</b> heard nothing", "reason": "a complaint",
    });
    let done = judges(&moderator, &talk, "moderate", body).await.ok();
    assert_eq!(done, json!({ "success": true, "call_id": talk.id }));
    let path = format!("/api/admin/calls/{}", talk.id);
    let seen = moderator.get(&path).await.ok()["call"].clone();
    assert_eq!(
        (&seen["call_quality"], &seen["moderation_notes"]),
        (&json!("poor"), &json!("she heard nothing"))
    );
    let own = talk.seen(&ann).await;
    assert!(own.get("moderation_notes").is_none());
    assert_eq!(own["credits_spent"], 10);
    let body = json!({ "notes": "looked at again", "reason": "a complaint" });
    judges(&moderator, &talk, "moderate", body).await.ok();
    let seen = moderator.get(&path).await.ok()["call"].clone();
    assert_eq!(seen["call_quality"], "poor", "what nobody names stays");
    let auditor = world.admin("admin-1").await;
    let row = effects(&auditor, "action=moderate_call").await[1].clone();
    assert_eq!(
        (&row["after"]["call_quality"], &row["severity"]),
        (&json!("poor"), &json!("warning"))
    );
    assert!(!row.to_string().contains("heard nothing"), "{row}");
    let without = json!({ "notes": "something" });
    let refused = judges(&moderator, &talk, "moderate", without).await;
    refused.refused(422, "REASON_REQUIRED");
    for wrong in [
        json!({ "reason": "a complaint" }),
        json!({ "notes": "x".repeat(1_001), "reason": "a complaint" }),
        json!({ "notes": "x", "call_quality": "loud", "reason": "a complaint" }),
    ] {
        let refused = judges(&moderator, &talk, "moderate", wrong).await;
        refused.refused(422, "VALIDATION_FAILED");
    }
}
