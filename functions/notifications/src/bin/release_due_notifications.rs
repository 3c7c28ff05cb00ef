//! Queues mails and text messages that are due: retries, and what the stream or a lost attempt
//! left behind.

use serde_json::json;
use shared::aws::queue::{Mails, Queue, Texts};
use shared::notifications::due_jobs;
use shared::table::{Data, Read};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 60 => release_due_notifications);

async fn release_due_notifications(
    table: Table<Read<Data>>,
    mails: Queue<Mails>,
    texts: Queue<Texts>,
    clock: Clock,
) -> Result<Report> {
    let jobs = due_jobs(&table, clock.now()).await?;
    mails.send(&jobs.mails, "N/A").await?;
    texts.send(&jobs.texts, "N/A").await?;
    Ok(Report(
        json!({ "queued": jobs.mails.len() + jobs.texts.len() }),
    ))
}
