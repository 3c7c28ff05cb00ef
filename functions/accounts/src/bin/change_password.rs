//! Changes the caller's password and ends the other sessions.

use shared::accounts::{Changed, Changer, Guard, PasswordChange};
use shared::http::{Body, Fresh, Json, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/password/change" => change_password,
    faults: [REAUTHENTICATION_NEEDED, INSUFFICIENT_AAL, INVALID_CREDENTIALS, ACCOUNT_LOCKED,
        WEAK_PASSWORD, SAME_PASSWORD]);

async fn change_password(
    desk: Changer,
    guard: Guard,
    Fresh(me): Fresh,
    Body(given): Body<PasswordChange>,
    once: Once,
) -> Result<Json<Changed>> {
    shared::accounts::change_password(&desk, &guard, &once, &me, given).await
}
