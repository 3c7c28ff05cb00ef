//! Proves some rows of the audit log for a run that somebody asked for, and goes on with the next.

use shared::admin::prove_some;
use shared::aws::objects::{Logs, Objects};
use shared::aws::queue::{Audits, Queue};
use shared::operations::RunJob;
use shared::table::{Data, Ledger, Read, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("audits" => prove_audit_logs);

async fn prove_audit_logs(
    tables: Table<(Write<Data>, Read<Ledger>)>,
    logs: Objects<Logs>,
    audits: Queue<Audits>,
    clock: Clock,
    Job(job): Job<RunJob>,
) -> Result<()> {
    match prove_some(&tables, &logs, &job, clock.now()).await? {
        true => audits.send(&[&job], &job.run_id).await,
        false => Ok(()),
    }
}
