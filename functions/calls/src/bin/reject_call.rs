//! Declines a call; it stops ringing on every device.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::calls::{Call, Kept, Refusal, Status, change};
use shared::http::{Body, Json, Member, Once, Path};
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/reject", frame "call.reject" => reject_call,
    faults: [CALL_NOT_FOUND, CALL_STATE_CONFLICT, CALL_ENDED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct Rejection {
    reason: Refusal,
}

/// The call afterwards.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct RejectedCall {
    success: bool,
    status: Status,
}

async fn reject_call(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Body(why): Body<Rejection>,
    once: Once,
) -> Result<Json<RejectedCall>> {
    let answer = |call: &Call| {
        let (success, status) = (true, call.status);
        Json(RejectedCall { success, status })
    };
    let kept = Kept {
        once: &once,
        answer,
    };
    let reject =
        |call: &Call, _: Option<&_>| call.reject(&me.user_id, why.reason, clock.now()).map(Some);
    let changed = change(&table, &at.call_id, &kept, |_| false, reject).await?;
    Ok(answer(&changed.call))
}
