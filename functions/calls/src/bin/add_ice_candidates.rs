//! Takes candidates of one end by HTTP, keeps them for the other end, and passes them on.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::aws::queue::{Frames, Queue};
use shared::calls::{Call, IceWish, SignalRate, keep, pass_on};
use shared::http::{Body, Client, Member, NoContent, Once, Path};
use shared::table::{Commit, Data, Live, Write};
use shared::{Ids, Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/ice" => add_ice_candidates, limit: Ice,
    faults: [CALL_NOT_FOUND, CALL_ENDED, SIGNAL_INVALID]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

async fn add_ice_candidates(
    tables: Table<(Write<Data>, Write<Live>)>,
    ids: Ids,
    Member(me): Member,
    Path(at): Path<At>,
    Body(wish): Body<IceWish>,
    once: Once,
    rate: SignalRate,
    frames: Queue<Frames>,
    client: Client,
) -> Result<NoContent> {
    let (now, call) = (client.now, Call::load(&tables, &at.call_id).await?);
    let side = call.end_of(&me.user_id, me.slot())?;
    call.living(side, now)?;
    let (signal, list) = wish.checked(&call, side)?;
    rate.admit(&call, side, &signal, now)?;
    keep(&tables, &call, (side, &list)).await?;
    if !signal.is_empty() {
        let push = pass_on(&tables, &call, (side, &signal, None), &ids.ulid(), now).await?;
        frames.send(push.as_slice(), &client.request_id).await?;
    }
    Ok(once.commit(&tables, Commit::new(), NoContent).await?) // twice is as good as once
}
