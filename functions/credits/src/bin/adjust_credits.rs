//! Gives or takes credits of a person by hand; a large amount waits for a second person.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{BillingAction, Recorded, TwoPerson, reason};
use shared::credits::{AMOUNT_MAX, Adjusted, Policies, adjust};
use shared::http::check::invalid;
use shared::http::{Admin, Body, Once};
use shared::{Result, admin};

admin!(POST "/api/admin/credits/adjust" => adjust_credits, severity: Warning,
    second: "above `adjust.two_person_above`",
    faults: [INSUFFICIENT_CREDITS, USER_NOT_FOUND, REASON_REQUIRED]);

/// How much, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct Adjustment {
    #[schemars(length(min = 1, max = 64))]
    user_id: String,
    /// Credits; below 0 they are taken. Not 0.
    #[schemars(range(min = -AMOUNT_MAX, max = AMOUNT_MAX), extend("not" = { "const": 0 }))]
    amount: i64,
    /// 10–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn adjust_credits(
    admin: Admin<BillingAction>,
    policies: Policies,
    Body(wish): Body<Adjustment>,
    once: Once,
) -> Result<Recorded<TwoPerson<Adjusted>>> {
    let reason = &*reason(wish.reason.as_deref(), 10)?;
    if wish.amount == 0 {
        return Err(invalid("/amount", "range", "Must not be 0."));
    }
    let alone_max = policies.number("adjust.two_person_above");
    adjust(
        &admin,
        &once,
        &wish.user_id,
        (wish.amount, reason),
        alone_max,
    )
    .await
}
