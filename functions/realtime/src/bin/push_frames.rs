//! Posts frames to connections; the ones that are gone lose their rows.

use shared::aws::sockets::Sockets;
use shared::realtime::{Push, post};
use shared::table::{Live, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("frames" => push_frames);

async fn push_frames(
    table: Table<Write<Live>>,
    sockets: Sockets,
    clock: Clock,
    Job(push): Job<Push>,
) -> Result<()> {
    post(&table, &sockets, &push, clock.now()).await
}
