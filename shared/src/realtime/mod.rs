//! Realtime: tickets, connections, and frames derived from committed facts.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Ticket`] | live | `ticket#{SHA-256}` | `ticket` |
//! | [`Connection`] | live | `usr_…` | `conn#{connection_id}` |
//! | [`ConnectionOwner`] | live | `conn#{connection_id}` | `owner` |
//!
//! A connection has two rows because two questions are asked: whose is it (every frame, by its
//! id) and which has this person (every fact, by the user). Both are written and removed
//! together; their expiry is compared in code, TTL only cleans up.

mod fact;
mod outbox;
mod ping;
mod push;
mod socket;
pub mod sync;
mod ticket;

pub use fact::{Audience, Fact, fan_out};
pub use outbox::Meaning;
pub use ping::{Activity, Declared, Ping, Pong};
pub use push::{Push, close_session, post};
pub use socket::{
    Connection, ConnectionOwner, PING_SECONDS, RECONNECT, Reconnect, State, admit_socket,
    drop_socket, forget_socket,
};
pub use ticket::{TICKET_SECONDS, Ticket, other_device};
