//! Pushing frames, and what is left when a socket is gone.

use local::cloud::{Kind, Rule};
use serde_json::json;
use world::World;

#[tokio::test(start_paused = true)]
async fn a_push_that_fails_is_repeated_and_the_client_drops_the_repeat_by_id() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    world.local.cloud().faults().outage("execute-api", true);
    ann.says("late").to(&ben).await.ok();
    world.passes(1).await;
    world.local.cloud().faults().outage("execute-api", false);
    world.passes(120).await;
    let frame = ben.sees("late").await;
    assert!(frame["id"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_dies_after_the_commit_loses_no_message() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    world.dies_after("send_message", "DynamoDB.TransactWriteItems", 1);
    let lost = ann.says("survives").under("survivor-1").to(&ben).await;
    assert!(lost.status >= 500);
    ben.sees("survives").await;
    let retried = ann.says("survives").under("survivor-1").to(&ben).await.ok();
    assert_eq!(retried["seq"], 1);
    ann.has_credits(99).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_socket_that_is_gone() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    assert_eq!(world.rows("live", &ann.id, "conn#").await.len(), 1);
    ann.vanishes();
    world.settles().await;
    assert!(world.rows("live", &ann.id, "conn#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_farewell_that_cannot_be_posted_closes_the_socket_all_the_same() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    for nth in 1..=20 {
        world.local.cloud().faults().add(Rule {
            function: Some("close_revoked_sockets".to_owned()),
            operation: Some("ExecuteApi.PostToConnection".to_owned()),
            nth,
            kind: Kind::BeforeEffect,
        });
    }
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    world.passes(5).await;
    assert!(world.local.cloud().faults().fired() > 0);
    ann.is_closed().await;
    assert!(world.rows("live", &ann.id, "conn#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_day_without_disconnect_notices_leaves_no_rows() {
    let world = World::unlimited().await;
    world.local.tell_disconnects(false);
    let mut people = Vec::new();
    for n in 0..5 {
        let mut person = world.person(&format!("Person {n}")).await;
        person.comes_online().await;
        if n == 0 {
            let id = person.registers("Phone", 9).await.expect(201);
            let id = id["device_id"].as_str().expect("an id").to_owned();
            let mut pending = person.elsewhere().await;
            pending
                .connects(&format!("device_id={id}"))
                .await
                .expect("pending");
            pending.vanishes();
        }
        person.vanishes();
        people.push(person);
    }
    assert_eq!(world.items("live", "conn#").await.len(), 5 + 6);
    world.passes(2 * 3_600 + 15 * 60).await;
    assert!(world.items("live", "conn#").await.is_empty());
    let mut writer = world.person("Writer").await;
    for person in &people {
        writer.says("hello").to(person).await.ok();
    }
    world.passes(24 * 3_600).await;
    assert!(world.items("live", "conn#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_push_to_a_socket_that_is_gone_removes_its_rows_and_a_young_one_keeps_them() {
    let world = World::unlimited().await;
    world.local.tell_disconnects(false);
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    ben.vanishes();
    ann.says("to nobody").to(&ben).await.ok();
    world.settles().await;
    // The gateway says 410 of connections whose `$connect` has not returned as well.
    assert_eq!(world.rows("live", &ben.id, "conn#").await.len(), 1);
    world.passes(70).await;
    assert!(world.rows("live", &ben.id, "conn#").await.is_empty());
    ben.comes_online().await;
    ann.says("to somebody").to(&ben).await.ok();
    ben.sees("to somebody").await;
}

#[tokio::test(start_paused = true)]
async fn a_push_that_is_throttled_or_fails_comes_later_and_only_once() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    for kind in [Kind::Throttle, Kind::BeforeEffect] {
        let faults = world.local.cloud().faults();
        // The SDK tries three times by itself.
        for nth in 1..=3 {
            faults.add(Rule {
                function: Some("push_frames".to_owned()),
                operation: Some("ExecuteApi.PostToConnection".to_owned()),
                nth,
                kind,
            });
        }
        faults.count_from_zero();
        let text = format!("{kind:?}");
        ann.says(&text).to(&ben).await.ok();
        world.passes(130).await;
        assert!(faults.fired() > 0);
        ben.sees(&text).await;
        assert!(ben.got("message.new").await.is_empty());
        faults.clear();
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_during_a_connect_that_is_still_running_leaves_no_deaf_socket() {
    let world = World::unlimited().await.punctual();
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let ticket = super::ticket(&ben).await;
    let mut ben = ben.elsewhere().await;
    let faults = world.local.cloud().faults();
    // The rows are there at once; `$connect` hears of it three seconds later.
    faults.set_in_flight_ms(3_000);
    let query = format!("ticket={ticket}");
    let writing = async {
        while world
            .rows("live", &ben.id.clone(), "conn#")
            .await
            .is_empty()
        {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        faults.set_in_flight_ms(5);
        faults.count_from_zero();
        ann.says("too early").to(&ben).await.ok();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let posted = (
            "push_frames".to_owned(),
            "ExecuteApi.PostToConnection".to_owned(),
        );
        assert!(faults.calls_by().contains_key(&posted), "nobody posted");
        assert_eq!(
            world.local.connections(),
            0,
            "and there was nothing to post to"
        );
    };
    let person = ben.elsewhere().await;
    let mut online = person;
    let (opened, ()) = tokio::join!(online.connects(&query), writing);
    opened.expect("an open socket");
    assert_eq!(
        world.rows("live", &ben.id, "conn#").await.len(),
        1,
        "the row is kept"
    );
    ben = online;
    assert!(ben.got("message.new").await.is_empty());
    ann.says("in time").to(&ben).await.ok();
    ben.sees("in time").await;
    world.passes(130).await;
    ben.sees("too early").await;
    assert!(ben.got("message.new").await.is_empty());
}
