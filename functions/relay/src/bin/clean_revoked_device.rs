//! Ends call, pushes and sockets of a revoked device and proves that nothing is left of it.

use shared::aws::sockets::Sockets;
use shared::calls::{EndedReason, Lost, hang_up};
use shared::notifications::leave_targets;
use shared::relay::{RevokedDevice, clean};
use shared::table::{Data, Ledger, Live, Write};
use shared::worker::Job;
use shared::{Clock, Result, Table, worker};

worker!("devices" => clean_revoked_device);

async fn clean_revoked_device(
    tables: Table<(Write<Data>, Write<Ledger>, Write<Live>)>,
    sockets: Sockets,
    clock: Clock,
    Job(revoked): Job<RevokedDevice>,
) -> Result<()> {
    let lost = Lost {
        user_id: &revoked.user_id,
        slot: Some(&revoked.device_id),
        reason: EndedReason::DeviceRevoked,
    };
    hang_up(&tables, &lost, clock.now()).await?;
    leave_targets(&tables, &revoked.user_id, lost.slot).await?;
    clean(&tables, &sockets, &revoked, clock.now()).await
}
