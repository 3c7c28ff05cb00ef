//! A push that is not true any more is dropped, and no push goes out twice.

use serde_json::json;
use shared::aws::queue::{Notices, Pushes, Queue};
use shared::calls::CallType;
use shared::notifications::{MailJob, Notice, PushJob, Told};
use world::{Person, World};

use super::rings::apart;
use super::{android, heard, pushes, registers, rows};
use crate::scenarios::calls::Talk;

/// Why the pushes of a trigger were not sent.
async fn dropped(world: &World, person: &Person, trigger: &str) -> Vec<String> {
    let rows = rows(world, person, trigger).await.into_iter();
    let rows = rows.map(|row| serde_json::to_value(row).expect("a row"));
    let rows = rows.filter(|row| row["status"] == "failed");
    rows.map(|row| row["detail"].as_str().expect("a detail").to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_is_picked_up_50_seconds_late_is_dropped() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.local.hold_streams(true);
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(50).await;
    world.local.hold_streams(false);
    world.settles().await;
    assert_eq!(dropped(&world, &ben, "call.incoming").await, ["expired"]);
    let missed = [("android-of-ben".to_owned(), "call.missed".to_owned())];
    assert_eq!(heard(&world), missed, "nothing rings, so nothing stops");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_comes_back_after_the_ringing_sends_nothing() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.settles().await;
    world.dies_after("deliver_push", "DynamoDB.GetItem", 1);
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    assert!(pushes(&world).is_empty(), "the worker died");
    world.passes(200).await;
    assert_eq!(dropped(&world, &ben, "call.incoming").await, ["expired"]);
    let missed = [("android-of-ben".to_owned(), "call.missed".to_owned())];
    assert_eq!(heard(&world), missed);
}

#[tokio::test(start_paused = true)]
async fn a_ring_for_a_call_that_was_answered_meanwhile_is_dropped() {
    let world = World::new().await.punctual();
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.local.hold_streams(true);
    let talk = Talk::rings(&ann, &ben, "audio").await;
    talk.accepts(&ben).await.ok();
    world.local.hold_streams(false);
    world.settles().await;
    assert_eq!(dropped(&world, &ben, "call.incoming").await, ["cancelled"]);
    assert!(pushes(&world).is_empty());
}

/// The notice of a ring, as the stream tells it.
fn notice(talk: &Talk, ann: &Person, ben: &Person, world: &World) -> Notice {
    Notice {
        user_id: ben.id.clone(),
        event: talk.id.clone(),
        told: Told::CallIncoming {
            call_id: talk.id.clone(),
            caller_id: ann.id.clone(),
            call_type: CallType::Audio,
            until: world.now().plus(40_000).ms(),
        },
        at: world.now().ms(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_five_times_rings_once() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    let again = vec![notice(&talk, &ann, &ben, &world); 5];
    let queue = Queue::<Notices>::of(&world.local.env("local"));
    queue.send(&again, "again").await.expect("queued");
    world.settles().await;
    queue.send(&again, "again").await.expect("queued");
    world.settles().await;
    assert_eq!(rows(&world, &ben, "call.incoming").await.len(), 1);
    assert_eq!(pushes(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_delivered_many_times_at_once_sends_once() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.local.cloud().faults().outage("sns", true);
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    world.local.cloud().faults().outage("sns", false);
    let row = rows(&world, &ben, "call.incoming").await.remove(0);
    assert_eq!((row.claims, row.retry_count), (1, 1));
    let job = PushJob::Send(MailJob {
        user_id: row.user_id.clone(),
        id: row.id.clone(),
        due_at: row.due_at.expect("a retry").ms(),
    });
    let queue = Queue::<Pushes>::of(&world.local.env("local"));
    queue.send(&vec![job; 30], "again").await.expect("queued");
    world.settles().await;
    assert_eq!(pushes(&world).len(), 1);
    let row = rows(&world, &ben, "call.incoming").await.remove(0);
    let row = serde_json::to_value(row).expect("a row");
    assert_eq!(
        (&row["claims"], &row["status"]),
        (&json!(2), &json!("sent"))
    );
    world.passes(40).await;
    let rings = heard(&world).into_iter();
    let rings = rings.filter(|(_, kind)| kind == "call.incoming").count();
    assert_eq!(rings, 1, "the planned retry finds that it is sent");
}
