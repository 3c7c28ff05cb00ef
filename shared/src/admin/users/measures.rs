//! Measures against people, carried out: their effect and the row of the log are one transaction.

use serde_json::{Value, json};

use crate::accounts::{Account, Measure, Measured, Warden};
use crate::admin::{Act, Clerk, Recorded};
use crate::aws::dynamo::Missed;
use crate::error::{Result, UNAVAILABLE};
use crate::function::Answer;
use crate::http::{Call, Once};

/// Tries when the person signs in and out meanwhile.
const TRIES_MAX: u32 = 8;

/// What the log tells of an account.
pub(crate) fn told(account: &Account) -> Value {
    json!({
        "status": account.status,
        "banned_until": account.banned_until,
        "warnings": account.warnings,
    })
}

/// Carries a measure out, for a reason; `answer` says what has become of it.
///
/// # Errors
/// 404 `USER_NOT_FOUND`; 503 when others were first too often.
pub async fn carry_out<A: Answer<Call> + Clone>(
    admin: &Clerk,
    desk: &Warden,
    once: &Once,
    (user_id, measure, reason): (&str, Measure, &str),
    answer: impl Fn(&Measured) -> A,
) -> Result<Recorded<A>> {
    for round in 1..=TRIES_MAX {
        let measured = measure.decide(desk, user_id, admin.now()).await?;
        let reply = answer(&measured);
        let act = Act::on("user", user_id)
            .changed(told(&measured.before), told(&measured.after))
            .noting("sessions_ended", measured.ended)
            .because(reason);
        match admin.acts(once, &act, measured.commit, reply).await {
            Err(Missed::Refused(refused)) if refused.key.pk == user_id => {
                admin.tables().pause(round).await;
            }
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("the person was first too often"))
}
