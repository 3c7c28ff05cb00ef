//! Answers the first frame of a connection with what the client needs to know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::http::{Body, Json, Member};
use shared::realtime::{PING_SECONDS, RECONNECT, Reconnect};
use shared::{Clock, Result, Time, endpoint};

endpoint!(frame "hello" => greet_socket, faults: [NOT_READY]);

/// Who is there.
#[derive(Debug, Deserialize, JsonSchema)]
struct Hello {
    /// Name of the client program.
    #[schemars(length(max = 64))]
    #[expect(
        dead_code,
        reason = "recorded by clients for their own logs, judged by nobody"
    )]
    client: Option<String>,
    /// Its version.
    #[schemars(length(max = 64))]
    #[expect(
        dead_code,
        reason = "recorded by clients for their own logs, judged by nobody"
    )]
    version: Option<String>,
}

/// The connection is ready.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Ready {
    connection_id: String,
    session_id: String,
    server_time: Time,
    ping_interval_seconds: i64,
    reconnect: Reconnect,
}

async fn greet_socket(clock: Clock, Member(me): Member, _: Body<Hello>) -> Result<Json<Ready>> {
    Ok(Json(Ready {
        connection_id: me.connection_id.unwrap_or_default(),
        session_id: me.session_id,
        server_time: clock.now(),
        ping_interval_seconds: PING_SECONDS,
        reconnect: RECONNECT,
    }))
}
