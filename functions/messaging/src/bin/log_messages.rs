//! Writes what happened to messages into the log by minute, many at once.

use shared::messaging::oversight::record;
use shared::messaging::{Note, Shelf};
use shared::table::{Data, Insight, Read, Write};
use shared::worker::Jobs;
use shared::{Clock, Result, Table, worker};

worker!(batch "notes" => log_messages);

async fn log_messages(
    tables: Table<(Read<Data>, Write<Insight>)>,
    shelf: Shelf,
    clock: Clock,
    Jobs(notes): Jobs<Vec<Note>>,
) -> Result<()> {
    record(&tables, &shelf, notes.concat(), clock.now()).await
}
