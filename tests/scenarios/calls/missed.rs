//! Missed calls wait inside the app.

use serde_json::json;
use shared::aws::dynamo::Tables;
use shared::notifications::{Entry, Inbox};
use shared::table::item_of;
use world::{Person, World};

use super::phone::meet;
use super::{Talk, dials, friends};

/// What waits for a person, oldest first, and how much of it is unread.
async fn inbox(world: &World, person: &Person) -> (Vec<Entry>, i64) {
    world.settles().await;
    let rows = world.rows("data", &person.id, Entry::PREFIX).await;
    let entries = rows
        .into_iter()
        .map(|row| item_of(row).expect("an entry"))
        .collect();
    let tables = Tables::of(&world.local.env("local"));
    let place = Inbox::key_of(&person.id);
    let figure: Option<Inbox> = tables.get_consistent(&place).await.expect("a table");
    (entries, figure.map_or(0, |figure| figure.unread_count))
}

/// The calls that an inbox tells of.
fn calls(entries: &[Entry]) -> Vec<String> {
    let told = |entry: &Entry| entry.trigger == "call.missed";
    assert!(entries.iter().all(told), "{entries:?}");
    let call = |entry: &Entry| {
        entry.payload["call_id"]
            .as_str()
            .expect("a call")
            .to_owned()
    };
    entries.iter().map(call).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_answers_waits_in_the_app() {
    let world = World::new().await;
    let (ann, mut ben) = friends(&world, 100).await;
    let mut laptop = ben.elsewhere().await;
    laptop.comes_online().await;
    let talk = Talk::rings(&ann, &ben, "video").await;
    world.passes(44).await;
    assert_eq!(inbox(&world, &ben).await, (Vec::new(), 0), "still ringing");
    world.passes(2).await;
    for device in [&mut ben, &mut laptop] {
        let told = device
            .waits(|frame| frame["type"] == "notification.new")
            .await;
        let told = &told["data"]["notification"];
        assert_eq!(told["title"], "Missed call");
        assert_eq!(told["message"], "You missed a video call.");
        let ids = json!({ "call_id": talk.id, "caller_id": ann.id });
        assert_eq!((&told["payload"], &told["status"]), (&ids, &json!("sent")));
        let badge = device.waits(|frame| frame["type"] == "badge").await;
        assert_eq!(badge["data"]["unread_count"], 1);
    }
    let (entries, unread) = inbox(&world, &ben).await;
    assert_eq!((calls(&entries), unread), (vec![talk.id], 1));
    assert_eq!(inbox(&world, &ann).await, (Vec::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn giving_up_and_finding_somebody_busy_wait_and_what_was_answered_does_not() {
    let world = World::unlimited().await;
    let (ann, mut ben) = friends(&world, 101).await;
    let mut cleo = world.person("Cleo").await;
    meet(&mut ben, &mut cleo).await;
    let declined = Talk::rings(&ann, &ben, "audio").await;
    declined.rejects(&ben, "declined").await.ok();
    let gave_up = Talk::rings(&ann, &ben, "audio").await;
    gave_up.ends(&ann).await.ok();
    world.passes(1).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    dials(&cleo, &ben, "audio", "busy-line-4")
        .await
        .refused(409, "CALLEE_BUSY");
    talk.ends(&ben).await.ok();
    let blocked = Talk::rings(&ann, &ben, "audio").await;
    let block = json!({ "user_id": ann.id });
    ben.post("/api/v2/blocks", block).await.expect(201);
    assert_eq!(blocked.seen(&ben).await["status"], "cancelled");
    let (entries, unread) = inbox(&world, &ben).await;
    let busy = cleo.get("/api/v2/calls/history").await.ok()["calls"][0]["id"].clone();
    let busy = busy.as_str().expect("an id").to_owned();
    assert_eq!(calls(&entries), [gave_up.id, busy]);
    assert_eq!(unread, 2);
    for other in [&ann, &cleo] {
        assert_eq!(inbox(&world, other).await, (Vec::new(), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_told_again_has_one_entry_in_the_language_of_the_person() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let account = ben.get("/api/v2/user").await.ok();
    let german = json!({ "locale": "de-AT", "version": account["version"] });
    ben.call("PATCH", "/api/v2/user", Some(german)).await.ok();
    // The queue delivers again, and so does the stream.
    world.dies_after("plan_notifications", "DynamoDB.TransactWriteItems", 1);
    for nth in 1..=4 {
        world.dies_after("fan_out_events", "SQS.SendMessageBatch", nth);
    }
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.ends(&ann).await.ok();
    world.passes(300).await;
    let (entries, unread) = inbox(&world, &ben).await;
    assert_eq!((calls(&entries), unread), (vec![talk.id], 1));
    assert_eq!(entries[0].message, "Du hast einen Anruf verpasst.");
    assert!(world.local.cloud().dead_letters("notices").is_empty());
}
