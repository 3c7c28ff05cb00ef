//! The product's first story once more, over processes: two people, messages, sockets, credits.

use std::collections::BTreeSet;

use serde_json::json;
use world::{Person, World, pictures};

use crate::lambda::Told;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_chat_and_every_function_is_a_process() {
    let stage = Stage::new("chat", Told::ByEvent).await;
    stage.serve_elsewhere();
    let (mut ann, mut ben) = stage.world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    they_chat(&mut ann, &mut ben).await;
    money_is_exact(&stage.world, &mut ann, &mut ben).await;
    whoever_has_none_is_refused(&stage.world, &ben).await;
    mails_and_texts_leave(&stage.world, &ann).await;
    sessions_and_devices_end(&ann).await;
    time_passes_for_processes_too(&stage.world, &ann).await;
    stage.world.settles().await;
    every_call_was_a_process_with_its_own_role(&stage);
    stage.logs_are_records();
}

async fn they_chat(ann: &mut Person, ben: &mut Person) {
    let sent = ann.says("hi").to(ben).await.ok();
    let seen = ben.sees("hi").await;
    assert_eq!(seen["data"]["id"], sent["id"]);
    let typing = json!({ "conversation_id": sent["conversation_id"], "state": "composing" });
    let typing = json!({ "v": 1, "id": "t1", "type": "typing", "ts": 0, "data": typing });
    ben.sends(&typing.to_string()).await;
    ann.waits(|frame| frame["type"] == "typing").await;
    let read = json!({ "message_ids": [sent["id"]] });
    ben.asks("message.read", read).await;
    ann.waits(|frame| frame["data"]["status"] == "read").await;
    let answer = ben.says("hello").to_by_frame(ann).await;
    assert_eq!(answer["data"]["status"], "sent", "{answer}");
    ann.sees("hello").await;
    let media = ann
        .has_media("application/pdf", &pictures::document())
        .await;
    ann.attaches(&[&media]).to(ben).await.ok();
    let texts: Vec<_> = ben.reads(ann).await;
    let texts: Vec<_> = texts.iter().map(|one| one["content"].as_str()).collect();
    assert_eq!(texts[1..], [Some("hello"), Some("hi")]);
    ann.sends("no frame").await;
    ann.waits(|frame| frame["data"]["code"] == "BAD_FRAME")
        .await;
}

/// A text costs 1 and a file 5; the books agree.
async fn money_is_exact(world: &World, ann: &mut Person, ben: &mut Person) {
    let price = 100 - available(ann).await;
    ben.has_credits(99).await;
    let again = || "the-same-again";
    let one = ann.says("once").under(again()).to(ben).await.ok();
    let two = ann.says("once").under(again()).to(ben).await.ok();
    assert_eq!(one["id"], two["id"]);
    ann.has_credits(100 - price - 1).await;
    world.settles().await;
    let checked = world.runs("check_ledger").await;
    assert_eq!(
        checked["differences"].as_u64().unwrap_or_default(),
        0,
        "{checked}"
    );
}

async fn available(person: &Person) -> i64 {
    let balance = person.get("/api/v2/credits/balance").await.ok();
    balance["available"].as_i64().expect("a number")
}

async fn whoever_has_none_is_refused(world: &World, ben: &Person) {
    let mut cleo = world.person_with("Cleo", 10).await;
    cleo.comes_online().await;
    for n in (0..10).rev() {
        cleo.says(&format!("{n} more")).to(ben).await.ok();
    }
    cleo.says("too much")
        .to(ben)
        .await
        .refused(402, "INSUFFICIENT_CREDITS");
    cleo.waits(|frame| frame["type"] == "credits.low").await;
    cleo.vanishes();
}

async fn mails_and_texts_leave(world: &World, ann: &Person) {
    let body = json!({
        "email": "dora@pairly.test", "password": "nine quiet harbours", "name": "Dora",
        "birthdate": "1995-05-05",
    });
    let registered = world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await;
    registered.expect(201);
    let phone = json!({ "phone": "+15005550006" });
    ann.post("/api/v2/user/phone", phone).await.expect(202);
    world.settles().await;
    assert_eq!(world.mails_to("dora@pairly.test").len(), 1);
    let texts = world
        .outbox()
        .into_iter()
        .filter(|item| item["kind"] == "sms");
    assert_eq!(texts.count(), 1);
}

async fn sessions_and_devices_end(ann: &Person) {
    let mut other = ann.elsewhere().await;
    other.comes_online().await;
    let path = format!("/api/v2/auth/sessions/{}", other.session_id);
    ann.delete(&path).await.expect(204);
    assert_eq!(other.is_closed().await, 4003);
    let device = ann.registers("Ann's phone", 1).await.ok();
    let path = format!(
        "/api/v2/devices/{}",
        device["device_id"].as_str().expect("an id")
    );
    ann.delete(&path).await.expect(204);
}

/// The clock of the world is that of every process: an hour later the token has expired.
async fn time_passes_for_processes_too(world: &World, ann: &Person) {
    world.passes(3_600).await;
    let late = ann.get("/api/v2/credits/balance").await;
    late.refused(401, "TOKEN_EXPIRED");
}

fn every_call_was_a_process_with_its_own_role(stage: &Stage) {
    let calls = stage.lambda.calls();
    let mut functions = BTreeSet::new();
    for call in &calls {
        assert!(call.outcome.is_ok(), "{call:?}");
        functions.insert(call.function.as_str());
    }
    for function in [
        "send_message",
        "push_frames",
        "fan_out_events",
        "sum_ledger_totals",
        "tell_balance",
        "scan_message",
        "validate_upload",
        "deliver_email",
        "deliver_sms",
        "close_revoked_sockets",
        "clean_revoked_device",
    ] {
        assert!(functions.contains(function), "{function} was not called");
    }
    // Each called AWS under its own name, so its role was enforced and nothing more was needed.
    let used = stage.world.local.cloud().used();
    assert!(used.iter().all(|(function, _, _)| function != "external"));
    let wrote = |(function, action, _): &(String, String, String)| {
        function == "send_message" && action == "dynamodb:UpdateItem"
    };
    assert!(used.iter().any(wrote), "{used:?}");
}
