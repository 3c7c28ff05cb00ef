//! Tells committed changes: frames to connected people, jobs to workers, projections to date.

use shared::realtime::{Meaning, Outlets};
use shared::table::{Data, Ledger, Live, Read, Write};
use shared::worker::Change;
use shared::{Clock, Result, Table, stream};

stream!("data", "ledger" => fan_out_events);

async fn fan_out_events(
    tables: Table<(Write<Data>, Read<Ledger>, Read<Live>)>,
    outlets: Outlets,
    clock: Clock,
    changes: Vec<Change>,
) -> Result<()> {
    let mut meaning = Meaning::of(&tables, &changes, clock.now()).await?;
    outlets.tell(&tables, &meaning, clock.now()).await?;
    meaning.project(&tables).await
}
