//! Delivered, read, unread, typing.

use serde_json::json;
use world::World;

use super::unread;

#[tokio::test(start_paused = true)]
async fn delivery_is_marked_once_and_only_by_the_receiver() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let cleo = world.person("Cleo").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    let id = sent["id"].as_str().expect("an id");
    let path = format!("/api/v2/messages/mark-delivered/{id}");
    ann.post(&path, json!({}))
        .await
        .refused(403, "NOT_RECEIVER");
    cleo.post(&path, json!({}))
        .await
        .refused(404, "MESSAGE_NOT_FOUND");
    ann.comes_online().await;
    ben.comes_online().await;
    let first = ben.post(&path, json!({})).await.ok();
    assert_eq!(
        (first["status"].as_str(), first["delivered_seq"].as_i64()),
        (Some("delivered"), Some(1))
    );
    let told = ann.waits(|frame| frame["type"] == "message.status").await;
    assert_eq!(told["data"]["status"], "delivered");
    assert_eq!(told["data"]["up_to_seq"], 1);
    let own = ben.waits(|frame| frame["type"] == "message.status").await;
    assert_eq!(
        (&own["data"]["status"], &own["data"]["unread_count"]),
        (&json!("delivered"), &json!(1)),
        "for the own other devices"
    );
    world.passes(60).await;
    let second = ben.post(&path, json!({})).await.ok();
    assert_eq!(first, second);
    let message = ann.get(&format!("/api/v2/messages/{id}")).await.ok();
    assert_eq!(message["delivered_at"], first["delivered_at"]);
}

#[tokio::test(start_paused = true)]
async fn reading_implies_delivery_and_the_sender_sees_it() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    let sent = ann.says("hi").to(&ben).await.ok();
    let body = json!({ "message_ids": [sent["id"]] });
    let marked = ben.post("/api/v2/messages/mark-read", body).await.ok();
    assert_eq!(
        (marked["success"].as_bool(), marked["marked_count"].as_i64()),
        (Some(true), Some(1))
    );
    let told = ann.waits(|frame| frame["data"]["status"] == "read").await;
    assert_eq!(told["type"], "message.status");
    let id = sent["id"].as_str().expect("an id");
    let message = ann.get(&format!("/api/v2/messages/{id}")).await.ok();
    assert_eq!(message["status"], "read");
    assert!(message["read_at"].is_string() && message["delivered_at"].is_string());
}

#[tokio::test(start_paused = true)]
async fn unread_counts_are_exact() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(ann.says(text).to(&ben).await.ok()["id"].clone());
    }
    world.settles().await;
    let count = unread(&ben).await;
    assert_eq!(count["unread_count"], 3);
    assert_eq!(count["by_sender"][&ann.id], 3);
    ben.post(
        "/api/v2/messages/mark-read",
        json!({ "message_ids": ids[..2] }),
    )
    .await
    .ok();
    world.settles().await;
    assert_eq!(unread(&ben).await["unread_count"], 1);
    let path = format!("/api/v2/messages/unread-count?sender_id={}", ann.id);
    assert_eq!(ben.get(&path).await.ok()["unread_count"], 1);
}

#[tokio::test(start_paused = true)]
async fn typing_reaches_the_partner_only() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    world.settles().await;
    ann.comes_online().await;
    ben.comes_online().await;
    cleo.comes_online().await;
    let data = json!({ "conversation_id": sent["conversation_id"], "state": "composing" });
    let frame = json!({ "v": 1, "id": "t1", "type": "typing", "ts": 0, "data": data });
    ann.sends(&frame.to_string()).await;
    let seen = ben.waits(|frame| frame["type"] == "typing").await;
    assert_eq!(seen["data"]["user_id"], json!(ann.id));
    assert_eq!(seen["data"]["expires_in_ms"], 6_000);
    let refused = cleo.asks("typing", data).await;
    assert_eq!(refused["data"]["code"], "CONVERSATION_NOT_FOUND");
    assert!(cleo.got("typing").await.is_empty());
}
