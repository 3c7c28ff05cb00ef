//! Copies the audit log of the day and a root over all heads to write-once storage.

use shared::aws::objects::{Logs, Objects};
use shared::table::{Ledger, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, admin, schedule};

schedule!(daily 1:00 => seal_audit_log);

async fn seal_audit_log(
    table: Table<Write<Ledger>>,
    logs: Objects<Logs>,
    clock: Clock,
) -> Result<Report> {
    let seal = admin::seal(&table, &logs, clock.now()).await?;
    Ok(Report(seal.report()))
}
