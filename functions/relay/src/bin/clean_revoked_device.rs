//! Ends the sockets of a revoked device and proves that nothing is left of it.

use shared::aws::sockets::Sockets;
use shared::relay::{RevokedDevice, clean};
use shared::table::{Data, Live, Read, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("devices" => clean_revoked_device);

async fn clean_revoked_device(
    tables: Table<(Read<Data>, Write<Live>)>,
    sockets: Sockets,
    clock: Clock,
    Job(revoked): Job<RevokedDevice>,
) -> Result<()> {
    clean(&tables, &sockets, &revoked, clock.now()).await
}
