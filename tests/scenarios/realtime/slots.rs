//! One connection per slot, its renewal, and ten slots.

use serde_json::json;
use world::{ADDRESS, World};

use super::ticket;

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

#[tokio::test(start_paused = true)]
async fn a_connection_is_renewed_after_110_minutes_and_no_frame_is_lost() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    for _ in 0..13 {
        // The gateway ends a connection that is idle for ten minutes.
        world.passes(8 * 60).await;
        ben.asks("ping", json!({})).await;
    }
    assert!(
        ben.got("reconnect").await.is_empty(),
        "104 minutes are too early"
    );
    world.passes(6 * 60).await;
    ben.asks("ping", json!({})).await;
    world.passes(6 * 60).await;
    let told = ben.got("reconnect").await;
    assert_eq!(told.len(), 1, "at 105 to 115 minutes, once");
    assert_eq!(told[0]["data"]["reason"], "rotation");
    assert!(
        told[0]["data"]["after_ms"]
            .as_i64()
            .is_some_and(|ms| ms <= 30_000)
    );
    let mut old = ben.hands_over();
    ann.renews().await;
    ben.renews().await;
    ann.says("before").to(&ben).await.ok();
    old.sees("before").await;
    ben.comes_online().await;
    world.passes(5).await;
    ann.says("during").to(&ben).await.ok();
    old.sees("during").await;
    ben.sees("during").await;
    ben.asks("sync.resume", json!({})).await;
    world.settles().await;
    assert_eq!(old.is_closed().await, 4009);
    ann.says("after").to(&ben).await.ok();
    ben.sees("after").await;
    assert_eq!(world.rows("live", &ben.id, "conn#").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_never_resumes_ends_the_older_after_thirty_seconds() {
    let world = World::unlimited().await;
    let mut ben = world.person("Ben").await;
    ben.comes_online().await;
    for _ in 0..29 {
        world.passes(4 * 60).await;
        ben.asks("ping", json!({})).await;
    }
    let mut old = ben.hands_over();
    ben.renews().await;
    ben.comes_online().await;
    world.passes(29).await;
    old.asks("ping", json!({})).await;
    world.passes(2).await;
    assert_eq!(old.is_closed().await, 4009);
    ben.asks("ping", json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_slot_replaces_the_least_recently_active() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut places = Vec::new();
    for _ in 0..10 {
        let mut place = ann.elsewhere().await;
        place.comes_online().await;
        places.push(place);
        world.passes(1).await;
    }
    world.passes(60).await;
    for (at, place) in places.iter_mut().enumerate() {
        if at != 6 {
            place.asks("ping", json!({})).await;
        }
    }
    let mut eleventh = ann.elsewhere().await;
    eleventh.comes_online().await;
    world.settles().await;
    assert_eq!(places[6].is_closed().await, 4009);
    assert_eq!(world.rows("live", &ann.id, "conn#").await.len(), 10);
    for (at, place) in places.iter_mut().enumerate() {
        if at != 6 {
            place.asks("ping", json!({})).await;
        }
    }
}
