//! Answers the first frame of a connection with what the client needs to know.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Body, Json, OnSocket};
use shared::realtime::{Advice, Ready};
use shared::{Clock, Result, endpoint};

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

async fn greet_socket(
    clock: Clock,
    OnSocket(me): OnSocket,
    _: Body<Hello>,
    Advice(reconnect): Advice,
) -> Result<Json<Ready>> {
    let connection_id = me.connection_id.unwrap_or_default();
    Ok(Json(Ready::now(
        connection_id,
        me.session_id,
        reconnect,
        clock.now(),
    )))
}
