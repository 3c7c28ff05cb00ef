//! Removes what crashed clients left: rows past their expiry and connections without proof.

use serde_json::json;
use shared::aws::queue::{Frames, Queue};
use shared::realtime::reap;
use shared::table::{Live, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 300 => reap_connections);

async fn reap_connections(
    table: Table<Write<Live>>,
    frames: Queue<Frames>,
    clock: Clock,
) -> Result<Report> {
    let reaped = reap(&table, &frames, clock.now()).await?;
    Ok(Report(json!(reaped)))
}
