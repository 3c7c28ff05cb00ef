//! Blocks: at once, in both directions, in every channel, and without a trace for who is blocked.

use serde_json::{Value, json};
use world::{Answer, Person, World, text_to};

use super::unread;

async fn blocks(who: &Person, whom: &Person) -> Value {
    let body = json!({ "user_id": whom.id });
    who.post("/api/v2/blocks", body).await.expect(201)
}

async fn unblocks(who: &Person, whom: &Person) {
    let path = format!("/api/v2/blocks/{}", whom.id);
    who.delete(&path).await.expect(204);
}

fn nobody() -> String {
    format!("usr_{}", "0".repeat(26))
}

/// Everything that a caller can see of an answer, without what differs in any two.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    (answer.status, headers, answer.comparable())
}

async fn sends(who: &Person, to: &str, id: &str) -> Answer {
    who.post("/api/v2/messages/send", text_to(to, "hello?", id))
        .await
}

#[tokio::test(start_paused = true)]
async fn a_message_to_who_blocked_the_sender_is_a_message_to_nobody() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.says("hi").to(&ben).await.ok();
    ben.comes_online().await;
    blocks(&ben, &ann).await;
    world.passes(120).await;
    for n in 0..3 {
        let blocked = sends(&ann, &ben.id, &format!("blocked-{n}")).await;
        let unknown = sends(&ann, &nobody(), &format!("unknown-{n}")).await;
        assert_eq!(seen(&blocked), seen(&unknown));
        let length = |answer: &Answer| answer.body.to_string().len();
        assert_eq!(length(&blocked), length(&unknown));
        blocked.refused(404, "USER_NOT_FOUND");
    }
    world.settles().await;
    ann.has_credits(99).await;
    assert!(ben.got("message.new").await.is_empty());
    assert_eq!(unread(&ben).await["unread_count"], 1);
    assert_eq!(ann.get("/api/v2/messages/stats").await.ok()["sent"], 1);
    sends(&ben, &ann.id, "blocker-1")
        .await
        .refused(403, "BLOCKED");
    ben.has_credits(100).await;
    unblocks(&ben, &ann).await;
    sends(&ann, &ben.id, "blocked-0").await.ok();
    ben.sees("hello?").await;
    sends(&ben, &ann.id, "blocker-1").await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_message_to_who_blocked_the_sender_takes_the_same_steps_as_one_to_nobody() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.says("hi").to(&ben).await.ok();
    blocks(&ben, &ann).await;
    // Policies are read once a minute.
    sends(&ann, &nobody(), "warm-0001").await;
    let mut told = Vec::new();
    for (to, id) in [(ben.id.clone(), "blocked-1"), (nobody(), "unknown-1")] {
        world.local.cloud().meter().reset();
        sends(&ann, &to, id).await.refused(404, "USER_NOT_FOUND");
        let lines = world.local.cloud().meter().take();
        told.push(lines);
    }
    assert!(!told[0].is_empty());
    assert_eq!(told[0], told[1]);
}

#[tokio::test(start_paused = true)]
async fn a_block_is_told_once_and_listed() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let first = blocks(&ann, &ben).await;
    world.passes(60).await;
    assert_eq!(blocks(&ann, &ben).await, first);
    let list = ann.get("/api/v2/blocks").await.ok();
    let row = json!({ "user_id": ben.id, "name": "Ben", "blocked_at": first["blocked_at"] });
    assert_eq!(list, json!({ "blocks": [row], "next_cursor": null }));
    assert_eq!(ben.get("/api/v2/blocks").await.ok()["blocks"], json!([]));
    let path = "/api/v2/blocks";
    ann.post(path, json!({ "user_id": ann.id }))
        .await
        .refused(422, "CANNOT_TARGET_SELF");
    for unknown in [nobody(), "nonsense".to_owned()] {
        ann.post(path, json!({ "user_id": unknown }))
            .await
            .refused(404, "USER_NOT_FOUND");
        ann.delete(&format!("{path}/{unknown}"))
            .await
            .refused(404, "USER_NOT_FOUND");
    }
    unblocks(&ann, &ben).await;
    ann.delete(&format!("{path}/{}", ben.id))
        .await
        .refused(404, "USER_NOT_FOUND");
    assert_eq!(ann.get(path).await.ok()["blocks"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_list_of_blocks_walks_without_gap_or_repeat() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut wanted = Vec::new();
    for n in 0..7 {
        let other = world.person(&format!("Person {n}")).await;
        blocks(&ann, &other).await;
        wanted.push(json!(other.id));
    }
    wanted.sort_by_key(Value::to_string);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ann
            .get(&format!("/api/v2/blocks?limit=2{cursor}"))
            .await
            .ok();
        let rows = page["blocks"].as_array().expect("blocks");
        found.extend(rows.iter().map(|row| row["user_id"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, wanted);
}

#[tokio::test(start_paused = true)]
async fn who_blocks_cannot_hide_from_being_blocked() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    blocks(&ben, &ann).await;
    blocks(&ann, &ben).await;
    unblocks(&ben, &ann).await;
    sends(&ben, &ann.id, "again-0001")
        .await
        .refused(404, "USER_NOT_FOUND");
    sends(&ann, &ben.id, "again-0002")
        .await
        .refused(403, "BLOCKED");
}

#[tokio::test(start_paused = true)]
async fn before_the_first_message_who_is_blocked_finds_nobody() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    blocks(&ben, &ann).await;
    let conversation = |id: &str| format!("/api/v2/messages/conversation/{id}");
    let blocked = ann.get(&conversation(&ben.id)).await;
    let unknown = ann.get(&conversation(&nobody())).await;
    assert_eq!(seen(&blocked), seen(&unknown));
    blocked.refused(404, "USER_NOT_FOUND");
    assert!(ben.reads(&ann).await.is_empty());
    // The id of a conversation can be computed by anybody.
    let id = shared::messaging::conversation_id(&ann.id, &ben.id);
    let none = shared::messaging::conversation_id(&ann.id, &nobody());
    let mark = |id: &str| json!({ "conversation_id": id, "up_to_seq": 1 });
    let blocked = ann.post("/api/v2/messages/mark-read", mark(&id)).await;
    let unknown = ann.post("/api/v2/messages/mark-read", mark(&none)).await;
    assert_eq!(seen(&blocked), seen(&unknown));
    blocked.refused(404, "CONVERSATION_NOT_FOUND");
    for who in [&ann, &ben] {
        let list = who.get("/api/v2/messages/conversations").await.ok();
        assert_eq!(list["conversations"], json!([]));
        assert_eq!(
            who.get("/api/v2/messages/stats").await.ok()["conversations"],
            0
        );
        let state = who.get("/api/v2/sync").await.ok();
        assert_eq!(state["conversations"], json!([]));
    }
}

/// What somebody sees of everything that a block could change.
async fn view(who: &Person, partner: &Person, token: &str) -> Value {
    let conversation = format!("/api/v2/messages/conversation/{}", partner.id);
    let mut state = who
        .get(&format!("/api/v2/sync?sync_token={token}"))
        .await
        .ok();
    if let Some(state) = state.as_object_mut() {
        state.remove("sync_token");
    }
    json!([
        who.get(&conversation).await.ok(),
        who.get("/api/v2/messages/conversations").await.ok(),
        who.get("/api/v2/messages/stats").await.ok(),
        who.get("/api/v2/blocks").await.ok(),
        unread(who).await,
        state,
    ])
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_there_changes_for_who_is_blocked() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.says("hi").to(&ben).await.ok();
    ben.says("hello").to(&ann).await.ok();
    world.passes(7_200).await;
    let (ann, ben) = (ann.elsewhere().await, ben.elsewhere().await);
    let token = ann.get("/api/v2/sync").await.ok()["sync_token"].clone();
    let token = token.as_str().expect("a token");
    let before = view(&ann, &ben, token).await;
    blocks(&ben, &ann).await;
    world.settles().await;
    assert_eq!(view(&ann, &ben, token).await, before);
    assert_eq!(ben.reads(&ann).await.len(), 2);
}

fn id(sent: &Value) -> String {
    sent["id"].as_str().expect("an id").to_owned()
}

/// Marks a message as delivered and as read, as its receiver finds them.
async fn marks(who: &Person, sent: &Value) {
    let path = format!("/api/v2/messages/mark-delivered/{}", id(sent));
    let marked = who.post(&path, json!({})).await.ok();
    assert_eq!(marked["status"], "delivered");
    assert!(marked["delivered_at"].is_string());
    let read = json!({ "message_ids": [sent["id"]] });
    let marked = who.post("/api/v2/messages/mark-read", read).await.ok();
    assert_eq!(marked["marked_count"], 1);
    assert_eq!(unread(who).await["unread_count"], 0);
}

/// What somebody knows of an own message and of one that was received.
async fn knows(who: &mut Person, own: &Value, theirs: &Value) {
    let about = who.got("message.status").await;
    let own_marks = |frame: &Value| frame["data"]["user_id"] == json!(who.id);
    assert!(about.iter().all(own_marks) && about.len() == 2, "{about:?}");
    let path = |sent: &Value| format!("/api/v2/messages/{}", id(sent));
    assert_eq!(who.get(&path(own)).await.ok()["status"], "sent");
    assert_eq!(who.get(&path(theirs)).await.ok()["status"], "read");
}

#[tokio::test(start_paused = true)]
async fn receipts_stay_behind_a_block_and_own_marks_move_on() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let to_ben = ann.says("hi").to(&ben).await.ok();
    let to_ann = ben.says("hello").to(&ann).await.ok();
    blocks(&ben, &ann).await;
    ann.comes_online().await;
    ben.comes_online().await;
    marks(&ann, &to_ann).await;
    marks(&ben, &to_ben).await;
    knows(&mut ann, &to_ben, &to_ann).await;
    knows(&mut ben, &to_ann, &to_ben).await;
    let page = format!("/api/v2/messages/conversation/{}", ben.id);
    let page = ann.get(&page).await.ok();
    assert_eq!(page["read"], json!({ "mine": 2, "theirs": 0 }));
    // A message that was delivered behind the block is refunded like one that never was.
    let path = format!("/api/v2/messages/{}", id(&to_ben));
    assert_eq!(ann.delete(&path).await.ok()["refunded"], true);
    unblocks(&ben, &ann).await;
    let of_ben = json!(ben.id);
    let is_mark = |frame: &Value| frame["type"] == "message.status";
    let told = ann
        .waits(move |frame| is_mark(frame) && frame["data"]["user_id"] == of_ben)
        .await;
    assert_eq!(told["data"]["status"], "read");
}

#[tokio::test(start_paused = true)]
async fn typing_reaches_nobody_through_a_block_and_neither_notices() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    blocks(&ben, &ann).await;
    ann.comes_online().await;
    ben.comes_online().await;
    let data = json!({ "conversation_id": sent["conversation_id"], "state": "composing" });
    let frame = json!({ "v": 1, "id": "t1", "type": "typing", "ts": 0, "data": data });
    ann.sends(&frame.to_string()).await;
    ben.sends(&frame.to_string()).await;
    world.settles().await;
    for person in [&mut ann, &mut ben] {
        assert!(person.got("typing").await.is_empty());
        assert!(person.got("error").await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_races_a_block_and_either_was_first_or_is_refused() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let sends = (0..40).map(|n| sends_later(&ann, &ben, n));
    let block = async {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        blocks(&ben, &ann).await
    };
    let (answers, _) = tokio::join!(futures_util::future::join_all(sends), block);
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(
        answers
            .iter()
            .all(|answer| [200, 404, 503].contains(&answer.status))
    );
    let messages = ben.reads(&ann).await;
    assert_eq!(messages.len(), passed);
    assert!(passed < 40, "the block was last");
    ann.has_credits(100 - i64::try_from(passed).expect("few"))
        .await;
    let after = text_to(&ben.id, "after", "after-0001");
    ann.post("/api/v2/messages/send", after)
        .await
        .refused(404, "USER_NOT_FOUND");
}

async fn sends_later(ann: &Person, ben: &Person, n: u64) -> Answer {
    tokio::time::sleep(std::time::Duration::from_millis(n * 4)).await;
    sends(ann, &ben.id, &format!("race-{n:04}")).await
}

#[tokio::test(start_paused = true)]
async fn fifty_blocks_at_once_are_one() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let calls = (0..50).map(|_| ann.post("/api/v2/blocks", json!({ "user_id": ben.id })));
    let answers = futures_util::future::join_all(calls).await;
    let done: Vec<_> = answers
        .into_iter()
        .filter(|one| one.status == 201)
        .collect();
    assert!(done.iter().all(|one| one.body == done[0].body));
    assert_eq!(world.rows("data", &ann.id, "block#").await.len(), 1);
    assert_eq!(world.rows("data", &ben.id, "blocked_by#").await.len(), 1);
}
