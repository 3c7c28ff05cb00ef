//! Messages that only the archive has any more, for whoever reads or changes them.

use image::ImageFormat;
use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::moderation::{Finding, ModerationItem, Severity, Subject};
use world::pictures::picture;
use world::{Person, World};

use super::archive::rests;
use crate::scenarios::admin::queue::{claims, resolves};

fn text<'a>(message: &'a Value, name: &str) -> &'a str {
    message[name].as_str().expect("a text")
}

/// Three words and a picture of Ann's, a year ago.
async fn old_words(world: &World) -> (Person, Person, Vec<Value>) {
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let picture = picture(40, 30, ImageFormat::Png);
    let media = ann.has_media("image/png", &picture).await;
    let mut sent = Vec::new();
    for word in ["green tea", "black tea", "white tea"] {
        sent.push(ann.says(word).to(&ben).await.ok());
    }
    let mut garden = ann.attaches(&[&media]).body_to(&ben);
    garden["content"] = json!("my garden");
    sent.push(ann.post("/api/v2/messages/send", garden).await.ok());
    world.settles().await;
    rests(world, &ann, &ben).await;
    (ann.elsewhere().await, ben.elsewhere().await, sent)
}

/// The picture behind a message as it is shown.
async fn is_seen(world: &World, message: &Value) {
    assert_eq!(message["content"], "my garden");
    let link = text(&message["attachments"][0], "url");
    assert_eq!(world.follows(link).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn archived_messages_are_found_by_words_and_shown_to_moderators() {
    let world = World::unlimited().await;
    let (ann, ben, _) = old_words(&world).await;
    let found = ben.get("/api/v2/messages/search?q=garden").await.ok();
    is_seen(&world, &found["messages"][0]).await;
    let path = format!("/api/admin/messages/conversation/{}/{}", ann.id, ben.id);
    let moderator = world.admin("moderator-1").await;
    let shown = moderator.get(&path).await.ok();
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(4));
    is_seen(&world, &shown["messages"][0]).await;
}

#[tokio::test(start_paused = true)]
async fn archived_messages_are_marked_judged_and_deleted() {
    let world = World::unlimited().await;
    let (ann, ben, sent) = old_words(&world).await;
    let id = |nth: usize| text(&sent[nth], "id").to_owned();
    let path = format!("/api/v2/messages/mark-delivered/{}", id(0));
    let marked = ben.post(&path, json!({})).await.ok();
    assert_eq!(
        (&marked["id"], marked["delivered_seq"].as_i64()),
        (&json!(id(0)), Some(1))
    );
    let read = json!({ "message_ids": [id(1)] });
    let read = ben.post("/api/v2/messages/mark-read", read).await.ok();
    assert_eq!(
        (&read["read_seq"], &read["marked_count"]),
        (&json!(2), &json!(2))
    );
    let finding = Finding {
        rule: "reported",
        severity: Severity::Review,
    };
    let item = ModerationItem::open(Subject::Message, id(2), &[finding], world.now());
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(item.commit()).await.expect("an item");
    let moderator = world.admin("moderator-1").await;
    claims(&moderator, &item.item_id).await.ok();
    resolves(&moderator, &item.item_id, "block").await.ok();
    let path = format!("/api/v2/messages/{}", id(2));
    ben.get(&path).await.refused(404, "MESSAGE_NOT_FOUND");
    let path = format!("/api/v2/messages/{}", id(1));
    ann.delete(&path).await.ok();
    assert_eq!(ben.get(&path).await.ok()["content"], "");
}
