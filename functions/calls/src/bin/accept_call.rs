//! Answers a call on one device; the first minutes are reserved in the caller's wallet.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::calls::{Answering, CallView, Joined, Side, Timers, TurnServers};
use shared::http::{Body, Client, Json, Member, Path};
use shared::table::{Data, Ledger, Write};
use shared::{Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/accept", frame "call.accept" => accept_call,
    faults: [CALL_NOT_FOUND, DEVICE_NOT_FOUND, ANSWERED_ELSEWHERE, CALL_ENDED, SIGNAL_INVALID]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// How it is answered.
#[derive(Debug, Deserialize, JsonSchema)]
struct Acceptance {
    /// Session description (RFC 8866) of the receiver, at most 16 KB.
    #[schemars(length(max = 16_384), extend("x-bytes-max" = 16_384))]
    #[schemars(extend("x-fault" = "SIGNAL_INVALID"))]
    sdp_answer: Option<String>,
    /// The answering device; the session's own without it.
    #[schemars(length(min = 1, max = 64))]
    device_id: Option<String>,
}

async fn accept_call(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    Member(me): Member,
    Path(at): Path<At>,
    Body(with): Body<Acceptance>,
    answering: Answering,
    turn: TurnServers,
    timers: Timers,
    client: Client,
) -> Result<Json<Joined>> {
    let call = answering
        .accept(&tables, &me, &at.call_id, with.device_id)
        .await?;
    timers.set(&call, client.now, &client.request_id).await;
    Ok(Json(Joined {
        ice_servers: turn.servers(&call, &me.user_id, client.now),
        call: CallView::of(&call, Side::Receiver, client.now),
        affordable_minutes: None,
    }))
}
