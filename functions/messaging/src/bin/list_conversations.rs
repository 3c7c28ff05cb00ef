//! Lists the caller's conversations, the newest activity first.

use shared::http::{Json, Member, Pages, Query};
use shared::messaging::{Inbox, ListPart, Listed};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/conversations", alias "/chats" => list_conversations,
    faults: [INVALID_CURSOR, PAGE_TOO_DEEP]);

async fn list_conversations(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Query(part): Query<ListPart>,
    pages: Pages,
) -> Result<Json<Listed>> {
    let bounds = part.bounds()?;
    let after = pages.open("", part.cursor.as_deref())?;
    let inbox = Inbox {
        tables: &table,
        user_id: &me.user_id,
    };
    let mut listed = inbox.page(after.as_ref(), bounds, clock.now()).await?;
    if part.skip.is_some() {
        inbox.count(&mut listed).await?;
    }
    listed.next_cursor = pages.seal("", listed.next.as_ref());
    Ok(Json(listed))
}
