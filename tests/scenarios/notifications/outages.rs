//! The provider is down, or the worker dies: retries at the stated times, never past the ring.

use serde_json::{Value, json};
use world::{Person, World};

use super::rings::apart;
use super::{android, heard, pushes, registers, rows};
use crate::scenarios::calls::Talk;

/// The only push of a trigger.
async fn only(world: &World, person: &Person, trigger: &str) -> Value {
    let rows = rows(world, person, trigger).await;
    assert_eq!(rows.len(), 1, "{trigger}");
    serde_json::to_value(&rows[0]).expect("a row")
}

/// Somebody misses a call whose ringing reached no phone.
async fn misses(world: &World, ann: &Person, ben: &Person) {
    let talk = Talk::rings(ann, ben, "audio").await;
    world.settles().await;
    registers(ben, android("android-of-ben")).await;
    talk.ends(ann).await.ok();
    world.settles().await;
}

#[tokio::test(start_paused = true)]
async fn a_ring_is_tried_again_once_and_never_after_its_end() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.local.cloud().faults().outage("sns", true);
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    let first = only(&world, &ben, "call.incoming").await;
    assert_eq!(first["detail"], "retrying");
    assert!(
        first["failed_reason"]
            .as_str()
            .is_some_and(|why| why.starts_with("temporary: "))
    );
    let pause = |row: &Value| {
        let at = |name: &str| row[name].as_i64().expect("an instant");
        at("due_at") - at("updated_at")
    };
    assert!((24_000..=36_000).contains(&pause(&first)), "{first}");
    world.passes(40).await;
    let over = only(&world, &ben, "call.incoming").await;
    assert_eq!(
        (&over["status"], &over["detail"]),
        (&json!("failed"), &json!("expired"))
    );
    assert_eq!(over["claims"], 2, "the next try would come too late");
    let late = over["updated_at"].as_i64().expect("an instant") - first["due_at"].as_i64().unwrap();
    assert!((0..=6_000).contains(&late), "tried at its time: {late}");
    world.local.cloud().faults().outage("sns", false);
    world.passes(300).await;
    let rings = heard(&world)
        .into_iter()
        .filter(|(_, kind)| kind == "call.incoming");
    assert_eq!(rings.count(), 0);
    assert!(world.local.cloud().dead_letters("pushes").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_ring_arrives_by_a_retry_when_the_provider_is_back_in_time() {
    let world = World::new().await.punctual();
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.local.cloud().faults().outage("sns", true);
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    world.local.cloud().faults().outage("sns", false);
    world.passes(38).await;
    let ring = only(&world, &ben, "call.incoming").await;
    assert_eq!(
        (&ring["status"], &ring["retry_count"]),
        (&json!("sent"), &json!(1))
    );
    assert_eq!(pushes(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_missed_call_is_tried_for_seven_hours_and_then_waits_for_an_operator() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    world.local.cloud().faults().outage("sns", true);
    misses(&world, &ann, &ben).await;
    let mut pauses = Vec::new();
    let mut seen = -1;
    for step in [60, 180, 720, 4_400] {
        let row = only(&world, &ben, "call.missed").await;
        let at = |name: &str| row[name].as_i64().expect("an instant");
        assert!(row["retry_count"].as_i64() > Some(seen));
        seen = at("retry_count");
        pauses.push((at("due_at") - at("updated_at")) / 1_000);
        world.passes(step).await;
    }
    let row = only(&world, &ben, "call.missed").await;
    pauses.push((row["due_at"].as_i64().unwrap() - row["updated_at"].as_i64().unwrap()) / 1_000);
    for (pause, stated) in pauses.iter().zip([30, 120, 600, 3_600, 21_600]) {
        let (least, most) = (stated * 8 / 10, stated * 12 / 10);
        assert!((least..=most).contains(pause), "{pauses:?}");
    }
    world.passes(8 * 3_600).await;
    let row = only(&world, &ben, "call.missed").await;
    assert_eq!(
        (&row["status"], &row["retry_count"]),
        (&json!("failed"), &json!(5))
    );
    assert_eq!(world.local.cloud().dead_letters("pushes").len(), 1);
    world.local.cloud().faults().outage("sns", false);
    assert_eq!(world.local.cloud().redrive("pushes"), 1);
    world.passes(60).await;
    assert_eq!(only(&world, &ben, "call.missed").await["status"], "sent");
    assert_eq!(pushes(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_after_a_ring_rings_no_second_time() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    world.dies_after("deliver_push", "SNS.Publish", 1);
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(300).await;
    let rings = heard(&world)
        .into_iter()
        .filter(|(_, kind)| kind == "call.incoming");
    assert_eq!(rings.count(), 1, "its lease is longer than the ringing");
    let ring = only(&world, &ben, "call.incoming").await;
    assert_eq!(
        (&ring["detail"], &ring["claims"]),
        (&json!("expired"), &json!(1))
    );
    // It may have rung, so it was told to stop.
    let stops = heard(&world)
        .into_iter()
        .filter(|(_, kind)| kind == "call.cancelled");
    assert_eq!(stops.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_after_any_other_push_sends_at_most_one_more_and_it_is_counted() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    world.dies_after("deliver_push", "SNS.Publish", 1);
    misses(&world, &ann, &ben).await;
    assert_eq!(pushes(&world).len(), 1);
    world.passes(300).await;
    assert_eq!(pushes(&world).len(), 2);
    let row = only(&world, &ben, "call.missed").await;
    assert_eq!(
        (&row["status"], &row["claims"]),
        (&json!("sent"), &json!(2))
    );
    assert_eq!(
        row["retry_count"], 0,
        "two claims, one outcome: one may be double"
    );
}
