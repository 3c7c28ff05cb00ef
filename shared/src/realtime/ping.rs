//! The ping of a client, its answer on the wire, and the greeting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PING_SECONDS, Reconnect};
use crate::time::Time;

/// What the client says of itself.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Ping {
    /// Declared state.
    pub state: Option<Declared>,
    /// Whether the app is in front.
    pub activity: Option<Activity>,
}

/// Declared presence.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    Online,
    Away,
}

/// Where the app is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    App,
    Background,
}

/// The connection lives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Pong {
    server_time: Time,
    next_ping_seconds: i64,
    status: Declared,
}

impl Pong {
    /// The answer at `now`; who declares nothing is online.
    pub fn to(ping: &Ping, now: Time) -> Self {
        Self {
            server_time: now,
            next_ping_seconds: PING_SECONDS,
            status: ping.state.unwrap_or(Declared::Online),
        }
    }
}

/// The connection is proven and serves every frame.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Ready {
    connection_id: String,
    session_id: String,
    server_time: Time,
    ping_interval_seconds: i64,
    reconnect: Reconnect,
}

impl Ready {
    /// The greeting at `now`.
    pub fn now(connection_id: String, session_id: String, reconnect: Reconnect, now: Time) -> Self {
        Self {
            connection_id,
            session_id,
            server_time: now,
            ping_interval_seconds: PING_SECONDS,
            reconnect,
        }
    }
}
