//! Ends an answered call whose two sides did not connect in time; nothing is charged.

use shared::calls::{Wait, finish_due};
use shared::table::{Data, Ledger, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("media-waits" => expire_media_wait);

async fn expire_media_wait(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    clock: Clock,
    Job(wait): Job<Wait>,
) -> Result<()> {
    finish_due(&tables, &wait.call_id, clock.now())
        .await
        .map(drop)
}
