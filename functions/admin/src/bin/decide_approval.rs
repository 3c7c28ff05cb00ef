//! Approves or rejects what somebody else asked for; an approval carries it out.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Decided, OfFrozenRoute, Recorded, Verdict, decide, reason};
use shared::aws::functions::Functions;
use shared::http::{Admin, Body, Json, Once, Path};
use shared::{Result, admin};

admin!(POST "/api/admin/approvals/{approval_id}/decide" => decide_approval, severity: Critical,
    faults: [APPROVAL_SELF, APPROVAL_NOT_FOUND, APPROVAL_STATE, REASON_REQUIRED]);

/// Which approval.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    approval_id: String,
}

/// What to do with it, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct Decision {
    decision: Verdict,
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn decide_approval(
    admin: Admin<OfFrozenRoute>,
    functions: Functions,
    Path(at): Path<At>,
    Body(wish): Body<Decision>,
    once: Once,
) -> Result<Recorded<Json<Decided>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    decide(
        &admin,
        &functions,
        &once,
        &at.approval_id,
        (wish.decision, why),
    )
    .await
}
