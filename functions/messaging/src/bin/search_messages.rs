//! Searches the caller's conversations for words, newest messages first.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Json, Member, Pages, Query};
use shared::messaging::{Found, Gallery, Search, Shelf, Words};
use shared::page::limit_of;
use shared::table::{Data, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/search" => search_messages, limit: Discover,
    faults: [INVALID_CURSOR]);

/// For what, and where.
#[derive(Debug, Deserialize, JsonSchema)]
struct SearchWish {
    /// Words of 2 to 40 characters; all must be in a message.
    #[schemars(length(min = 2, max = 100))]
    q: String,
    /// Only the conversation with this person.
    partner_id: Option<String>,
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
}

async fn search_messages(
    table: Table<Read<Data>>,
    clock: Clock,
    Member(me): Member,
    Query(wish): Query<SearchWish>,
    pages: Pages,
    gallery: Gallery,
    shelf: Shelf,
) -> Result<Json<Found>> {
    let (words, (limit, lowered)) = (Words::of(&wish.q)?, limit_of(wish.limit)?);
    let filters = format!("{:?} {:?}", wish.partner_id, words);
    let at = pages.open(&filters, wish.cursor.as_deref())?;
    let (tables, user_id, now) = (&*table, &*me.user_id, clock.now());
    let partner_id = wish.partner_id.as_deref();
    let search = Search {
        tables,
        shelf: &shelf,
        user_id,
        partner_id,
        words,
        now,
    };
    let (mut found, next) = search.page(at, limit).await?;
    gallery.show(&mut found.messages);
    found.limit = lowered.then_some(limit);
    found.next_cursor = pages.seal(&filters, next.as_ref());
    Ok(Json(found))
}
