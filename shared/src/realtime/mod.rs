//! Realtime: tickets, connections, and frames derived from committed facts.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Ticket`] | live | `ticket#{SHA-256}` | `ticket` |
//! | [`Connection`] | live | `usr_…` | `conn#{connection_id}` (index `due` until it rotates) |
//! | [`ConnectionOwner`] | live | `conn#{connection_id}` | `owner` (index `due` while pending) |
//! | [`Progress`] | live | `sockets` | `rotated` or `count` |
//!
//! A connection has two rows because two questions are asked: whose is it (every frame, by its
//! id) and which has this person (every fact, by the user). Both are written and removed
//! together; their expiry is compared in code, TTL only cleans up.

mod admit;
mod backlog;
mod connection;
mod fact;
mod handshake;
mod noted;
mod outbox;
mod outlets;
mod ping;
mod push;
mod repair;
mod rotation;
mod strikes;
pub mod sync;
mod ticket;

pub use admit::{SLOTS_MAX, admit_socket, expect_proof, relieve_elders};
pub use backlog::{DELIVERIES_MAX, Delivery, StateDue, deliver};
pub use connection::{
    Challenge, Connection, ConnectionOwner, PING_SECONDS, State, drop_socket, forget_socket,
};
pub use fact::{Audience, Fact, fan_out};
pub use handshake::{Begin, Challenged, Proof, begin, prove};
pub use noted::Noted;
pub use outbox::Meaning;
pub use outlets::Outlets;
pub use ping::{Activity, Declared, Ping, Pong, Ready};
pub use push::{Push, close_session, post};
pub use repair::{Repaired, repair};
pub use rotation::{Advice, Progress, Reaped, Reconnect, reap, rotate};
pub use strikes::{Strikes, frame_grants, judge};
pub use ticket::{TICKET_SECONDS, Ticket, other_device};
