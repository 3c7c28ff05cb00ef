//! Shows a call to the two people in it; a device that was asleep looks here before it rings.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::calls::{Call, CallView};
use shared::http::{Json, Member, Path};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/calls/{call_id}" => get_call, faults: [CALL_NOT_FOUND]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

async fn get_call(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
) -> Result<Json<CallView>> {
    let call = Call::load(&table, &at.call_id).await?;
    let side = call.side(&me.user_id)?;
    Ok(Json(CallView::of(&call, side, clock.now())))
}
