//! Answers a call on one device; the first minutes are reserved in the caller's wallet.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::aws::queue::{Frames, MediaWaits, Queue};
use shared::calls::{Answering, CallView, Joined, Side, TurnServers, answer_of, set_timer};
use shared::http::{Body, Client, Json, Member, Path};
use shared::table::{Data, Ledger, Live, Read, Write};
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
struct CallAnswer {
    /// Session description (RFC 8866) of the receiver, at most 16 KB.
    #[schemars(length(max = 16_384), extend("x-bytes-max" = 16_384))]
    #[schemars(extend("x-fault" = "SIGNAL_INVALID"))]
    sdp_answer: Option<String>,
    /// The answering device; the session's own without it.
    #[schemars(length(min = 1, max = 64))]
    device_id: Option<String>,
}

async fn accept_call(
    tables: Table<(Write<Data>, Write<Ledger>, Read<Live>)>,
    Member(me): Member,
    Path(at): Path<At>,
    Body(with): Body<CallAnswer>,
    answering: Answering,
    turn: TurnServers,
    waits: Queue<MediaWaits>,
    frames: Queue<Frames>,
    client: Client,
) -> Result<Json<Joined>> {
    let (who, how) = (
        (&me, at.call_id.as_str()),
        (with.device_id, with.sdp_answer),
    );
    let call = answering.accept(&tables, who, how).await?;
    let told = answer_of(&tables, &call, client.now).await?;
    frames.send(told.as_slice(), &client.request_id).await?;
    set_timer(&waits, &call, client.now, &client.request_id).await;
    Ok(Json(Joined {
        ice_servers: turn.servers(&call, &me.user_id, client.now),
        call: CallView::of(&call, Side::Receiver, client.now),
        affordable_minutes: None,
    }))
}
