//! Takes a moderator's notes about a call, and how it sounded where the reports are wrong.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{ModerationAction, Recorded, reason};
use shared::calls::oversight::{CallJudged, CallJudgement, moderate_as};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(POST "/api/admin/calls/{call_id}/moderate" => moderate_call, severity: Warning,
    faults: [CALL_NOT_FOUND, REASON_REQUIRED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// The notes, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct CallDecision {
    #[serde(flatten)]
    judgement: CallJudgement,
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn moderate_call(
    admin: Admin<ModerationAction>,
    _tables: Table<Write<Data>>,
    Path(At { call_id }): Path<At>,
    Body(wish): Body<CallDecision>,
    once: Once,
) -> Result<Recorded<Json<CallJudged>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    moderate_as(&admin, &once, &call_id, (&wish.judgement, why)).await
}
