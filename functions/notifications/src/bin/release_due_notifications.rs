//! Queues mails that are due: retries, and what the stream or a lost attempt left behind.

use serde_json::json;
use shared::aws::queue::{Mails, Queue};
use shared::notifications::due_jobs;
use shared::table::{Data, Read};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 60 => release_due_notifications);

async fn release_due_notifications(
    table: Table<Read<Data>>,
    queue: Queue<Mails>,
    clock: Clock,
) -> Result<Report> {
    let jobs = due_jobs(&table, clock.now()).await?;
    queue.send(&jobs, "N/A").await?;
    Ok(Report(json!({ "queued": jobs.len() })))
}
