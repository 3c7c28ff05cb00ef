//! Notes that a device of the receiver rings, and tells the caller.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::calls::{Answered, Call, Kept, Status, change, slot_of};
use shared::http::{Body, Json, Member, Once, Path};
use shared::table::{Commit, Data, Write};
use shared::{Clock, Result, Table, endpoint};

endpoint!(POST "/api/v2/calls/{call_id}/ringing" => report_ringing,
    faults: [CALL_NOT_FOUND, DEVICE_NOT_FOUND, CALL_ENDED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// Which device.
#[derive(Debug, Deserialize, JsonSchema)]
struct RingingDevice {
    #[schemars(length(min = 1, max = 64))]
    device_id: Option<String>,
}

/// The call afterwards.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Rings {
    status: Status,
}

async fn report_ringing(
    table: Table<Write<Data>>,
    clock: Clock,
    Member(me): Member,
    Path(at): Path<At>,
    Body(device): Body<RingingDevice>,
    once: Once,
) -> Result<Json<Rings>> {
    slot_of(&table, &me, device.device_id).await?;
    let answer = |call: &Call| {
        Json(Rings {
            status: call.status,
        })
    };
    let kept = Kept {
        once: &once,
        answer,
    };
    let ring =
        |call: &Call, _: Option<&_>| call.rings(&me.user_id, clock.now()).map(Answered::turn);
    let changed = change(&table, &at.call_id, &kept, |_| false, ring).await?;
    let told = answer(&changed.call);
    match changed.wrote {
        true => Ok(told),
        false => Ok(once.commit(&table, Commit::new(), told).await?),
    }
}
