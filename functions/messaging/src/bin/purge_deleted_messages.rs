//! Removes the originals of messages that were deleted for both 30 days ago.

use serde_json::json;
use shared::messaging::purge;
use shared::table::{Data, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 86_400 => purge_deleted_messages);

async fn purge_deleted_messages(table: Table<Write<Data>>, clock: Clock) -> Result<Report> {
    let purged = purge(&table, clock.now()).await?;
    Ok(Report(json!(purged)))
}
