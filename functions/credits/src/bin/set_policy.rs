//! Sets a price, a limit or a switch from an instant on; a price waits for a second person.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{BillingAction, Recorded, TwoPerson};
use shared::credits::{PolicyView, PolicyWish, set_policy as set};
use shared::http::{Admin, Body, Once, Path};
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(PUT "/api/admin/policies/{key}" => set_policy, severity: Critical,
    second: "for `price.*`",
    faults: [POLICY_NOT_FOUND, AMOUNT_OUT_OF_RANGE, REASON_REQUIRED]);

/// Which policy.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    key: String,
}

async fn set_policy(
    admin: Admin<BillingAction>,
    _policies: Table<Write<Data>>,
    Path(which): Path<Which>,
    Body(wish): Body<PolicyWish>,
    once: Once,
) -> Result<Recorded<TwoPerson<PolicyView>>> {
    set(&admin, &once, &which.key, &wish).await
}
