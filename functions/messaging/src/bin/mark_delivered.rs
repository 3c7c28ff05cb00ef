//! Notes that a device of the caller has a message, and so everything before it.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Body, Json, Member, Once, Path, Rate};
use shared::messaging::{Delivered, Marker, Shelf};
use shared::table::{Commit, Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/messages/mark-delivered/{message_id}", frame "message.delivered"
    => mark_delivered, limit: Mark, faults: [NOT_RECEIVER, MESSAGE_NOT_FOUND]);

/// Which message.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    message_id: String,
}

/// How much.
#[derive(Debug, Deserialize, JsonSchema)]
struct Extent {
    /// Accepted and without effect: a mark always covers what came before.
    #[expect(dead_code, reason = "part of the contract, and true whatever it says")]
    up_to: Option<bool>,
}

async fn mark_delivered(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    _: Body<Extent>,
    rate: Rate,
    once: Once,
    shelf: Shelf,
) -> Result<Json<Delivered>> {
    let marker = Marker {
        me: &me,
        rate: &rate,
        shelf: &shelf,
        now: clock.now(),
    };
    let marked = Json(marker.delivered(&table, &at.message_id).await?);
    Ok(once.commit(&table, Commit::new(), marked).await?) // a mark twice is as good as once
}
