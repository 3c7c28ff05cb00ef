//! Tickets, origins and greetings.

use serde_json::json;
use shared::aws::dynamo::Tables;
use shared::aws::queue::{Frames, Queue};
use shared::realtime::admit_socket;
use world::{ADDRESS, World};

use super::{opens, ticket};

#[tokio::test(start_paused = true)]
async fn a_ticket_opens_one_socket_within_thirty_seconds() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let once = ticket(&ann).await;
    let socket = world
        .local
        .connect(&format!("ticket={once}"), &[], ADDRESS)
        .await;
    assert!(socket.is_ok());
    assert_eq!(opens(&world, &once).await, Some(401));
    let late = ticket(&ann).await;
    world.passes(31).await;
    assert_eq!(opens(&world, &late).await, Some(401));
    assert_eq!(opens(&world, "nonsense").await, Some(401));
    let orphan = ticket(&ann).await;
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    assert_eq!(opens(&world, &orphan).await, Some(401));
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_used_once_however_many_try() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let ticket = ticket(&ann).await;
    let query = format!("ticket={ticket}");
    let tries = (0..200).map(|_| world.local.connect(&query, &[], ADDRESS));
    let sockets = futures_util::future::join_all(tries).await;
    assert_eq!(sockets.iter().filter(|socket| socket.is_ok()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn foreign_origins_are_refused_and_native_clients_are_not() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let with = |origin: &str| vec![("origin".to_owned(), origin.to_owned())];
    let foreign = ticket(&ann).await;
    let query = format!("ticket={foreign}");
    let refused = world
        .local
        .connect(&query, &with("https://evil.test"), ADDRESS)
        .await;
    assert_eq!(refused.err(), Some(403));
    let listed = world
        .local
        .connect(&query, &with("http://127.0.0.1:3000"), ADDRESS)
        .await;
    assert!(listed.is_ok());
    assert_eq!(opens(&world, &ticket(&ann).await).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_greeting_tells_what_a_client_needs() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let ready = ann
        .asks("hello", json!({ "client": "test", "version": "1" }))
        .await;
    assert_eq!(ready["type"], "ready");
    assert_eq!(ready["data"]["session_id"], json!(ann.session_id));
    assert_eq!(ready["data"]["ping_interval_seconds"], 240);
    let pong = ann.asks("ping", json!({})).await;
    assert_eq!(
        (
            pong["type"].as_str(),
            pong["data"]["next_ping_seconds"].as_i64()
        ),
        (Some("pong"), Some(240))
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_attempts_with_a_spent_ticket_open_nothing() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let once = ticket(&ann).await;
    assert_eq!(opens(&world, &once).await, None);
    for _ in 0..1_000 {
        assert_eq!(opens(&world, &once).await, Some(401));
    }
    // The others knock at the rule itself, which is all that stands behind the gateway.
    let env = world.local.env("local");
    let (tables, frames) = (Tables::of(&env), Queue::<Frames>::of(&env));
    for n in 1_000..100_000 {
        let connection = format!("reuse-{n}");
        let at = (0, world.now());
        let admitted = admit_socket(&tables, &frames, &once, &connection, at).await;
        assert!(admitted.is_err(), "attempt {n}");
    }
    world.settles().await;
    let rows = world.items("live", "conn#").await;
    assert!(rows.is_empty(), "only the first had rows, and it has gone");
}
