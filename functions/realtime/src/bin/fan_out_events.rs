//! Tells committed changes: frames to connected people, jobs to workers, projections to date.

use shared::aws::queue::{Devices, Frames, Mails, Queue, Revoked, Scans, Texts};
use shared::messaging::Gallery;
use shared::realtime::Meaning;
use shared::table::{Data, Ledger, Live, Read, Write};
use shared::worker::Change;
use shared::{Clock, Result, Table, stream};

stream!("data", "ledger" => fan_out_events);

/// Request id of what a stream causes.
const CAUSE: &str = "stream";

async fn fan_out_events(
    tables: Table<(Write<Data>, Read<Ledger>, Read<Live>)>,
    frames: Queue<Frames>,
    mails: Queue<Mails>,
    texts: Queue<Texts>,
    revoked: Queue<Revoked>,
    gallery: Gallery,
    devices: Queue<Devices>,
    scans: Queue<Scans>,
    clock: Clock,
    changes: Vec<Change>,
) -> Result<()> {
    let mut meaning = Meaning::of(&tables, &changes, clock.now()).await?;
    // First what protects people, then what they see, then what may lag.
    revoked.send(&meaning.revoked, CAUSE).await?;
    devices.send(&meaning.devices, CAUSE).await?;
    let mut pushes = meaning.pushes(&tables, clock.now()).await?;
    let data = pushes.iter_mut().map(|push| &mut push.frame["data"]);
    data.for_each(|data| gallery.show_in(data));
    frames.send(&pushes, CAUSE).await?;
    mails.send(&meaning.jobs.mails, CAUSE).await?;
    texts.send(&meaning.jobs.texts, CAUSE).await?;
    scans.send(&meaning.scans, CAUSE).await?;
    meaning.project(&tables).await
}
