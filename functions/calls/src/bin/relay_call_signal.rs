//! Passes a signal on to the other end of a call; what describes a session is stored as well.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use shared::aws::queue::{Frames, Queue};
use shared::calls::{Call, Checked, SignalKind, SignalRate, pass_on, store};
use shared::http::{Body, Client, NoContent, OnSocket};
use shared::table::{Data, Live, Read, Write};
use shared::{Ids, Result, Table, endpoint};

endpoint!(frame "call.signal" => relay_call_signal, limit: Ice,
    faults: [CALL_NOT_FOUND, CALL_ENDED, SIGNAL_INVALID]);

/// What is to be passed on.
#[derive(Debug, Deserialize, JsonSchema)]
struct SignalWish {
    #[schemars(length(min = 1, max = 64))]
    call_id: String,
    kind: SignalKind,
    /// By kind: a session description, candidates, or what is switched on; at most 24 KB.
    #[serde(default)]
    payload: Option<Value>,
}

async fn relay_call_signal(
    tables: Table<(Write<Data>, Read<Live>)>,
    ids: Ids,
    OnSocket(me): OnSocket,
    Body(wish): Body<SignalWish>,
    rate: SignalRate,
    frames: Queue<Frames>,
    client: Client,
) -> Result<NoContent> {
    let (now, call) = (client.now, Call::load(&tables, &wish.call_id).await?);
    let side = call.end_of(&me.user_id, me.slot())?;
    call.living(side, now)?;
    let signal = Checked::of(wish.kind, wish.payload, call.call_type, call.hides(side))?;
    rate.admit(&call, side, &signal, now)?;
    let n = match signal.kind.is_stored() {
        true => Some(store(&tables, &call, (side, &signal), now).await?),
        false => None,
    };
    if !signal.is_empty() {
        let push = pass_on(&tables, &call, (side, &signal, n), &ids.ulid(), now).await?;
        frames.send(push.as_slice(), &client.request_id).await?;
    }
    Ok(NoContent)
}
