//! Tells the sockets of a revoked session why they end, and ends them.

use shared::accounts::Revoked;
use shared::aws::sockets::Sockets;
use shared::realtime::close_session;
use shared::table::{Live, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("revoked" => close_revoked_sockets);

async fn close_revoked_sockets(
    table: Table<Write<Live>>,
    sockets: Sockets,
    clock: Clock,
    Job(revoked): Job<Revoked>,
) -> Result<()> {
    close_session(&table, &sockets, &revoked, clock.now()).await
}
