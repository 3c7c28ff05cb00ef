//! Enrols the second factor by its first code and shows the recovery codes this once.

use shared::accounts::Locksmith;
use shared::accounts::factor::{self, Confirmation, Confirmed};
use shared::http::{Body, Json, Member};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/2fa/verify" => verify_2fa, limit: Otp,
    faults: [MFA_VERIFICATION_FAILED, TWO_FACTOR_STATE, ACCOUNT_LOCKED]);

async fn verify_2fa(
    desk: Locksmith,
    Member(me): Member,
    Body(given): Body<Confirmation>,
) -> Result<Json<Confirmed>> {
    factor::verify(&desk, &me, given).await.map(Json)
}
