//! Lists the devices of the caller.

use schemars::JsonSchema;
use serde::Serialize;
use shared::http::{Json, Member};
use shared::relay::{self, DeviceView};
use shared::table::{Data, Live, Read};
use shared::{Clock, Result, Table, endpoint};

endpoint!(GET "/api/v2/devices" => list_devices);

/// The active devices, at most 10, and those revoked lately; newest first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Devices {
    devices: Vec<DeviceView>,
}

async fn list_devices(
    tables: Table<(Read<Data>, Read<Live>)>,
    clock: Clock,
    Member(me): Member,
) -> Result<Json<Devices>> {
    let devices = relay::list(&tables, &me, clock.now()).await?;
    Ok(Json(Devices { devices }))
}
