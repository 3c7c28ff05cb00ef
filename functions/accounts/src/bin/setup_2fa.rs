//! Begins to enrol a second factor and shows its secret this once.

use shared::accounts::Locksmith;
use shared::accounts::factor::{self, Setup};
use shared::http::{Body, Fresh, Json, Nothing};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/2fa/setup" => setup_2fa, limit: Otp,
    faults: [TWO_FACTOR_STATE, REAUTHENTICATION_NEEDED, INSUFFICIENT_AAL]);

async fn setup_2fa(
    desk: Locksmith,
    Fresh(me): Fresh,
    Body(_): Body<Nothing>,
) -> Result<Json<Setup>> {
    factor::set_up(&desk, &me).await.map(Json)
}
