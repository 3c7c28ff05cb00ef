//! Frames: answers, refusals, limits.

use serde_json::json;
use world::World;

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

#[tokio::test(start_paused = true)]
async fn the_fifth_malformed_frame_within_a_minute_closes() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    for n in 0..4 {
        ann.sends("{broken").await;
        let error = ann.waits(|frame| frame["type"] == "error").await;
        assert_eq!(error["data"]["code"], "BAD_FRAME", "{n}");
        assert!(error["data"]["close_code"].is_null());
        world.passes(16).await;
    }
    // The first is 64 s ago by now, so this one is the fourth within a minute.
    ann.sends("[]").await;
    let error = ann.waits(|frame| frame["type"] == "error").await;
    assert!(error["data"]["close_code"].is_null(), "{error}");
    ann.sends(&json!({ "v": 2, "id": "x", "type": "ping" }).to_string())
        .await;
    let error = ann.waits(|frame| frame["type"] == "error").await;
    assert_eq!(error["data"]["close_code"], 4013);
    assert_eq!(error["data"]["retry"], false);
    assert_eq!(ann.is_closed().await, 4013);
    world.settles().await;
    assert!(world.rows("live", &ann.id, "conn#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_sixty_first_frame_is_refused_and_three_windows_in_a_row_close() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    world.passes(30).await;
    for window in 0..3 {
        let mut sent = 0;
        let refused = loop {
            sent += 1;
            let answer = ann.asks("ping", json!({})).await;
            if answer["type"] == "error" {
                break answer;
            }
        };
        // Each answer takes some virtual milliseconds, and every sixth of a second gives one more.
        assert!((61..=64).contains(&sent), "{window}: {sent}");
        assert_eq!(refused["data"]["code"], "RATE_LIMITED");
        if window < 2 {
            assert!(refused["data"]["close_code"].is_null());
            world.passes(10).await;
        } else {
            assert_eq!(refused["data"]["close_code"], 4008);
            assert_eq!(refused["data"]["retry"], true);
            assert_eq!(refused["data"]["retry_after_ms"], 10_000);
        }
    }
    assert_eq!(ann.is_closed().await, 4008);
}

#[tokio::test(start_paused = true)]
async fn too_much_in_one_message_has_no_effect() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    let text = "x".repeat(17_000);
    let parts = [
        format!(r#"{{"v":1,"id":"big","type":"message.send","ts":0,"data":{{"content":"{text}"#),
        format!(r#"{text}","receiver_id":"{}"}}}}"#, ben.id),
    ];
    ann.sends_parts(&[&parts[0], &parts[1]]).await;
    let error = ann.waits(|frame| frame["type"] == "error").await;
    assert_eq!(error["data"]["code"], "BAD_FRAME");
    assert!(ben.reads(&ann).await.is_empty());
    ann.asks("ping", json!({})).await;
    ann.sends(&"y".repeat(33_000)).await;
    assert_eq!(ann.is_closed().await, 1009);
    ann.comes_online().await;
    let part = "z".repeat(32_000);
    ann.sends_parts(&[&part, &part, &part, &part, &part]).await;
    assert_eq!(ann.is_closed().await, 1009);
    ann.says("after all").to(&ben).await.ok();
    assert_eq!(ben.reads(&ann).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_chooses_its_ids_and_its_clock_is_never_judged() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let long = "i".repeat(64);
    for (id, ts) in [
        ("1", json!(0)),
        (long.as_str(), json!(-5)),
        ("ü", json!("late")),
    ] {
        let frame = json!({ "v": 1, "id": id, "type": "ping", "ts": ts, "more": 1, "data": {} });
        ann.sends(&frame.to_string()).await;
        let answer = ann.waits(|frame| frame["ref"] == json!(id)).await;
        assert_eq!(answer["type"], "pong");
    }
    let frame = json!({ "v": 1, "id": "i".repeat(65), "type": "ping", "data": {} });
    ann.sends(&frame.to_string()).await;
    let answer = ann.waits(|frame| frame["type"] == "error").await;
    assert_eq!(answer["data"]["code"], "BAD_FRAME");
}
