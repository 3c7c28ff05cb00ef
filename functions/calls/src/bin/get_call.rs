//! Shows a call to the two people in it; a device that was asleep looks here before it rings.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::calls::{Call, CallView, Opened, stored_for};
use shared::http::{Json, Member, Path, Query};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/calls/{call_id}" => get_call, faults: [CALL_NOT_FOUND]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// Which signals.
#[derive(Debug, Deserialize, JsonSchema)]
struct After {
    /// Number of the last one that is known.
    signals_after: Option<i64>,
}

async fn get_call(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Query(after): Query<After>,
) -> Result<Json<Opened>> {
    let (call, now) = (Call::load(&table, &at.call_id).await?, clock.now());
    let side = call.side(&me.user_id)?;
    let after = after.signals_after.unwrap_or_default();
    let said = stored_for(&table, &call, (side, me.slot()), after, now).await?;
    Ok(Json(Opened {
        call: CallView::of(&call, side, now),
        signals: said.signals,
        candidates: said.candidates,
    }))
}
