//! Enters into a person's inbox what has happened, once per event, and counts it as unread.

use shared::notifications::{Notice, plan};
use shared::table::{Data, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("notices" => plan_notifications);

async fn plan_notifications(
    table: Table<Write<Data>>,
    clock: Clock,
    Job(notice): Job<Notice>,
) -> Result<()> {
    plan(&table, &notice, clock.now()).await
}
