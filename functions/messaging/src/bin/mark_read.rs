//! Notes that the caller has read messages, and so everything before them.

use shared::http::{Body, Json, Member, Once, Rate};
use shared::messaging::{Marker, ReadAnswer, ReadWish, Shelf};
use shared::table::{Commit, Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/messages/mark-read", frame "message.read" => mark_read,
    limit: Mark, faults: [CONVERSATION_NOT_FOUND]);

async fn mark_read(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Body(wish): Body<ReadWish>,
    rate: Rate,
    once: Once,
    shelf: Shelf,
) -> Result<Json<ReadAnswer>> {
    let marker = Marker {
        me: &me,
        rate: &rate,
        shelf: &shelf,
        now: clock.now(),
    };
    let marked = Json(marker.read(&table, &wish).await?);
    Ok(once.commit(&table, Commit::new(), marked).await?) // a mark twice is as good as once
}
