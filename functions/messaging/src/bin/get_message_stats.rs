//! Gives the caller's figures over all conversations.

use shared::http::{Json, Member};
use shared::messaging::{Inbox, Stats};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/messages/stats" => get_message_stats);

async fn get_message_stats(table: Table<Read<Data>>, Member(me): Member) -> Result<Json<Stats>> {
    let inbox = Inbox {
        tables: &table,
        user_id: &me.user_id,
    };
    Ok(Json(inbox.stats().await?))
}
