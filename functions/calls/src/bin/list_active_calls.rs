//! Lists the calls that are not over, the newest ringing first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::{Act, CallsView, Recorded};
use shared::calls::oversight::{AdminCall, active_calls};
use shared::http::{Admin, Json, Pages, Query};
use shared::page::admin_limit_of;
use shared::table::{Data, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/calls/active" => list_active_calls, severity: Info,
    faults: [INVALID_CURSOR]);

/// Which page.
#[derive(Debug, Deserialize, JsonSchema)]
struct Page {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

/// Calls that are not over.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ActiveCalls {
    calls: Vec<AdminCall>,
    next_cursor: Option<String>,
    limit: usize,
}

async fn list_active_calls(
    admin: Admin<CallsView>,
    tables: Table<Read<Data>>,
    Query(page): Query<Page>,
    pages: Pages,
) -> Result<Recorded<Json<ActiveCalls>>> {
    let (limit, _) = admin_limit_of(page.limit)?;
    let after = pages.open("", page.cursor.as_deref())?;
    let (calls, next) = active_calls(&tables, (after, limit), admin.now()).await?;
    let answer = ActiveCalls {
        calls,
        next_cursor: pages.seal("", next.as_ref()),
        limit,
    };
    admin.shows(&Act::general(), Json(answer)).await
}
