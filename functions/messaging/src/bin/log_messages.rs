//! Writes what happened to messages and calls into their logs, many at once.

use shared::calls;
use shared::messaging::{Shelf, oversight};
use shared::realtime::Noted;
use shared::table::{Data, Insight, Read, Write};
use shared::worker::Jobs;
use shared::{Clock, Result, Table, worker};

worker!(batch "notes" => log_messages);

async fn log_messages(
    tables: Table<(Read<Data>, Write<Insight>)>,
    shelf: Shelf,
    clock: Clock,
    Jobs(notes): Jobs<Vec<Noted>>,
) -> Result<()> {
    let (messages, ended) = Noted::sorted(notes.concat());
    oversight::record(&tables, &shelf, messages, clock.now()).await?;
    calls::oversight::record(&tables, ended, clock.now()).await
}
