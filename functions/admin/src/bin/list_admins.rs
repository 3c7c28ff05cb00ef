//! Lists the records of all admins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::{Act, AdminRecord, AdminView, AuditLogView, Recorded};
use shared::http::{Admin, Json, Pages, Query};
use shared::page::admin_limit_of;
use shared::{Result, admin};

admin!(GET "/api/admin/admins" => list_admins, severity: Info, faults: [INVALID_CURSOR]);

/// Which page.
#[derive(Debug, Deserialize, JsonSchema)]
struct Page {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

/// Admins in the order of their ids.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Admins {
    admins: Vec<AdminView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_admins(
    admin: Admin<AuditLogView>,
    Query(page): Query<Page>,
    pages: Pages,
) -> Result<Recorded<Json<Admins>>> {
    let (limit, lowered) = admin_limit_of(page.limit)?;
    let after: Option<String> = pages.open("", page.cursor.as_deref())?;
    let found = AdminRecord::list(admin.tables(), after.as_deref(), limit).await?;
    let last = found.last().filter(|_| found.len() == limit);
    let admins = Admins {
        next_cursor: pages.seal("", last.map(|last| &last.admin_id)),
        admins: found.iter().cloned().map(AdminView::from).collect(),
        limit: lowered.then_some(limit),
    };
    admin.shows(&Act::general(), Json(admins)).await
}
