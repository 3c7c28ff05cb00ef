//! Shows what two people wrote to each other in full, also what they deleted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::{Act, ModerationView, Recorded};
use shared::http::{Admin, Json, Pages, Path, Query};
use shared::messaging::oversight::{AdminMessage, read_conversation};
use shared::messaging::{Gallery, Shelf, conversation_id};
use shared::page::admin_limit_of;
use shared::table::{Data, Read};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/messages/conversation/{user1_id}/{user2_id}" => view_conversation,
    severity: Warning, faults: [CONVERSATION_NOT_FOUND, INVALID_CURSOR]);

#[derive(Debug, Deserialize, JsonSchema)]
struct Pair {
    user1_id: String,
    user2_id: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Page {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Conversation {
    messages: Vec<AdminMessage>,
    next_cursor: Option<String>,
    limit: usize,
}

async fn view_conversation(
    admin: Admin<ModerationView>,
    tables: Table<Read<Data>>,
    shelf: Shelf,
    gallery: Gallery,
    Path(pair): Path<Pair>,
    Query(page): Query<Page>,
    pages: Pages,
) -> Result<Recorded<Json<Conversation>>> {
    let (limit, _) = admin_limit_of(page.limit)?;
    let both = (&*pair.user1_id, &*pair.user2_id);
    let id = conversation_id(both.0, both.1);
    let below = pages.open(&id, page.cursor.as_deref())?;
    let (mut messages, next) = read_conversation((&tables, &shelf), both, below, limit).await?;
    gallery.show_all(&mut messages);
    let answer = Conversation {
        messages,
        next_cursor: pages.seal(&id, next.as_ref()),
        limit,
    };
    let act = Act::on("conversation", id)
        .noting("user1_id", both.0)
        .noting("user2_id", both.1);
    admin.shows(&act, Json(answer)).await
}
