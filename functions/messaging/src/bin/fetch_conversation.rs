//! Gives the conversation with somebody, page by page in either direction.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Json, Member, Pages, Path, Query};
use shared::messaging::{ConversationPart, Gallery, Page, Reader, Shelf};
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/conversation/{partner_id}" => fetch_conversation,
    faults: [USER_NOT_FOUND, INVALID_CURSOR, PAGE_TOO_DEEP]);

/// With whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct With {
    partner_id: String,
}

async fn fetch_conversation(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(with): Path<With>,
    Query(part): Query<ConversationPart>,
    pages: Pages,
    gallery: Gallery,
    shelf: Shelf,
) -> Result<Json<Page>> {
    let filters = format!("{} {:?}", with.partner_id, part.direction());
    let wish = part.wish(pages.open(&filters, part.cursor.as_deref())?)?;
    let reader = Reader {
        tables: &table,
        shelf: &shelf,
        user_id: &me.user_id,
    };
    let mut page = reader.page(&with.partner_id, &wish, clock.now()).await?;
    gallery.show(&mut page.messages);
    page.next_cursor = pages.seal(&filters, page.next.as_ref());
    Ok(Json(page))
}
