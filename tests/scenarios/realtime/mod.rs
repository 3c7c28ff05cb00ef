//! Realtime (spec realtime.md, *Acceptance scenarios*).

mod backlog;
mod closing;
mod frames;
pub mod handshake;
mod malformed;
mod mass;
mod opening;
mod outages;
mod pushing;
mod resuming;
mod rotation;
mod slots;

use serde_json::json;
use world::{ADDRESS, Person, World};

pub async fn ticket(person: &Person) -> String {
    let answer = person
        .post("/api/v2/ws/tickets", json!({}))
        .await
        .expect(201);
    answer["ticket"].as_str().expect("a ticket").to_owned()
}

pub async fn opens(world: &World, ticket: &str) -> Option<u16> {
    world
        .local
        .connect(&format!("ticket={ticket}"), &[], ADDRESS)
        .await
        .err()
}
