//! Gives the conversation with somebody, page by page in either direction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::http::{Json, Member, Pages, Path, Query};
use shared::messaging::{Direction, Page, Reader, Wish};
use shared::page::{check_offset, limit_of};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/conversation/{partner_id}" => fetch_conversation,
    faults: [USER_NOT_FOUND, INVALID_CURSOR, PAGE_TOO_DEEP]);

/// With whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct With {
    partner_id: String,
}

/// Which part.
#[derive(Debug, Deserialize, JsonSchema)]
struct Part {
    cursor: Option<String>,
    limit: Option<i64>,
    #[schemars(range(min = 0))]
    skip: Option<i64>,
    /// `older` begins at the newest message, `newer` at the oldest.
    direction: Option<Direction>,
    /// Exactly the messages after this number, oldest first.
    #[schemars(range(min = 0))]
    after_seq: Option<i64>,
}

/// A part of the conversation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Answer {
    #[serde(flatten)]
    page: Page,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn fetch_conversation(
    table: Table<Read<Data>>,
    Member(me): Member,
    Path(with): Path<With>,
    Query(part): Query<Part>,
    pages: Pages,
) -> Result<Json<Answer>> {
    let (limit, lowered) = limit_of(part.limit)?;
    let skip = usize::try_from(part.skip.unwrap_or(0)).unwrap_or(usize::MAX);
    check_offset(skip, limit)?;
    let direction = part
        .after_seq
        .map_or(part.direction, |_| Some(Direction::Newer));
    let direction = direction.unwrap_or_default();
    let filters = format!("{} {direction:?}", with.partner_id);
    let beyond = pages
        .open(&filters, part.cursor.as_deref())?
        .or(part.after_seq);
    let reader = Reader {
        tables: &table,
        user_id: &me.user_id,
    };
    let wish = Wish {
        direction,
        beyond,
        skip,
        limit,
    };
    let page = reader.page(&with.partner_id, &wish).await?;
    let next_cursor = pages.seal(&filters, page.next.as_ref());
    Ok(Json(Answer {
        page,
        next_cursor,
        limit: lowered.then_some(limit),
    }))
}
