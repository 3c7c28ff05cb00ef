//! Looks at the meter of a call in time: reserves further minutes, warns the caller, or ends it.

use shared::aws::queue::{Frames, Meters, Queue};
use shared::calls::{Meter, look, tidings};
use shared::table::{Data, Ledger, Live, Read, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("meters" => meter_call);

/// Request id of what a timer causes.
const CAUSE: &str = "meter";

async fn meter_call(
    tables: Table<(Write<Data>, Write<Ledger>, Read<Live>)>,
    clock: Clock,
    meters: Queue<Meters>,
    frames: Queue<Frames>,
    Job(job): Job<Meter>,
) -> Result<()> {
    let now = clock.now();
    let look = look(&tables, &job.call_id, None, now).await?;
    frames
        .send(&tidings(&tables, &look, None, now).await?, CAUSE)
        .await?;
    match job.following(&look, now) {
        Some((next, seconds)) => meters.send_later(&[next], seconds, CAUSE).await,
        None => Ok(()),
    }
}
