//! Ends the ringing of a call that nobody answered in time.

use shared::calls::{Wait, finish_due};
use shared::table::{Data, Ledger, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("rings" => expire_ring);

async fn expire_ring(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    clock: Clock,
    Job(wait): Job<Wait>,
) -> Result<()> {
    finish_due(&tables, &wait.call_id, clock.now())
        .await
        .map(drop)
}
