//! Moves conversations that were silent for a year to object storage, where they stay readable.

use serde_json::json;
use shared::aws::objects::{Archive, Objects};
use shared::messaging::archive;
use shared::table::{Data, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 86_400 => archive_conversations);

async fn archive_conversations(
    table: Table<Write<Data>>,
    objects: Objects<Archive>,
    clock: Clock,
) -> Result<Report> {
    let archived = archive::archive(&table, &objects, clock.now()).await?;
    Ok(Report(json!(archived)))
}
