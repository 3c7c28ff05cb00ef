//! Removes the caller's second factor.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::Locksmith;
use shared::accounts::factor::{self, Given, Off};
use shared::http::{Body, Fresh, Json, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/2fa/disable" => disable_2fa, limit: Otp,
    faults: [MFA_VERIFICATION_FAILED, TWO_FACTOR_STATE, ACCOUNT_LOCKED, REAUTHENTICATION_NEEDED,
        INSUFFICIENT_AAL]);

/// Either code.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("x-either" = [["code"], ["recovery_code"]]))]
struct Last {
    /// Six digits of the app.
    #[schemars(length(min = 1, max = 16))]
    code: Option<String>,
    /// One of the recovery codes.
    #[schemars(length(min = 1, max = 64))]
    recovery_code: Option<String>,
}

async fn disable_2fa(
    desk: Locksmith,
    Fresh(me): Fresh,
    Body(last): Body<Last>,
    once: Once,
) -> Result<Json<Off>> {
    let given = Given::of(last.code, last.recovery_code)?;
    factor::disable(&desk, &me, &once, &given).await
}
