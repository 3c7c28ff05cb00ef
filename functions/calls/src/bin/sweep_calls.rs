//! Finishes calls that are overdue and extends those that run out, whatever became of their timers.

use serde_json::json;
use shared::aws::queue::{Meters, Queue};
use shared::calls::sweep;
use shared::table::{Data, Ledger, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 60 => sweep_calls);

async fn sweep_calls(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    meters: Queue<Meters>,
    clock: Clock,
) -> Result<Report> {
    let swept = sweep(&tables, &meters, clock.now()).await?;
    Ok(Report(json!({
        "looked": swept.looked,
        "finished": swept.finished,
        "extended": swept.extended,
    })))
}
