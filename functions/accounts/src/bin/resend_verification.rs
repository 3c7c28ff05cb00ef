//! Sends another verification mail, if the address waits for one; never tells whether it does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::accounts::{Guard, Notary, resend};
use shared::http::{Accepted, Body};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/resend-verification" => resend_verification, limit: Otp);

/// Whose mail did not arrive.
#[derive(Deserialize, JsonSchema)]
struct Address {
    #[schemars(length(min = 3, max = 254))]
    email: String,
}

/// Whatever the address is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Noted {
    accepted: bool,
}

async fn resend_verification(
    desk: Notary,
    guard: Guard,
    Body(address): Body<Address>,
) -> Result<Accepted<Noted>> {
    resend(&desk, &guard, &address.email).await?;
    Ok(Accepted(Noted { accepted: true }))
}
