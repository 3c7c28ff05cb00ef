//! Proves the ledgers that changed since the last check, and writes a root over all heads.

use shared::aws::objects::{Logs, Objects};
use shared::table::{Ledger, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, credits, schedule};

schedule!(daily 3:00 => check_ledger);

async fn check_ledger(
    table: Table<Write<Ledger>>,
    logs: Objects<Logs>,
    clock: Clock,
) -> Result<Report> {
    let check = credits::check_ledger(&table, &logs, clock.now()).await?;
    Ok(Report(check.report()))
}
