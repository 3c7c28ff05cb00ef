//! Replaces the caller's recovery codes and shows the new ones this once.

use shared::accounts::Locksmith;
use shared::accounts::factor::{self, Regenerated};
use shared::http::{Body, Fresh, Json, Nothing};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/2fa/recovery-codes" => regenerate_recovery_codes, limit: Otp,
    faults: [TWO_FACTOR_STATE, REAUTHENTICATION_NEEDED, INSUFFICIENT_AAL]);

async fn regenerate_recovery_codes(
    desk: Locksmith,
    Fresh(me): Fresh,
    Body(_): Body<Nothing>,
) -> Result<Json<Regenerated>> {
    factor::regenerate(&desk, &me).await.map(Json)
}
