//! Notes that media flow at one end; the second report starts the meter.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::aws::queue::{Meters, Queue};
use shared::calls::{Answered, Call, Connected, Kept, change, set_timer, slot_of};
use shared::http::{Body, Client, Json, Member, Once, Path};
use shared::table::{Commit, Data, Write};
use shared::{Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/connected" => report_connected,
    faults: [CALL_NOT_FOUND, DEVICE_NOT_FOUND, CALL_STATE_CONFLICT, CALL_ENDED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// Which device.
#[derive(Debug, Deserialize, JsonSchema)]
struct ConnectedDevice {
    #[schemars(length(min = 1, max = 64))]
    device_id: Option<String>,
}

async fn report_connected(
    table: Table<Write<Data>>,
    Member(me): Member,
    Path(at): Path<At>,
    Body(device): Body<ConnectedDevice>,
    once: Once,
    meters: Queue<Meters>,
    client: Client,
) -> Result<Json<Connected>> {
    let slot = slot_of(&table, &me, device.device_id).await?;
    let answer = |call: &Call| Json(Connected::to(call, &me.user_id));
    let kept = Kept {
        once: &once,
        answer,
    };
    let who = (me.user_id.as_str(), slot.as_str());
    let connect = |call: &Call, _: Option<&_>| call.connects(who, client.now).map(Answered::turn);
    let changed = change(&table, &at.call_id, &kept, |_| false, connect).await?;
    set_timer(&meters, &changed.call, client.now, &client.request_id).await;
    let told = answer(&changed.call);
    match changed.wrote {
        true => Ok(told),
        false => Ok(once.commit(&table, Commit::new(), told).await?),
    }
}
