//! Cuts one of the caller's devices off: its sessions end with it, its sockets within seconds.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{Member, NoContent, Path};
use shared::relay;
use shared::table::{Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(DELETE "/api/v2/devices/{device_id}" => revoke_device, faults: [DEVICE_NOT_FOUND]);

/// Which device.
#[derive(Deserialize, JsonSchema)]
struct At {
    device_id: String,
}

async fn revoke_device(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
) -> Result<NoContent> {
    relay::revoke(&table, &me.user_id, &at.device_id, clock.now()).await?;
    Ok(NoContent)
}
