//! Lists the caller's conversations, the newest activity first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::http::{Json, Member, Pages, Query};
use shared::messaging::{ConversationView, Inbox};
use shared::page::{OFFSET_MAX, check_offset, limit_of};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/conversations", alias "/chats" => list_conversations,
    faults: [INVALID_CURSOR, PAGE_TOO_DEEP]);

/// Which part of the list.
#[derive(Debug, Deserialize, JsonSchema)]
struct Part {
    cursor: Option<String>,
    limit: Option<i64>,
    #[schemars(range(min = 0))]
    skip: Option<i64>,
}

/// A page of the list.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
struct Conversations {
    conversations: Vec<ConversationView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_capped: Option<bool>,
}

async fn list_conversations(
    table: Table<Read<Data>>,
    Member(me): Member,
    Query(part): Query<Part>,
    pages: Pages,
) -> Result<Json<Conversations>> {
    let (limit, lowered) = limit_of(part.limit)?;
    let skip = usize::try_from(part.skip.unwrap_or(0)).unwrap_or(usize::MAX);
    check_offset(skip, limit)?;
    let inbox = Inbox {
        tables: &table,
        user_id: &me.user_id,
    };
    let after = pages.open("", part.cursor.as_deref())?;
    let listed = inbox.page(after.as_ref(), skip, limit).await?;
    let mut answer = Conversations {
        conversations: listed.conversations,
        next_cursor: pages.seal("", listed.next.as_ref()),
        limit: lowered.then_some(limit),
        ..Conversations::default()
    };
    if part.skip.is_some() {
        let total = inbox.count().await?;
        answer.total = Some(total.min(OFFSET_MAX));
        answer.total_capped = (total > OFFSET_MAX).then_some(true);
    }
    Ok(Json(answer))
}
