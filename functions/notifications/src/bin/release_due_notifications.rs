//! Queues mails, text messages and pushes that are due: retries, and what the stream or a lost
//! attempt left behind.

use serde_json::json;
use shared::aws::queue::{Mails, Pushes, Queue, Texts};
use shared::notifications::due_jobs;
use shared::table::{Data, Read};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 60 => release_due_notifications);

async fn release_due_notifications(
    table: Table<Read<Data>>,
    mails: Queue<Mails>,
    texts: Queue<Texts>,
    pushes: Queue<Pushes>,
    clock: Clock,
) -> Result<Report> {
    let jobs = due_jobs(&table, clock.now()).await?;
    mails.send(&jobs.mails, "N/A").await?;
    texts.send(&jobs.texts, "N/A").await?;
    pushes.send(&jobs.pushes, "N/A").await?;
    let queued = jobs.mails.len() + jobs.texts.len() + jobs.pushes.len();
    Ok(Report(json!({ "queued": queued })))
}
