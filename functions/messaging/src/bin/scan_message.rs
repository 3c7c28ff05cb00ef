//! Looks at a message among others: the same text to many, links that were seen before.

use shared::messaging::{Scan, scan};
use shared::table::{Data, Ledger, Live, Read, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("scan" => scan_message);

async fn scan_message(
    tables: Table<(Write<Data>, Read<Ledger>, Write<Live>)>,
    clock: Clock,
    Job(job): Job<Scan>,
) -> Result<()> {
    scan(&tables, &job, clock.now()).await
}
