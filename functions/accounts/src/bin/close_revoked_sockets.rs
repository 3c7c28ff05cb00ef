//! Tells the sockets of a revoked session why they end, and ends them and its call.

use shared::accounts::Revoked;
use shared::aws::sockets::Sockets;
use shared::calls::{Lost, hang_up};
use shared::realtime::close_session;
use shared::table::{Data, Ledger, Live, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("revoked" => close_revoked_sockets);

async fn close_revoked_sockets(
    table: Table<(Write<Live>, Write<Data>, Write<Ledger>)>,
    sockets: Sockets,
    clock: Clock,
    Job(revoked): Job<Revoked>,
) -> Result<()> {
    close_session(&table, &sockets, &revoked, clock.now()).await?;
    let lost = Lost {
        user_id: &revoked.user_id,
        slot: Some(revoked.slot()),
        reason: revoked.ends_call(),
    };
    hang_up(&table, &lost, clock.now()).await
}
