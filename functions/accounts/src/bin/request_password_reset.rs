//! Mails a link to a new password, if the address has an account; never tells whether it has.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::{Guard, Notary, Noted, request_reset};
use shared::http::{Accepted, Body, Caller, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/password/forgot" => request_password_reset, limit: Reset);

/// Whose password is forgotten.
#[derive(Deserialize, JsonSchema)]
struct Forgotten {
    #[schemars(length(min = 3, max = 254))]
    email: String,
}

async fn request_password_reset(
    desk: Notary,
    guard: Guard,
    _: Caller,
    Body(forgotten): Body<Forgotten>,
    once: Once,
) -> Result<Accepted<Noted>> {
    request_reset(&desk, &guard, &once, &forgotten.email).await
}
