//! Counts what the caller has not read, in all and by sender.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Json, Member, Query};
use shared::messaging::{Inbox, Unread};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/unread-count" => count_unread_messages);

/// Whose messages.
#[derive(Debug, Deserialize, JsonSchema)]
struct From {
    /// Only messages of this person.
    sender_id: Option<String>,
}

async fn count_unread_messages(
    table: Table<Read<Data>>,
    Member(me): Member,
    Query(from): Query<From>,
) -> Result<Json<Unread>> {
    let inbox = Inbox {
        tables: &table,
        user_id: &me.user_id,
    };
    Ok(Json(match from.sender_id {
        Some(sender_id) => inbox.unread_of(&sender_id).await?,
        None => inbox.unread().await?,
    }))
}
