//! Gives one of the caller's devices another name.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::limit::Activity;
use shared::http::{Body, Json, Member, Path};
use shared::relay::{self, DeviceView};
use shared::table::{Data, Live, Read, Write};
use shared::{Result, Table, endpoint};

endpoint!(PATCH "/api/v2/devices/{device_id}" => rename_device,
    faults: [DEVICE_NOT_FOUND, DEVICE_NAME_TAKEN]);

/// Which device.
#[derive(Deserialize, JsonSchema)]
struct At {
    device_id: String,
}

/// The new name.
#[derive(Debug, Deserialize, JsonSchema)]
struct DeviceRename {
    #[schemars(length(min = 1, max = 64), extend("x-text" = "name"))]
    name: String,
}

async fn rename_device(
    tables: Table<(Write<Data>, Read<Live>)>,
    Member(me): Member,
    Path(at): Path<At>,
    Body(wish): Body<DeviceRename>,
) -> Result<Json<DeviceView>> {
    let device = relay::rename(&tables, &me.user_id, &at.device_id, &wish.name).await?;
    let activity: Option<Activity> = tables.get(&Activity::key_of(&me.user_id)).await?;
    Ok(Json(DeviceView::of(&device, &me, activity.as_ref())))
}
