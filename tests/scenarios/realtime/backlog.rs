//! Connections that do not take their frames (spec realtime.md, *Backpressure*).

use serde_json::{Value, json};
use world::{Person, World};

/// Frames that may wait for a client here.
const ROOM: usize = 3;

/// Two people who talk; Ben's connection has room for three frames and takes none.
async fn stuck(world: &World) -> (Person, Person) {
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    world.local.limit_waiting(ROOM);
    for n in 0..ROOM {
        ann.says(&format!("waits {n}")).to(&ben).await.ok();
    }
    world.settles().await;
    (ann, ben)
}

fn dead(world: &World) -> usize {
    let depths = world.local.cloud().queue_depths();
    let dead = depths
        .into_iter()
        .filter(|(queue, _)| queue == "frames-dead");
    dead.map(|(_, depth)| depth).sum()
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .filter_map(|one| one["content"].as_str())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_finds_no_room_comes_a_little_later() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = stuck(&world).await;
    ann.says("one too many").to(&ben).await.ok();
    world.settles().await;
    assert_eq!(
        ben.got("message.new").await.len(),
        ROOM,
        "there was no room"
    );
    world.passes(20).await;
    ben.sees("one too many").await;
    assert!(ben.got("sync.state").await.is_empty());
    ben.asks("ping", json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_told_that_the_state_is_due_and_catches_up_by_it() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = stuck(&world).await;
    let lost: Vec<_> = (0..4).map(|n| format!("no room {n}")).collect();
    for text in &lost {
        ann.says(text).to(&ben).await.ok();
    }
    // The frames are given up after one, two and four seconds, each at most twice that; the word
    // that the state is due is tried for a minute.
    world.passes(40).await;
    assert_eq!(ben.got("message.new").await.len(), ROOM);
    world.passes(60).await;
    let due = ben.got("sync.state").await;
    assert!(!due.is_empty(), "nobody told");
    assert!(
        due.iter()
            .all(|frame| frame["data"] == json!({ "complete": false }))
    );
    assert_eq!(
        ben.got("message.new").await.len(),
        ROOM,
        "frames are no record"
    );
    let state = ben.asks("sync.resume", json!({})).await;
    assert_eq!(state["data"]["conversations"][0]["head_seq"], 7);
    let all = ben.reads(&ann).await;
    assert!(lost.iter().all(|text| texts(&all).contains(&text.as_str())));
    assert_eq!(dead(&world), 0, "a slow client is no alarm");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_even_take_that_has_to_reconnect() {
    let world = World::unlimited().await;
    world.local.tell_disconnects(false);
    let (mut ann, mut ben) = stuck(&world).await;
    let mut tablet = ben.elsewhere().await;
    tablet.comes_online().await;
    ann.says("no room").to(&ben).await.ok();
    tablet.sees("no room").await;
    for _ in 0..3 {
        world.passes(60).await;
        tablet.asks("ping", json!({})).await;
    }
    assert_eq!(ben.is_closed().await, 4010);
    assert_eq!(
        world.rows("live", &ben.id, "conn#").await.len(),
        1,
        "the tablet's"
    );
    assert!(
        tablet.got("message.new").await.is_empty(),
        "others are told once"
    );
    assert_eq!(dead(&world), 0);
    world.local.limit_waiting(1_000);
    ben.comes_online().await;
    let state = ben.asks("sync.resume", json!({})).await;
    assert_eq!(state["data"]["conversations"][0]["head_seq"], 4);
}

#[tokio::test(start_paused = true)]
async fn typing_is_dropped_first() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = stuck(&world).await;
    let conversation = ben.got("message.new").await[0]["data"]["conversation_id"].clone();
    for n in 0..ROOM {
        ann.says(&format!("full {n}")).to(&ben).await.ok();
    }
    world.settles().await;
    let typing = json!({ "conversation_id": conversation, "state": "composing" });
    let frame = json!({ "v": 1, "id": "t", "type": "typing", "data": typing });
    world.local.cloud().faults().count_from_zero();
    ann.sends(&frame.to_string()).await;
    world.settles().await;
    assert!(
        world.local.cloud().faults().calls_of("push_frames") > 0,
        "nobody tried"
    );
    world.passes(20).await;
    assert_eq!(ben.got("message.new").await.len(), 2 * ROOM);
    assert!(ben.got("typing").await.is_empty(), "nobody types any more");
    let frames = world.local.cloud().faults().calls_of("push_frames");
    world.passes(120).await;
    assert_eq!(world.local.cloud().faults().calls_of("push_frames"), frames);
}
