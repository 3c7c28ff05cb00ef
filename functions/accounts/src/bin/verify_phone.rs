//! Proves a phone number by the code that was sent to it.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::Operator;
use shared::accounts::phone::{self, PhoneVerified};
use shared::http::{Body, Json, Member, Once};
use shared::{Result, endpoint};

endpoint!(POST "/api/v2/user/phone/verify" => verify_phone, limit: Otp,
    faults: [OTP_EXPIRED, OTP_INVALID, PHONE_STATE]);

/// From the text message.
#[derive(Deserialize, JsonSchema)]
struct PhoneCode {
    /// Eight digits.
    #[schemars(length(min = 1, max = 16))]
    code: String,
}

async fn verify_phone(
    desk: Operator,
    Member(me): Member,
    Body(given): Body<PhoneCode>,
    once: Once,
) -> Result<Json<PhoneVerified>> {
    phone::verify(&desk, &me, &once, &given.code).await
}
