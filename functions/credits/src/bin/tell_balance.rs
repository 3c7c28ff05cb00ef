//! Tells a changed balance to the sockets of its owner, at most once per two seconds.

use shared::aws::queue::{Balances, Frames, Queue};
use shared::credits::{BalanceJob, Telling, tell};
use shared::table::{Ledger, Live, Read, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("balances" => tell_balance);

/// Request id of what a change causes.
const CAUSE: &str = "stream";

async fn tell_balance(
    tables: Table<(Read<Ledger>, Write<Live>)>,
    frames: Queue<Frames>,
    balances: Queue<Balances>,
    clock: Clock,
    Job(job): Job<BalanceJob>,
) -> Result<()> {
    match tell(&tables, &job, clock.now()).await? {
        Telling::Now(push) => frames.send(&[*push], CAUSE).await,
        Telling::Later(job, seconds) => balances.send_later(&[job], seconds, CAUSE).await,
        Telling::Nothing => Ok(()),
    }
}
