//! Opens the session that a sign-in asked the second factor for.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::factor::{Given, challenge};
use shared::accounts::{Guard, Opener, TokenAnswer};
use shared::http::{Body, Client, Json};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/2fa/challenge" => answer_2fa_challenge, limit: Otp,
    faults: [MFA_VERIFICATION_FAILED, OTP_EXPIRED, ACCOUNT_LOCKED, USER_BANNED,
        DEVICE_NAME_TAKEN, DEVICE_LIMIT, KEY_REUSED, DEVICE_TYPE, INVALID_KEY]);

/// The question, and either code.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("x-either" = [["code"], ["recovery_code"]]))]
struct Response {
    #[schemars(length(min = 1, max = 128))]
    challenge_id: String,
    /// Six digits of the app.
    #[schemars(length(min = 1, max = 16))]
    code: Option<String>,
    /// One of the recovery codes.
    #[schemars(length(min = 1, max = 64))]
    recovery_code: Option<String>,
}

async fn answer_2fa_challenge(
    desk: Opener,
    guard: Guard,
    client: Client,
    Body(response): Body<Response>,
) -> Result<Json<TokenAnswer>> {
    let given = Given::of(response.code, response.recovery_code)?;
    challenge::answer(&desk, &guard, &client, &response.challenge_id, &given)
        .await
        .map(Json)
}
