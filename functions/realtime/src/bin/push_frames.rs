//! Posts frames to connections; the ones that are gone lose their rows.

use shared::aws::queue::{Frames, Queue};
use shared::aws::sockets::Sockets;
use shared::realtime::{DELIVERIES_MAX, Delivery, deliver};
use shared::table::{Live, Write};
use shared::worker::{Job, Receives};
use shared::{Clock, Result, Table, log, worker};

worker!("frames" => push_frames);

async fn push_frames(
    table: Table<Write<Live>>,
    sockets: Sockets,
    frames: Queue<Frames>,
    clock: Clock,
    Receives(receives): Receives,
    Job(delivery): Job<Delivery>,
) -> Result<()> {
    let delivered = deliver(&table, &sockets, &frames, &delivery, clock.now()).await;
    delivered.or_else(|error| match receives < DELIVERIES_MAX {
        true => Err(error),
        false => {
            log::alarm("push_frames", &format!("a frame was given up: {error}"));
            Ok(())
        }
    })
}
