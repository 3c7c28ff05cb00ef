//! Deleting for everyone and for oneself.

use serde_json::json;
use world::{Person, World};

use super::unread;

#[tokio::test(start_paused = true)]
async fn deleting_for_everyone_before_delivery_gives_the_credit_back_once() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("oops").to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().expect("an id"));
    let first = ann.delete(&path).await.ok();
    assert_eq!(
        (first["is_deleted"].as_bool(), first["refunded"].as_bool()),
        (Some(true), Some(true))
    );
    ann.has_credits(100).await;
    let second = ann.delete(&path).await.ok();
    assert_eq!(second["deleted_at"], first["deleted_at"]);
    ann.has_credits(100).await;
    world.settles().await;
    assert_eq!(unread(&ben).await["unread_count"], 0);
    assert_eq!(ben.reads(&ann).await[0]["content"], "");
    let other = ann.says("seen").to(&ben).await.ok();
    let id = other["id"].as_str().expect("an id");
    ben.post(&format!("/api/v2/messages/mark-delivered/{id}"), json!({}))
        .await
        .ok();
    let late = ann.delete(&format!("/api/v2/messages/{id}")).await.ok();
    assert_eq!(late["refunded"], false);
    ann.has_credits(99).await;
}

#[tokio::test(start_paused = true)]
async fn the_receiver_hides_a_message_for_themselves_only() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().expect("an id"));
    assert_eq!(ben.delete(&path).await.ok()["scope"], "me");
    assert!(ben.reads(&ann).await.is_empty());
    assert_eq!(ann.reads(&ben).await[0]["content"], "hi");
    world.settles().await;
    let preview = async |who: &Person| {
        let list = who.get("/api/v2/messages/conversations").await.ok();
        list["conversations"][0]["last_message"]["preview"].clone()
    };
    assert_eq!(preview(&ben).await, "");
    assert_eq!(preview(&ann).await, "hi");
    ben.delete(&format!("{path}?scope=everyone"))
        .await
        .refused(403, "NOT_SENDER");
    let gone = ann.delete(&format!("{path}?scope=everyone")).await.ok();
    assert_eq!(gone["scope"], "everyone");
}
