//! Ends a call that is not over, and settles it.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{CallsAction, Recorded, reason};
use shared::calls::oversight::{AdminCall, terminate_as};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(POST "/api/admin/calls/{call_id}/terminate" => terminate_call, severity: Warning,
    faults: [CALL_NOT_FOUND, CALL_ENDED, REASON_REQUIRED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct TerminationWish {
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn terminate_call(
    admin: Admin<CallsAction>,
    _tables: Table<Write<Data>>,
    Path(At { call_id }): Path<At>,
    Body(wish): Body<TerminationWish>,
    once: Once,
) -> Result<Recorded<Json<AdminCall>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    terminate_as(&admin, &once, &call_id, why).await
}
