//! Plans what people are told of an event, once, in their inbox and on their phones.

use shared::config::PushApps;
use shared::notifications::{Notice, plan};
use shared::table::{Data, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("notices" => plan_notifications);

async fn plan_notifications(
    table: Table<Write<Data>>,
    apps: PushApps,
    clock: Clock,
    Job(notice): Job<Notice>,
) -> Result<()> {
    plan(&table, &apps, &notice, clock.now()).await
}
