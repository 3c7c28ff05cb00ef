//! Lists the caller's calls, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::calls::{CallView, Filter, page};
use shared::http::{Json, Member, Pages, Query};
use shared::page::limit_of;
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/calls/history" => list_call_history, faults: [INVALID_CURSOR]);

/// Which calls.
#[derive(Debug, Deserialize, JsonSchema)]
struct CallFilter {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
    /// All without it.
    filter: Option<Filter>,
}

/// A page of calls.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct CallHistory {
    calls: Vec<CallView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_call_history(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Query(which): Query<CallFilter>,
    pages: Pages,
) -> Result<Json<CallHistory>> {
    let (limit, lowered) = limit_of(which.limit)?;
    let filter = which.filter.unwrap_or_default();
    let after = pages.open(filter.as_str(), which.cursor.as_deref())?;
    let wanted = (filter, limit);
    let (calls, next) = page(&table, &me.user_id, wanted, after, clock.now()).await?;
    Ok(Json(CallHistory {
        calls,
        next_cursor: pages.seal(filter.as_str(), next.as_ref()),
        limit: lowered.then_some(limit),
    }))
}
