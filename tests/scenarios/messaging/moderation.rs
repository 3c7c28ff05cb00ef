//! Detectors and moderation: what is refused, held, flagged and blocked, and what it costs.

use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::messaging::{Judged, Moderating, Moderation, Shelf, fail, moderate};
use shared::moderation::{ItemState, ModerationItem, Subject, open_items};
use shared::table::Commit;
use world::{Person, World};

use super::unread;

/// What the detectors hold back, from new accounts.
const REQUEST: &str = "can you lend me 50 euros please";
/// What they let pass and show to a moderator.
const NUMBER: &str = "call me at +1 202 555 0142";

pub(super) fn tables(world: &World) -> Tables {
    Tables::of(&world.local.env("local"))
}

fn id(sent: &Value) -> &str {
    sent["id"].as_str().expect("an id")
}

/// Decides as a moderator, which has no route so far.
pub async fn decides(world: &World, sent: &Value, to: Moderation) -> Judged {
    let shelf = Shelf::of(&world.local.env("local"));
    let at = Moderating {
        message_id: id(sent),
        shelf: Some(&shelf),
        now: world.now(),
    };
    let judged = moderate(&tables(world), at, to, &|_| Ok(Commit::new())).await;
    world.settles().await;
    judged.expect("a decision")
}

async fn item(world: &World, sent: &Value) -> Option<ModerationItem> {
    let key = ModerationItem::key_of(&ModerationItem::id_of(Subject::Message, id(sent)));
    tables(world).get_consistent(&key).await.expect("an answer")
}

async fn listed(person: &Person) -> Value {
    let list = person.get("/api/v2/messages/conversations").await.ok();
    list["conversations"].clone()
}

async fn stats(person: &Person) -> Value {
    person.get("/api/v2/messages/stats").await.ok()
}

#[tokio::test(start_paused = true)]
async fn a_held_message_is_sent_for_its_sender_and_nothing_for_its_receiver() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let sent = ann.says(REQUEST).to(&ben).await.ok();
    assert_eq!(
        (&sent["status"], &sent["moderation_status"]),
        (&json!("sent"), &json!("pending"))
    );
    world.settles().await;
    ann.has_credits(99).await;
    assert_eq!(ann.reads(&ben).await[0]["status"], "sent");
    assert!(ben.got("message.new").await.is_empty());
    assert!(ben.reads(&ann).await.is_empty());
    assert_eq!(unread(&ben).await["unread_count"], 0);
    assert_eq!(listed(&ben).await, json!([]));
    assert_eq!(stats(&ben).await["received"], 0);
    let path = format!("/api/v2/messages/{}", id(&sent));
    ben.get(&path).await.refused(404, "MESSAGE_NOT_FOUND");
    let mark = format!("/api/v2/messages/mark-delivered/{}", id(&sent));
    ben.post(&mark, json!({}))
        .await
        .refused(404, "MESSAGE_NOT_FOUND");
    let wish = json!({ "conversation_id": sent["conversation_id"], "up_to_seq": 9 });
    ben.post("/api/v2/messages/mark-read", wish)
        .await
        .refused(404, "CONVERSATION_NOT_FOUND");
    decides(&world, &sent, Moderation::Approved).await;
    let frame = ben.sees(REQUEST).await;
    assert_eq!(
        (&frame["seq"], &frame["data"]["id"]),
        (&json!(1), &sent["id"])
    );
    assert_eq!(frame["data"]["conversation"]["unread_count"], 1);
    assert_eq!(unread(&ben).await["unread_count"], 1);
    assert_eq!(listed(&ben).await[0]["last_message"]["preview"], REQUEST);
    assert_eq!(stats(&ben).await["received"], 1);
    ann.has_credits(99).await;
    assert_eq!(
        item(&world, &sent).await.expect("an item").state,
        ItemState::Resolved
    );
}

#[tokio::test(start_paused = true)]
async fn blocking_a_held_message_fails_and_refunds_it_once() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    let sent = ann.says(REQUEST).to(&ben).await.ok();
    world.settles().await;
    decides(&world, &sent, Moderation::Blocked).await;
    ann.has_credits(100).await;
    let told = ann.waits(|frame| frame["type"] == "message.status").await;
    assert_eq!(
        (&told["data"]["status"], &told["data"]["id"]),
        (&json!("failed"), &sent["id"])
    );
    assert_eq!(ann.reads(&ben).await[0]["status"], "failed");
    assert_eq!(listed(&ann).await[0]["last_message"]["status"], "failed");
    // A failed message stays failed, and is paid back once, whatever is decided later.
    decides(&world, &sent, Moderation::Approved).await;
    decides(&world, &sent, Moderation::Blocked).await;
    ann.delete(&format!("/api/v2/messages/{}", id(&sent)))
        .await
        .ok();
    ann.has_credits(100).await;
    assert!(ben.got("message.new").await.is_empty() && ben.got("message.updated").await.is_empty());
    assert!(ben.reads(&ann).await.is_empty());
    assert_eq!(
        (
            stats(&ann).await["credits_spent"].as_i64(),
            &listed(&ben).await
        ),
        (Some(0), &json!([]))
    );
}

#[tokio::test(start_paused = true)]
async fn approval_after_later_messages_were_read_keeps_place_and_numbers() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let held = ann.says(REQUEST).to(&ben).await.ok();
    let later = ann.says("how was your day?").to(&ben).await.ok();
    ann.says("tell me").to(&ben).await.ok();
    world.settles().await;
    assert_eq!(unread(&ben).await["unread_count"], 2);
    let wish = json!({ "message_ids": [later["id"]] });
    ben.post("/api/v2/messages/mark-read", wish).await.ok();
    assert_eq!(unread(&ben).await["unread_count"], 1);
    world.passes(60).await;
    assert_eq!(ann.reads(&ben).await[2]["status"], "sent");
    let judged = decides(&world, &held, Moderation::Approved).await;
    assert_eq!(ben.sees(REQUEST).await["seq"], 1);
    let seqs: Vec<_> = ben
        .reads(&ann)
        .await
        .iter()
        .map(|one| one["seq"].clone())
        .collect();
    assert_eq!(seqs, [json!(3), json!(2), json!(1)]);
    // What was read beyond it covers it, but not before it could be seen.
    assert_eq!(unread(&ben).await["unread_count"], 1);
    let shown = &ann.reads(&ben).await[2];
    assert_eq!(
        (&shown["status"], &shown["read_at"]),
        (&json!("read"), &json!(judged.message.released_at))
    );
    assert_eq!(listed(&ben).await[0]["last_message"]["preview"], "tell me");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_message_leaves_nothing() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let texts = [
        ("I will kill you", "threat"),
        ("k1ll y0urself", "self_harm"),
        ("verkaufe koks, 70 das gramm", "illegal_sale"),
    ];
    for (text, rule) in texts {
        let refused = ann
            .says(text)
            .to(&ben)
            .await
            .refused(422, "CONTENT_REJECTED");
        assert_eq!(refused["details"], json!({ "rule": rule }));
    }
    world.settles().await;
    ann.has_credits(100).await;
    assert!(ben.got("message.new").await.is_empty());
    assert_eq!(listed(&ann).await, json!([]));
    assert_eq!(ann.says("hello").to(&ben).await.ok()["seq"], 1);
    let mut poor = world.person_with("Cleo", 0).await;
    poor.says("I will kill you")
        .to(&ben)
        .await
        .refused(422, "CONTENT_REJECTED");
}

#[tokio::test(start_paused = true)]
async fn a_flagged_message_is_seen_and_its_sealed_copy_survives_deletion() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let sent = ann.says(NUMBER).to(&ben).await.ok();
    assert_eq!(sent["moderation_status"], "flagged");
    ben.sees(NUMBER).await;
    let open = open_items(&tables(&world), None, None, 50)
        .await
        .expect("a queue");
    assert_eq!(open.len(), 1);
    assert_eq!(
        (&*open[0].target_id, &*open[0].reasons),
        (id(&sent), &["phone_number".to_owned()][..])
    );
    ann.delete(&format!("/api/v2/messages/{}", id(&sent)))
        .await
        .ok();
    assert_eq!(ben.reads(&ann).await[0]["content"], "");
    let kept = item(&world, &sent).await.expect("an item");
    let evidence = kept.sealed_evidence.expect("evidence");
    assert!(evidence.content == NUMBER && evidence.is_intact(id(&sent)));
    assert!(!evidence.is_intact("msg_other"));
    // The same from an account that is older than 72 hours is nobody's business.
    world.passes(73 * 3_600).await;
    let mut ann = ann.elsewhere().await;
    let late = ann.says(NUMBER).to(&ben).await.ok();
    assert_eq!(late["moderation_status"], "approved");
    assert!(item(&world, &late).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_blocked_message_disappears_and_comes_back() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    ann.says("first").to(&ben).await.ok();
    let sent = ann.says("second").to(&ben).await.ok();
    ben.sees("second").await;
    let mark = format!("/api/v2/messages/mark-delivered/{}", id(&sent));
    ben.post(&mark, json!({})).await.ok();
    decides(&world, &sent, Moderation::Flagged).await;
    assert_eq!(ben.reads(&ann).await[0]["moderation_status"], "flagged");
    decides(&world, &sent, Moderation::Blocked).await;
    let told = |frame: &Value| frame["data"]["moderation_status"] == "blocked";
    assert_eq!(ben.waits(told).await["data"]["content"], "");
    assert_eq!(ben.reads(&ann).await.len(), 1);
    assert_eq!(listed(&ben).await[0]["last_message"]["preview"], "first");
    assert_eq!(unread(&ben).await["unread_count"], 1);
    assert_eq!(ann.reads(&ben).await[0]["content"], "");
    ann.has_credits(98).await;
    decides(&world, &sent, Moderation::Approved).await;
    assert_eq!(ben.reads(&ann).await[0]["content"], "second");
    assert_eq!(listed(&ben).await[0]["last_message"]["preview"], "second");
    assert_eq!(unread(&ben).await["unread_count"], 2);
    assert_eq!(stats(&ben).await["received"], 2);
}

#[tokio::test(start_paused = true)]
async fn the_receivers_end_fails_what_was_not_delivered() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let read = ann.says("one").to(&ben).await.ok();
    let mark = format!("/api/v2/messages/mark-delivered/{}", id(&read));
    ben.post(&mark, json!({})).await.ok();
    let sent = ann.says("two").to(&ben).await.ok();
    for message in [&read, &sent, &sent] {
        let at = Moderating {
            message_id: id(message),
            shelf: None,
            now: world.now(),
        };
        fail(&tables(&world), at).await.expect("an answer");
    }
    world.settles().await;
    ann.has_credits(99).await;
    let statuses: Vec<_> = ann
        .reads(&ben)
        .await
        .iter()
        .map(|one| one["status"].clone())
        .collect();
    assert_eq!(statuses, [json!("failed"), json!("delivered")]);
}

#[tokio::test(start_paused = true)]
async fn the_sixth_new_contact_with_the_same_text_flags_message_and_sender() {
    let world = World::unlimited().await;
    let mut ann = world.person("Ann").await;
    let texts = [
        "Hi there, lovely smile",
        "hi there,  lovely SMILE",
        "H\u{456} there, lovely smile!",
    ];
    for n in 0..7 {
        let other = world.person(&format!("Person {n}")).await;
        let sent = ann.says(texts[n % 3]).to(&other).await.ok();
        let wanted = if n < 5 { "approved" } else { "flagged" };
        assert_eq!(sent["moderation_status"], wanted, "{n}");
    }
    world.settles().await;
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 1);
    let other = world.person("Another").await;
    let sent = ann.says("something else").to(&other).await.ok();
    assert_eq!(sent["moderation_status"], "approved");
    world.passes(3_601).await;
    let mut ann = ann.elsewhere().await;
    let late = world.person("Late").await;
    let sent = ann.says(texts[0]).to(&late).await.ok();
    assert_eq!(sent["moderation_status"], "approved");
}

#[tokio::test(start_paused = true)]
async fn six_flags_ask_for_somebody_to_look_at_the_person() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..6 {
        let open = open_items(&tables(&world), Some(Subject::User), None, 50).await;
        assert!(open.expect("a queue").is_empty(), "after {n} flags");
        let text = format!("look at this: bit.ly/offer{n}");
        assert_eq!(
            ann.says(&text).to(&ben).await.ok()["moderation_status"],
            "flagged"
        );
        world.settles().await;
    }
    let open = open_items(&tables(&world), Some(Subject::User), None, 50).await;
    let targets: Vec<_> = open
        .expect("a queue")
        .into_iter()
        .map(|one| one.target_id)
        .collect();
    assert_eq!(targets, [ann.id.clone()]);
}

#[tokio::test(start_paused = true)]
async fn a_link_of_a_blocked_message_is_held_when_others_send_it() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    let text = "my studio: linden-keramik.de/kurs";
    let first = ann.says(text).to(&ben).await.ok();
    assert_eq!(first["moderation_status"], "approved");
    decides(&world, &first, Moderation::Blocked).await;
    ben.comes_online().await;
    let second = cleo.says("see linden-keramik.de/kurs").to(&ben).await.ok();
    world.settles().await;
    let held = cleo.reads(&ben).await;
    assert_eq!(
        (&held[0]["id"], &held[0]["moderation_status"]),
        (&second["id"], &json!("pending"))
    );
    assert!(ben.reads(&cleo).await.is_empty());
    assert_eq!(unread(&ben).await["unread_count"], 0);
    let reasons = item(&world, &second).await.expect("an item").reasons;
    assert_eq!(reasons, ["spam_link"]);
}
