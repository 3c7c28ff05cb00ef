//! Gives credits of a settled call back; a large amount waits for a second person.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{BillingRefund, Recorded, TwoPerson, reason};
use shared::calls::oversight::{Refunded, refund_as};
use shared::credits::Policies;
use shared::http::{Admin, Body, Once, Path};
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(POST "/api/admin/calls/{call_id}/refund" => refund_call, severity: Warning,
    second: "above `adjust.two_person_above`",
    faults: [CALL_NOT_FOUND, CALL_STATE_CONFLICT, AMOUNT_OUT_OF_RANGE, REASON_REQUIRED]);

/// Which call.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    call_id: String,
}

/// How much, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct RefundWish {
    /// Credits, at most what was spent and not given back yet.
    credits: i64,
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn refund_call(
    admin: Admin<BillingRefund>,
    _tables: Table<Write<Data>>,
    policies: Policies,
    Path(At { call_id }): Path<At>,
    Body(wish): Body<RefundWish>,
    once: Once,
) -> Result<Recorded<TwoPerson<Refunded>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    let alone_max = policies.number("adjust.two_person_above");
    refund_as(&admin, &once, &call_id, (wish.credits, why), alone_max).await
}
