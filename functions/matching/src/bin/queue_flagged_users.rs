//! Queues people with six live flags of misuse for somebody to look at.

use serde_json::json;
use shared::moderation::queue_crowded;
use shared::table::{Data, Live, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 300 => queue_flagged_users);

async fn queue_flagged_users(
    tables: Table<(Write<Data>, Write<Live>)>,
    clock: Clock,
) -> Result<Report> {
    let opened = queue_crowded(&tables, clock.now()).await?;
    Ok(Report(json!({ "opened": opened })))
}
