//! Lists the requests that wait for a second person, or did, as far as the caller may decide them.

use schemars::JsonSchema;
use serde::Serialize;
use shared::admin::{self as staff, Act, ApprovalFilter, ApprovalView, OfFrozenRoute, Recorded};
use shared::http::{Admin, Json, Pages, Query};
use shared::page::admin_limit_of;
use shared::{Result, admin};

admin!(GET "/api/admin/approvals" => list_approvals, severity: Info, faults: [INVALID_CURSOR]);

/// Approvals, the newest first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Approvals {
    approvals: Vec<ApprovalView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_approvals(
    admin: Admin<OfFrozenRoute>,
    Query(filter): Query<ApprovalFilter>,
    pages: Pages,
) -> Result<Recorded<Json<Approvals>>> {
    let given = serde_json::json!(filter);
    let (filters, act) = (given.to_string(), Act::general().noting_all(&given));
    let (limit, lowered) = admin_limit_of(filter.limit)?;
    let after: Option<String> = pages.open(&filters, filter.cursor.as_deref())?;
    let (found, next) = staff::list_approvals(&admin, filter.state, after, limit).await?;
    let approvals = Approvals {
        approvals: found,
        next_cursor: pages.seal(&filters, next.as_ref()),
        limit: lowered.then_some(limit),
    };
    admin.shows(&act, Json(approvals)).await
}
