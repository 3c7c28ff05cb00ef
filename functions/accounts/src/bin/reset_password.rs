//! Sets a new password by the link of a mail, and ends all sessions.

use shared::accounts::{Changer, Guard, NewPassword, Restored};
use shared::http::{Body, Json, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/auth/password/reset" => reset_password, limit: Otp,
    faults: [OTP_EXPIRED, WEAK_PASSWORD, SAME_PASSWORD]);

async fn reset_password(
    desk: Changer,
    guard: Guard,
    Body(given): Body<NewPassword>,
    once: Once,
) -> Result<Json<Restored>> {
    shared::accounts::reset_password(&desk, &guard, &once, given).await
}
