//! Exchanges the one-time code of a provider's sign-in for a session, or the signup token for an
//! account.

use shared::accounts::social::exchange::{self, Counter, Exchange, Exchanged};
use shared::accounts::{Guard, Office, Opener};
use shared::http::{Body, Caller, Client, Json};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/oauth/exchange" => exchange_social_login, limit: Anonymous,
    faults: [BIRTHDATE_REQUIRED, IDENTITY_ALREADY_EXISTS, OTP_EXPIRED, UNDERAGE, OAUTH_FAILED,
        EMAIL_NOT_CONFIRMED, USER_BANNED, INVALID_CREDENTIALS, SESSION_REVOKED,
        DEVICE_NAME_TAKEN, DEVICE_LIMIT, KEY_REUSED, DEVICE_TYPE, INVALID_KEY]);

async fn exchange_social_login(
    office: Office,
    door: Opener,
    guard: Guard,
    client: Client,
    _: Caller,
    Body(given): Body<Exchange>,
) -> Result<Json<Exchanged>> {
    let counter = Counter {
        office: &office,
        door: &door,
        guard: &guard,
        client: &client,
    };
    exchange::exchange(counter, given).await.map(Json)
}
