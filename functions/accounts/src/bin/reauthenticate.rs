//! Confirms that the caller is present, for what is asked of a fresh session.

use shared::accounts::{Confirmed, Confirmer, Guard, Presence};
use shared::http::{Body, Json, Member};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/reauthenticate" => reauthenticate,
    faults: [INVALID_CREDENTIALS, MFA_VERIFICATION_FAILED, ACCOUNT_LOCKED]);

async fn reauthenticate(
    desk: Confirmer,
    guard: Guard,
    Member(me): Member,
    Body(given): Body<Presence>,
) -> Result<Json<Confirmed>> {
    shared::accounts::reauthenticate(&desk, &guard, &me, given)
        .await
        .map(Json)
}
