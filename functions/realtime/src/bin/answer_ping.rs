//! Answers a ping, which keeps the connection and counts as activity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::http::limit::touch;
use shared::http::{Body, Json, Member};
use shared::realtime::PING_SECONDS;
use shared::table::{Live, Write};
use shared::{Clock, Result, Table, Time, endpoint};

endpoint!(frame "ping" => answer_ping, faults: [NOT_READY]);

/// What the client says of itself.
#[derive(Debug, Deserialize, JsonSchema)]
struct Ping {
    /// Declared state.
    state: Option<Declared>,
    /// Whether the app is in front.
    #[expect(dead_code, reason = "part of the contract; presence will read it")]
    activity: Option<Activity>,
}

/// Declared presence.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Declared {
    Online,
    Away,
}

/// Where the app is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Activity {
    App,
    Background,
}

/// The connection lives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Pong {
    server_time: Time,
    next_ping_seconds: i64,
    status: Declared,
}

async fn answer_ping(
    table: Table<Write<Live>>,
    clock: Clock,
    Member(me): Member,
    Body(ping): Body<Ping>,
) -> Result<Json<Pong>> {
    let now = clock.now();
    touch(&table, &me.user_id, me.slot(), now).await?;
    let status = ping.state.unwrap_or(Declared::Online);
    Ok(Json(Pong {
        server_time: now,
        next_ping_seconds: PING_SECONDS,
        status,
    }))
}
