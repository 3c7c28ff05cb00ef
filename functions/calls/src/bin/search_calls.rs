//! Searches the calls of everybody, newest first.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::admin::{Act, CallsView, Recorded};
use shared::calls::oversight::{CallFilter, CallsFound, Search};
use shared::http::{Admin, Json, Pages, Query};
use shared::page::admin_limit_of;
use shared::table::{Data, Insight, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/calls/search" => search_calls, severity: Notice,
    faults: [PAGE_TOO_DEEP, INVALID_RANGE, INVALID_CURSOR]);

/// Which calls, and which page of them.
#[derive(Debug, Deserialize, JsonSchema)]
struct CallSearch {
    #[serde(flatten)]
    filter: CallFilter,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
    /// Number of the page, from 1; without it and without a cursor the first.
    #[schemars(range(min = 1))]
    page: Option<i64>,
    cursor: Option<String>,
}

async fn search_calls(
    admin: Admin<CallsView>,
    tables: Table<(Read<Data>, Read<Insight>)>,
    Query(wish): Query<CallSearch>,
    pages: Pages,
) -> Result<Recorded<Json<CallsFound>>> {
    wish.filter.check()?;
    let (limit, _) = admin_limit_of(wish.limit)?;
    let filters = json!(wish.filter);
    let behind = pages.open(&filters.to_string(), wish.cursor.as_deref())?;
    let (filter, now) = (&wish.filter, admin.now());
    let search = Search {
        tables: &tables,
        filter,
        now,
    };
    let (mut found, next) = match behind {
        Some(place) => search.behind(place, limit).await?,
        None => search.page(wish.page.unwrap_or(1), limit).await?,
    };
    found.next_cursor = pages.seal(&filters.to_string(), next.as_ref());
    let act = Act::general()
        .noting_all(&filters)
        .noting("page", wish.page);
    admin.shows(&act, Json(found)).await
}
