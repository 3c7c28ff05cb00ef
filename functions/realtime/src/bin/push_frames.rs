//! Posts frames to connections; the ones that are gone lose their rows.

use shared::aws::queue::{Frames, Queue};
use shared::aws::sockets::Sockets;
use shared::realtime::{Delivery, deliver};
use shared::table::{Live, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("frames" => push_frames);

async fn push_frames(
    table: Table<Write<Live>>,
    sockets: Sockets,
    frames: Queue<Frames>,
    clock: Clock,
    Job(delivery): Job<Delivery>,
) -> Result<()> {
    deliver(&table, &sockets, &frames, &delivery, clock.now()).await
}
