//! Conversations that rest for a year.

use image::ImageFormat;
use serde_json::{Value, json};
use shared::messaging::{Moderation, conversation_id};
use shared::table::{Row, Value as Number};
use world::pictures::picture;
use world::{Person, World};

use super::moderation::decides;

const DAY: i64 = 86_400;

/// All messages between two people as one of them sees them, without the links that change.
async fn all(reader: &Person, other: &Person, direction: &str) -> Vec<Value> {
    let (mut messages, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v2/messages/conversation/{}", other.id);
        let query = format!("?limit=70&direction={direction}{cursor}");
        let page = reader.get(&format!("{path}{query}")).await.ok();
        messages.extend(page["messages"].as_array().expect("messages").clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    for attachment in messages
        .iter_mut()
        .flat_map(|message| message["attachments"].as_array_mut().expect("a list"))
    {
        let attachment = attachment.as_object_mut().expect("an attachment");
        attachment.retain(|name, _| !name.starts_with("url"));
    }
    messages
}

/// A conversation over two ranges: 300 messages, one hidden, one deleted, one with a picture.
async fn old_friends(world: &World) -> (Person, Person) {
    let mut ann = world.person_with("Ann", 1_000).await;
    let mut ben = world.person_with("Ben", 1_000).await;
    let media = ann
        .has_media("image/png", &picture(40, 30, ImageFormat::Png))
        .await;
    ann.attaches(&[&media]).to(&ben).await.ok();
    for n in 2..=300 {
        match n % 7 {
            0 => ben.says(&format!("{n}")).to(&ann).await.ok(),
            _ => ann.says(&format!("{n}")).to(&ben).await.ok(),
        };
    }
    let messages = all(&ann, &ben, "newer").await;
    let id = |at: usize| messages[at]["id"].as_str().expect("an id").to_owned();
    ann.delete(&format!("/api/v2/messages/{}", id(9)))
        .await
        .ok();
    ben.delete(&format!("/api/v2/messages/{}", id(19)))
        .await
        .ok();
    world.settles().await;
    (ann, ben)
}

/// How many rows of messages are left, at most 100.
async fn rows(world: &World, ann: &Person, ben: &Person) -> usize {
    let id = conversation_id(&ann.id, &ben.id);
    world.rows("data", &id, "msg#").await.len()
}

/// A year passes, until the archive alone has their messages.
pub async fn rests(world: &World, ann: &Person, ben: &Person) {
    world.passes(364 * DAY).await;
    world.passes(6 * DAY).await;
    assert_eq!(rows(world, ann, ben).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_reads_the_same_after_a_year_though_its_rows_are_gone() {
    let world = World::unlimited().await;
    let (ann, ben) = old_friends(&world).await;
    let before = (
        all(&ann, &ben, "older").await,
        all(&ben, &ann, "newer").await,
    );
    assert_eq!((before.0.len(), before.1.len()), (300, 299));
    world.passes(360 * DAY).await;
    assert!(rows(&world, &ann, &ben).await > 0, "a year is not over");
    world.passes(8 * DAY).await;
    assert_eq!(rows(&world, &ann, &ben).await, 0);
    let (ann, ben) = (ann.elsewhere().await, ben.elsewhere().await);
    let after = (
        all(&ann, &ben, "older").await,
        all(&ben, &ann, "newer").await,
    );
    assert_eq!(after, before);
    for at in [0, 120, 299] {
        let path = format!("/api/v2/messages/{}", before.0[at]["id"].as_str().unwrap());
        let one = ann.get(&path).await.ok();
        assert_eq!(one["content"], before.0[at]["content"]);
        let cleo = world.person("Cleo").await;
        cleo.get(&path).await.refused(404, "MESSAGE_NOT_FOUND");
    }
    let beyond = format!(
        "/api/v2/messages/conversation/{}?after_seq=240&limit=20",
        ben.id
    );
    let part = ann.get(&beyond).await.ok();
    let part = part["messages"].as_array().unwrap().iter();
    let numbers: Vec<_> = part.filter_map(|message| message["seq"].as_i64()).collect();
    assert_eq!(numbers, (241..=260).collect::<Vec<i64>>());
    let first = format!(
        "/api/v2/messages/conversation/{}?after_seq=0&limit=1",
        ben.id
    );
    let first = ann.get(&first).await.ok();
    let link = first["messages"][0]["attachments"][0]["url"].clone();
    assert_eq!(world.follows(link.as_str().unwrap()).await.status, 200);
}

/// A message of Ann's that Ben has read is blocked and let go again.
async fn is_moderated(world: &World, (ann, ben): (&Person, &Person), old: &Value) {
    assert_eq!(old["sender_id"], json!(ann.id));
    decides(world, old, Moderation::Blocked).await;
    let path = format!("/api/v2/messages/{}", old["id"].as_str().unwrap());
    ben.get(&path).await.refused(404, "MESSAGE_NOT_FOUND");
    assert_eq!(ann.get(&path).await.ok()["moderation_status"], "blocked");
    decides(world, old, Moderation::Approved).await;
    assert_eq!(ben.get(&path).await.ok()["content"], old["content"]);
}

/// Ben marks one of the messages as read: what is left unread are Ann's after it.
async fn marks(ben: &Person, (ann, messages): (&Person, &[Value]), at: usize) {
    let count = |value: &Value| value.as_i64().expect("a number");
    let unread =
        async || ben.get("/api/v2/messages/unread-count").await.ok()["unread_count"].clone();
    let before = unread().await;
    let mark = json!({ "message_ids": [messages[at]["id"]] });
    let marked = ben.post("/api/v2/messages/mark-read", mark).await.ok();
    let left = unread().await;
    assert_eq!(
        count(&before) - count(&marked["marked_count"]),
        count(&left)
    );
    let of_ann = |m: &&Value| m["sender_id"] == json!(ann.id) && m["is_deleted"] == json!(false);
    let after = messages.iter().skip(at + 1).filter(of_ann).count();
    assert_eq!(after as i64, count(&left), "{at}");
}

#[tokio::test(start_paused = true)]
async fn an_archived_conversation_is_marked_continued_and_archived_again() {
    let world = World::unlimited().await;
    let (ann, ben) = old_friends(&world).await;
    rests(&world, &ann, &ben).await;
    let (mut ann, mut ben) = (ann.elsewhere().await, ben.elsewhere().await);
    let messages = all(&ben, &ann, "newer").await;
    // More than the head remembers singly, and less.
    for at in [20, 100] {
        marks(&ben, (&ann, &messages), at).await;
    }
    // Deleting reaches the archive too.
    let gone = messages[149]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/messages/{gone}");
    let scope = if messages[149]["sender_id"] == json!(ann.id) {
        &ann
    } else {
        &ben
    };
    scope.delete(&path).await.ok();
    assert_eq!(ben.get(&path).await.ok()["content"], "");
    // So does moderation.
    is_moderated(&world, (&ann, &ben), &messages[50]).await;
    // A client id of the year before belongs to a new message now.
    let reused = messages[200]["client_message_id"].clone();
    let reused = reused
        .as_str()
        .map_or("reused-0001".to_owned(), str::to_owned);
    let sent = ben.says("back again").under(&reused).to(&ann).await.ok();
    assert_eq!(
        (&sent["seq"], messages.iter().any(|m| m["id"] == sent["id"])),
        (&json!(301), false)
    );
    ann.says("welcome").to(&ben).await.ok();
    let before = all(&ann, &ben, "older").await;
    assert_eq!(before.len(), 302);
    world.passes(740 * DAY).await;
    assert_eq!(rows(&world, &ann, &ben).await, 0);
    let (ann, ben) = (ann.elsewhere().await, ben.elsewhere().await);
    assert_eq!(all(&ann, &ben, "older").await, before);
}

/// Whoever has read the head before would otherwise write over what others have written since.
#[tokio::test(start_paused = true)]
async fn archiving_raises_the_revision_of_the_head() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.says("hi").to(&ben).await.ok();
    world.settles().await;
    let id = conversation_id(&ann.id, &ben.id);
    let head = async || world.rows("data", &id, "head").await.remove(0);
    let revision = |head: &Row| match &head["rv"] {
        Number::N(number) => number.parse::<i64>().expect("a number"),
        other => panic!("{other:?}"),
    };
    let before = head().await;
    rests(&world, &ann, &ben).await;
    let after = head().await;
    assert_ne!(after.get("ar"), before.get("ar"), "archived");
    assert!(revision(&after) > revision(&before));
}

#[tokio::test(start_paused = true)]
async fn the_archive_survives_a_death_after_every_kind_of_step() {
    let world = World::unlimited().await;
    let (mut ann, ben) = old_friends(&world).await;
    let before = all(&ann, &ben, "older").await;
    world.passes(364 * DAY).await;
    let deaths = [
        ("S3.PutObject", 1),
        ("S3.PutObject", 2),
        ("S3.GetObject", 4),
        ("DynamoDB.PutItem", 1),
        ("DynamoDB.PutItem", 2),
        ("DynamoDB.DeleteItem", 1),
        ("DynamoDB.DeleteItem", 270),
    ];
    world.local.cloud().faults().count_from_zero();
    for (operation, nth) in deaths {
        world.dies_after("archive_conversations", operation, nth);
    }
    for day in 0..14 {
        world.passes(DAY).await;
        ann = ann.elsewhere().await;
        assert_eq!(all(&ann, &ben, "older").await, before, "day {day}");
    }
    assert_eq!(world.local.cloud().faults().fired(), deaths.len());
    assert_eq!(rows(&world, &ann, &ben).await, 0);
}
