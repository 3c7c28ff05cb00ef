//! Messaging (spec messaging.md, *Acceptance scenarios*).

mod archive;
mod attachments;
mod blocks;
mod contacts;
mod deleting;
pub mod exporting;
mod figuring;
mod limits;
mod marks;
pub mod moderation;
mod overseeing;
mod purging;
mod reading;
mod scanning;
mod searching;
mod sending;
mod shelf;
mod walking;

use serde_json::Value;
use world::Person;

async fn unread(person: &Person) -> Value {
    person.get("/api/v2/messages/unread-count").await.ok()
}
