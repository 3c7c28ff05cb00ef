//! Searches the messages of everybody, newest first, with texts cut to 100 characters.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::admin::{Act, ModerationView, Recorded};
use shared::http::{Admin, Json, Pages, Query};
use shared::messaging::Shelf;
use shared::messaging::oversight::{Filter, MessagesFound, Search};
use shared::page::admin_limit_of;
use shared::table::{Data, Insight, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/messages/search" => search_all_messages, severity: Notice,
    faults: [PAGE_TOO_DEEP, INVALID_RANGE, INVALID_CURSOR]);

/// Which messages, and which page of them.
#[derive(Debug, Deserialize, JsonSchema)]
struct SearchWish {
    #[serde(flatten)]
    filter: Filter,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
    /// Number of the page, from 1; without it and without a cursor the first.
    #[schemars(range(min = 1))]
    page: Option<i64>,
    cursor: Option<String>,
}

async fn search_all_messages(
    admin: Admin<ModerationView>,
    tables: Table<(Read<Data>, Read<Insight>)>,
    shelf: Shelf,
    Query(wish): Query<SearchWish>,
    pages: Pages,
) -> Result<Recorded<Json<MessagesFound>>> {
    wish.filter.check()?;
    let (limit, _) = admin_limit_of(wish.limit)?;
    let filters = json!(wish.filter);
    let behind = pages.open(&filters.to_string(), wish.cursor.as_deref())?;
    let (shelf, filter, now) = (&shelf, &wish.filter, admin.now());
    let search = Search {
        tables: &tables,
        shelf,
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
