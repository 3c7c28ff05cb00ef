//! The stream stands still, or is lost: nothing that people rely on is.

use serde_json::{Value, json};
use shared::messaging::conversation_id;
use world::{Person, World};

use crate::scenarios::credits::Purse;

fn conversations(state: &Value) -> Vec<Value> {
    let list = state["conversations"].as_array().expect("conversations");
    list.iter().map(|one| one["partner_id"].clone()).collect()
}

async fn resumes(person: &mut Person, token: &str) -> (Vec<Value>, String) {
    person.renews().await;
    let state = person
        .get(&format!("/api/v2/sync?sync_token={token}"))
        .await
        .ok();
    assert_eq!(state["complete"], true);
    (conversations(&state), text(&state["sync_token"]))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn begins(person: &mut Person) -> String {
    person.renews().await;
    text(&person.get("/api/v2/sync").await.ok()["sync_token"])
}

/// The stream stops; Dan wrote to Ben long ago, and Ben asks with the token from then on.
async fn stops(world: &World) -> ([Person; 3], String) {
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut dan = world.person("Dan").await;
    dan.says("known before").to(&ben).await.ok();
    world.passes(4_000).await;
    let token = begins(&mut ben).await;
    ann.renews().await;
    dan.renews().await;
    world.local.hold_streams(true);
    ([ann, ben, dan], token)
}

#[tokio::test(start_paused = true)]
async fn after_two_hours_without_stream_each_fact_is_pushed_once_and_a_resume_is_complete() {
    let world = World::unlimited().await;
    let ([mut ann, mut ben, mut dan], token) = stops(&world).await;
    ann.says("one").to(&ben).await.ok();
    ann.says("two").to(&ben).await.ok();
    dan.says("three").to(&ben).await.ok();
    world.passes(3_600).await;
    // Nobody can know of a new conversation before the stream has told of it.
    let (_, token) = resumes(&mut ben, &token).await;
    world.passes(3_500).await;
    ben.renews().await;
    ben.comes_online().await;
    world.local.hold_streams(false);
    world.settles().await;
    for word in ["one", "two", "three"] {
        ben.sees(word).await;
    }
    assert!(
        ben.got("message.new").await.is_empty(),
        "each was pushed once"
    );
    world.passes(60).await;
    let (found, token) = resumes(&mut ben, &token).await;
    assert!(found.contains(&json!(ann.id)), "{found:?}");
    assert!(found.contains(&json!(dan.id)), "{found:?}");
    world.passes(60).await;
    let (found, _) = resumes(&mut ben, &token).await;
    assert!(found.is_empty(), "once is enough: {found:?}");
    let report = world.runs("repair_projections").await;
    assert_eq!(report["differences"], 0, "{report}");
}

async fn registers_late(world: &World) {
    let body = json!({
        "email": "late@pairly.test", "password": "TestPass123", "name": "Late",
        "birthdate": "1990-01-01",
    });
    let path = "/api/v2/auth/register";
    world.call("POST", path, Some(body)).await.expect(201);
}

/// The next change goes on as if nothing had happened.
async fn goes_on(world: &World, writer: &mut Person, reader: &Person) {
    writer.says("three").to(reader).await.ok();
    world.passes(400).await;
    let report = world.runs("repair_projections").await;
    assert_eq!(report["differences"], 0, "{report}");
}

async fn has_four_unread(person: &Person) {
    let unread = person.get("/api/v2/messages/unread-count").await.ok();
    assert_eq!(unread["unread_count"], 4);
    let list = person.get("/api/v2/messages/conversations").await.ok();
    assert_eq!(list["conversations"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_day_the_repair_finds_what_changed_and_every_resume_is_complete() {
    let world = World::unlimited().await;
    let ([mut ann, mut ben, mut dan], token) = stops(&world).await;
    ann.says("one").to(&ben).await.ok();
    dan.says("two").to(&ben).await.ok();
    registers_late(&world).await;
    // The repair of midnight told of what the stream had not.
    world.passes(20 * 3_600).await;
    let (found, token) = resumes(&mut ben, &token).await;
    let both = [&ann.id, &dan.id].map(|id| json!(id));
    assert!(both.iter().all(|id| found.contains(id)), "{found:?}");
    let mut eve = world.person("Eve").await;
    eve.says("four").to(&ben).await.ok();
    world.passes(120).await;
    let (found, token) = resumes(&mut ben, &token).await;
    assert!(
        !found.contains(&json!(eve.id)),
        "nobody can know of her yet"
    );
    world.passes(5 * 3_600).await;
    world.local.lose_streams();
    world.local.hold_streams(false);
    world.settles().await;
    // Mail does not need the stream.
    assert_eq!(world.mails_to("late@pairly.test").len(), 1);
    let report = world.runs("repair_projections").await;
    assert_eq!(report["complete"], true, "{report}");
    assert_eq!(report["differences"], 2, "both sides: {report}");
    let again = world.runs("repair_projections").await;
    assert_eq!(again["differences"], 0, "{again}");
    let conversation = conversation_id(&eve.id, &ben.id);
    let known = world.rows("data", &conversation, "rest").await;
    assert_eq!(known.len(), 1, "the archive knows of it too");
    let (found, _) = resumes(&mut ben, &token).await;
    assert!(found.contains(&json!(eve.id)), "{found:?}");
    has_four_unread(&ben).await;
    ann.renews().await;
    ann.has_credits(99).await;
    goes_on(&world, &mut ann, &ben).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_day_no_refund_and_no_settlement_is_missing() {
    let world = World::unlimited().await;
    let ([mut ann, mut ben, _], _) = stops(&world).await;
    let purse = Purse::of(&ann).await;
    purse.calls(25, 1).await.expect("reserved");
    let regretted = ann.says("taken back").to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", text(&regretted["id"]));
    let gone = ann.delete(&format!("{path}?scope=everyone")).await.ok();
    assert_eq!(gone["refunded"], true);
    world.passes(25 * 3_600).await;
    world.local.lose_streams();
    world.local.hold_streams(false);
    world.settles().await;
    // Both are due items and writes of their own; nothing waited for the stream.
    assert_eq!(purse.balances().await, (100, 0, 0));
    assert_eq!(purse.open_holds().await, 0);
    ann.renews().await;
    let path = "/api/v2/credits/transactions?limit=100";
    let rows = ann.get(path).await.ok();
    let kinds = |kind: &str| {
        let rows = rows["transactions"].as_array().expect("rows").iter();
        rows.filter(|row| row["kind"] == kind).count()
    };
    for kind in [
        "message_charge",
        "message_refund",
        "call_hold",
        "call_release",
    ] {
        assert_eq!(kinds(kind), 1, "{kind}: {rows}");
    }
    // Who missed the frames learns of it when asking what changed, and Ben of the deletion.
    let state = ann.get("/api/v2/sync").await;
    assert_eq!(state.ok()["wallet"]["available"], 100);
    ben.renews().await;
    assert_eq!(ben.reads(&ann).await[0]["content"], "");
    let report = world.runs("check_ledger").await;
    assert!(purse.verifies().await.is_ok(), "{report}");
}
