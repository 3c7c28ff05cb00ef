//! Sends another verification mail, if the address waits for one; never tells whether it does.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::{Guard, Notary, Noted, resend};
use shared::http::{Accepted, Body, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/resend-verification" => resend_verification, limit: Otp);

/// Whose mail did not arrive.
#[derive(Deserialize, JsonSchema)]
struct Address {
    #[schemars(length(min = 3, max = 254))]
    email: String,
}

async fn resend_verification(
    desk: Notary,
    guard: Guard,
    Body(address): Body<Address>,
    once: Once,
) -> Result<Accepted<Noted>> {
    resend(&desk, &guard, &once, &address.email).await
}
