//! Removes uploads that were not finished within a day, and media that no message carries.

use serde_json::json;
use shared::aws::objects::{Media, Objects};
use shared::matching::uploads;
use shared::table::{Data, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 86_400 => clean_uploads);

async fn clean_uploads(
    table: Table<Write<Data>>,
    objects: Objects<Media>,
    clock: Clock,
) -> Result<Report> {
    let cleaned = uploads::clean(&table, &objects, clock.now()).await?;
    Ok(Report(json!(cleaned)))
}
