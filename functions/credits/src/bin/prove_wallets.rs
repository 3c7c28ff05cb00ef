//! Proves some wallets of a shard for a run that somebody asked for, and goes on with the next.

use shared::aws::queue::{Proofs, Queue};
use shared::credits::prove_some;
use shared::operations::RunJob;
use shared::table::{Data, Ledger, Read, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("proofs" => prove_wallets);

async fn prove_wallets(
    tables: Table<(Write<Data>, Read<Ledger>)>,
    proofs: Queue<Proofs>,
    clock: Clock,
    Job(job): Job<RunJob>,
) -> Result<()> {
    match prove_some(&tables, &job, clock.now()).await? {
        true => proofs.send(&[&job], &job.run_id).await,
        false => Ok(()),
    }
}
