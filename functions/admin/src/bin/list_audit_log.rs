//! Lists rows of the audit log, newest first.

use schemars::JsonSchema;
use serde::Serialize;
use shared::admin::{Act, AuditFilter, AuditLogView, AuditView, Recorded, list_rows};
use shared::http::{Admin, Json, Pages, Query};
use shared::page::admin_limit_of;
use shared::{Result, admin};

admin!(GET "/api/admin/audit-log" => list_audit_log, severity: Notice, faults: [INVALID_CURSOR]);

/// Rows of all admins or of one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Rows {
    rows: Vec<AuditView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_audit_log(
    admin: Admin<AuditLogView>,
    Query(filter): Query<AuditFilter>,
    pages: Pages,
) -> Result<Recorded<Json<Rows>>> {
    let given = serde_json::json!(filter);
    let (filters, act) = (given.to_string(), Act::general().noting_all(&given));
    let (limit, lowered) = admin_limit_of(filter.limit)?;
    let after = pages.open(&filters, filter.cursor.as_deref())?;
    let (found, next) = list_rows(admin.tables(), &filter, after, limit, admin.now()).await?;
    let rows = Rows {
        rows: found.into_iter().map(AuditView::from).collect(),
        next_cursor: pages.seal(&filters, next.as_ref()),
        limit: lowered.then_some(limit),
    };
    admin.shows(&act, Json(rows)).await
}
