//! Proves an address by the token of the link, or by address and code.

use shared::accounts::{Evidence, Examiner, Guard, Verified, verify};
use shared::http::{Body, Json, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/verify-email" => verify_email, limit: Otp,
    faults: [OTP_EXPIRED, OTP_INVALID]);

async fn verify_email(
    desk: Examiner,
    guard: Guard,
    Body(evidence): Body<Evidence>,
    once: Once,
) -> Result<Json<Verified>> {
    verify(&desk, &guard, &once, evidence).await
}
