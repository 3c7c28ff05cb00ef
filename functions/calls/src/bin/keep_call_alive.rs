//! Notes a sign of life of one end, and reserves the next minutes before they are needed.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::aws::queue::{Frames, Meters, Queue};
use shared::calls::{MediaState, Pulse, look, set_timer, tidings};
use shared::http::{Body, Client, NoContent, OnSocket};
use shared::table::{Data, Ledger, Live, Read, Write};
use shared::{Result, Table, endpoint};

endpoint!(frame "call.alive" => keep_call_alive, faults: [CALL_NOT_FOUND]);

/// Which call, and how it is.
#[derive(Debug, Deserialize, JsonSchema)]
struct Alive {
    #[schemars(length(min = 1, max = 64))]
    call_id: String,
    media_state: Option<MediaState>,
}

async fn keep_call_alive(
    tables: Table<(Write<Data>, Write<Ledger>, Read<Live>)>,
    OnSocket(me): OnSocket,
    Body(alive): Body<Alive>,
    meters: Queue<Meters>,
    frames: Queue<Frames>,
    client: Client,
) -> Result<NoContent> {
    let pulse = Pulse {
        user_id: &me.user_id,
        slot: me.slot(),
        media: alive.media_state,
    };
    let look = look(&tables, &alive.call_id, Some(pulse), client.now).await?;
    if look.extended {
        set_timer(&meters, &look.call, client.now, &client.request_id).await;
    }
    let told = tidings(&tables, &look, Some(pulse), client.now).await?;
    frames.send(&told, &client.request_id).await?;
    Ok(NoContent)
}
