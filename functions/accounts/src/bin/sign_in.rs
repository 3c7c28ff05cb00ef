//! Signs in with e-mail and password: opens a session, or asks for the second factor.

use shared::accounts::{Credentials, Doorkeeper, Guard, SignedIn};
use shared::http::{Body, Client, Json};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/login", alias "/auth/login" => sign_in, limit: Login,
    faults: [INVALID_CREDENTIALS, EMAIL_NOT_CONFIRMED, USER_BANNED, ACCOUNT_LOCKED,
        DEVICE_NAME_TAKEN, DEVICE_LIMIT, KEY_REUSED, DEVICE_TYPE, INVALID_KEY]);

async fn sign_in(
    desk: Doorkeeper,
    guard: Guard,
    client: Client,
    Body(credentials): Body<Credentials>,
) -> Result<Json<SignedIn>> {
    shared::accounts::sign_in(&desk, &guard, &client, credentials)
        .await
        .map(Json)
}
