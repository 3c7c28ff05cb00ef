//! Realtime (spec realtime.md, *Acceptance scenarios*).

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use world::{ADDRESS, Person, World};

async fn ticket(person: &Person) -> String {
    let answer = person
        .post("/api/v2/ws/tickets", json!({}))
        .await
        .expect(201);
    answer["ticket"].as_str().expect("a ticket").to_owned()
}

async fn opens(world: &World, ticket: &str) -> Option<u16> {
    world
        .local
        .connect(&format!("ticket={ticket}"), &[], ADDRESS)
        .await
        .err()
}

#[tokio::test(start_paused = true)]
async fn a_ticket_opens_one_socket_within_thirty_seconds() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let once = ticket(&ann).await;
    let socket = world
        .local
        .connect(&format!("ticket={once}"), &[], ADDRESS)
        .await;
    assert!(socket.is_ok());
    assert_eq!(opens(&world, &once).await, Some(401));
    let late = ticket(&ann).await;
    world.passes(31).await;
    assert_eq!(opens(&world, &late).await, Some(401));
    assert_eq!(opens(&world, "nonsense").await, Some(401));
    let orphan = ticket(&ann).await;
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    assert_eq!(opens(&world, &orphan).await, Some(401));
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_used_once_however_many_try() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let ticket = ticket(&ann).await;
    let query = format!("ticket={ticket}");
    let tries = (0..200).map(|_| world.local.connect(&query, &[], ADDRESS));
    let sockets = futures_util::future::join_all(tries).await;
    assert_eq!(sockets.iter().filter(|socket| socket.is_ok()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn foreign_origins_are_refused_and_native_clients_are_not() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let with = |origin: &str| vec![("origin".to_owned(), origin.to_owned())];
    let foreign = ticket(&ann).await;
    let query = format!("ticket={foreign}");
    let refused = world
        .local
        .connect(&query, &with("https://evil.test"), ADDRESS)
        .await;
    assert_eq!(refused.err(), Some(403));
    let listed = world
        .local
        .connect(&query, &with("http://127.0.0.1:3000"), ADDRESS)
        .await;
    assert!(listed.is_ok());
    assert_eq!(opens(&world, &ticket(&ann).await).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_greeting_tells_what_a_client_needs() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let ready = ann
        .asks("hello", json!({ "client": "test", "version": "1" }))
        .await;
    assert_eq!(ready["type"], "ready");
    assert_eq!(ready["data"]["session_id"], json!(ann.session_id));
    assert_eq!(ready["data"]["ping_interval_seconds"], 240);
    let pong = ann.asks("ping", json!({})).await;
    assert_eq!(
        (
            pong["type"].as_str(),
            pong["data"]["next_ping_seconds"].as_i64()
        ),
        (Some("pong"), Some(240))
    );
}

#[tokio::test(start_paused = true)]
async fn a_frame_gets_the_answer_of_the_http_form() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    let ack = ann.says("by frame").to_by_frame(&ben).await;
    assert_eq!(ack["type"], "message.ack");
    assert_eq!(ack["data"]["balance_after"], 99);
    let seen = ben.sees("by frame").await;
    let id = seen["data"]["id"].clone();
    let marked = ben
        .asks("message.delivered", json!({ "message_id": id }))
        .await;
    assert_eq!(
        (marked["type"].as_str(), marked["data"]["status"].as_str()),
        (Some("ok"), Some("delivered"))
    );
    let read = ben
        .asks("message.read", json!({ "message_ids": [id] }))
        .await;
    assert_eq!(read["data"]["marked_count"], 1);
    let refused = ben
        .asks("message.delivered", json!({ "message_id": "msg_nothing" }))
        .await;
    assert_eq!(
        (refused["type"].as_str(), refused["data"]["code"].as_str()),
        (Some("error"), Some("MESSAGE_NOT_FOUND"))
    );
    assert_eq!(refused["data"]["ref"], refused["ref"]);
    let unknown = ben
        .asks("message.read", json!({ "message_ids": [id], "extra": 1 }))
        .await;
    assert_eq!(unknown["data"]["code"], "UNKNOWN_FIELD");
}

#[tokio::test(start_paused = true)]
async fn a_message_by_frame_retried_by_http_is_one_message() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    let ack = ann
        .says("once")
        .under("both-ways-1")
        .to_by_frame(&ben)
        .await;
    let again = ann.says("once").under("both-ways-1").to(&ben).await.ok();
    assert_eq!(ack["data"], again);
    ann.has_credits(99).await;
    assert_eq!(ben.reads(&ann).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_and_broken_frames_are_answered_and_the_connection_stays() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let unknown = ann.asks("no.such.type", json!({})).await;
    assert_eq!(unknown["data"]["code"], "UNKNOWN_TYPE");
    ann.sends("{broken").await;
    let broken = ann.waits(|frame| frame["type"] == "error").await;
    assert_eq!(broken["data"]["code"], "BAD_FRAME");
    let ready = ann.asks("hello", json!({})).await;
    assert_eq!(ready["type"], "ready");
}

#[tokio::test(start_paused = true)]
async fn two_devices_see_the_same_frames() {
    let world = World::new().await;
    let (mut ann, mut phone) = world.two("Ann", "Ben").await;
    let mut laptop = phone.elsewhere().await;
    let mut tablet = ann.elsewhere().await;
    for person in [&mut phone, &mut laptop, &mut tablet, &mut ann] {
        person.comes_online().await;
    }
    ann.says("hi").to(&phone).await.ok();
    let (one, other) = (phone.sees("hi").await, laptop.sees("hi").await);
    assert_eq!((&one["id"], &one["seq"]), (&other["id"], &other["seq"]));
    let own = tablet.sees("hi").await;
    assert_eq!(own["data"]["sender_id"], json!(ann.id));
    assert!(
        ann.got("message.new").await.is_empty(),
        "the sending device has its answer"
    );
}

#[tokio::test(start_paused = true)]
async fn a_newer_connection_of_a_slot_replaces_the_older() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let second = ticket(&ann).await;
    let newer = world
        .local
        .connect(&format!("ticket={second}"), &[], ADDRESS)
        .await;
    assert!(newer.is_ok());
    world.settles().await;
    assert_eq!(ann.is_closed().await, 4009);
}

/// Twelve writers, each with one message to the reader before the story begins.
async fn twelve_writers(world: &World, reader: &Person) -> Vec<Person> {
    let mut writers = Vec::new();
    for n in 0..12 {
        let mut writer = world.person(&format!("Writer {n}")).await;
        writer.says("before").to(reader).await.ok();
        writers.push(writer);
    }
    writers
}

/// 250 messages by turns while the reader is away, over some twenty minutes.
async fn miss_many(world: &World, writers: &mut [Person], reader: &Person) {
    for n in 0..250 {
        let writer = &mut writers[n % 12];
        writer.says(&format!("missed {n}")).to(reader).await.ok();
        if n % 50 == 0 {
            world.passes(240).await;
        }
    }
}

/// Every missed message is there once, whoever wrote it.
async fn has_all_missed(reader: &Person, writers: &[Person]) {
    let mut texts = Vec::new();
    for writer in writers {
        texts.extend(catches_up(reader, writer, 1).await);
    }
    texts.sort_by_key(|text| {
        text["content"]
            .as_str()
            .and_then(|text| text[7..].parse::<u32>().ok())
    });
    let contents: Vec<_> = texts.iter().map(|text| text["content"].clone()).collect();
    let wanted: Vec<_> = (0..250).map(|n| json!(format!("missed {n}"))).collect();
    assert_eq!(contents, wanted);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_and_fifty_missed_messages_come_back_in_order_none_twice() {
    let world = World::unlimited().await;
    let mut ben = world.person("Ben").await;
    let mut writers = twelve_writers(&world, &ben).await;
    let mut quiet = world.person("Quiet").await;
    quiet.says("before").to(&ben).await.ok();
    world.passes(60).await;
    let state = ben.get("/api/v2/sync").await.ok();
    assert_eq!(state["conversations"].as_array().map(Vec::len), Some(13));
    let token = state["sync_token"].as_str().expect("a token").to_owned();
    world.passes(60).await;
    miss_many(&world, &mut writers, &ben).await;
    world.passes(60).await;
    ben = ben.elsewhere().await;
    ben.comes_online().await;
    let state = ben
        .asks("sync.resume", json!({ "sync_token": token }))
        .await;
    assert_eq!(state["type"], "sync.state");
    assert_eq!(state["data"]["complete"], true);
    assert_eq!(state["data"]["unread_notifications"], 0);
    let moved = state["data"]["conversations"]
        .as_array()
        .expect("conversations")
        .clone();
    assert_eq!(moved.len(), 12, "exactly the heads that moved");
    has_all_missed(&ben, &writers).await;
    let mallory = world.person("Mallory").await;
    for bad in [token.as_str(), "nonsense"] {
        let path = format!("/api/v2/sync?sync_token={bad}");
        mallory
            .get(&path)
            .await
            .refused(400, "INVALID_CONTINUATION");
    }
}

/// Fetches what came after `seq`, page by page, and proves that it is dense.
async fn catches_up(reader: &Person, writer: &Person, seq: i64) -> Vec<Value> {
    let (mut after, mut all) = (seq, Vec::new());
    loop {
        let path = format!(
            "/api/v2/messages/conversation/{}?after_seq={after}&limit=10",
            writer.id
        );
        let page = reader.get(&path).await.ok();
        for message in page["messages"].as_array().expect("messages") {
            assert_eq!(message["seq"], json!(after + 1));
            after += 1;
            all.push(message.clone());
        }
        if page["limited"] == false {
            assert_eq!(page["head_seq"], json!(after));
            return all;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_that_fails_is_repeated_and_the_client_drops_the_repeat_by_id() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    world.local.cloud().faults().outage("execute-api", true);
    ann.says("late").to(&ben).await.ok();
    world.passes(1).await;
    world.local.cloud().faults().outage("execute-api", false);
    world.passes(120).await;
    let frame = ben.sees("late").await;
    assert!(frame["id"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_dies_after_the_commit_loses_no_message() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    world.dies_after("send_message", "DynamoDB.TransactWriteItems", 1);
    let lost = ann.says("survives").under("survivor-1").to(&ben).await;
    assert!(lost.status >= 500);
    ben.sees("survives").await;
    let retried = ann.says("survives").under("survivor-1").to(&ben).await.ok();
    assert_eq!(retried["seq"], 1);
    ann.has_credits(99).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_socket_that_is_gone() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    assert_eq!(world.rows("live", &ann.id, "conn#").await.len(), 1);
    ann.vanishes();
    world.settles().await;
    assert!(world.rows("live", &ann.id, "conn#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_farewell_that_cannot_be_posted_closes_the_socket_all_the_same() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    for nth in 1..=20 {
        world.local.cloud().faults().add(Rule {
            function: Some("close_revoked_sockets".to_owned()),
            operation: Some("ExecuteApi.PostToConnection".to_owned()),
            nth,
            kind: Kind::BeforeEffect,
        });
    }
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    world.passes(5).await;
    assert!(world.local.cloud().faults().fired() > 0);
    ann.is_closed().await;
    assert!(world.rows("live", &ann.id, "conn#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_an_ended_session_is_told_the_close_code() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    // The worker that closes the socket cannot reach it yet.
    world.local.cloud().faults().outage("execute-api", true);
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    let refused = ann.asks("ping", json!({})).await;
    assert_eq!(refused["data"]["code"], "SESSION_REVOKED");
    assert_eq!(refused["data"]["close_code"], 4003);
    assert_eq!(refused["data"]["retry"], false);
}
