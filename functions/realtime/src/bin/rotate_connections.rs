//! Asks connections to reconnect before the gateway ends them.

use serde_json::json;
use shared::aws::queue::{Frames, Queue};
use shared::realtime::rotate;
use shared::table::{Live, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 60 => rotate_connections);

async fn rotate_connections(
    table: Table<Write<Live>>,
    frames: Queue<Frames>,
    clock: Clock,
) -> Result<Report> {
    let told = rotate(&table, &frames, clock.now()).await?;
    Ok(Report(json!({ "told": told })))
}
