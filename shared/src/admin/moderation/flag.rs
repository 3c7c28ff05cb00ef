//! Clearing a flag of misuse.

use serde_json::json;

use crate::admin::{Act, Clerk, Recorded};
use crate::aws::dynamo::Missed;
use crate::error::{NOT_FOUND, Result, UNAVAILABLE};
use crate::function::Answer;
use crate::http::limit::{AbuseFlag, FlagCard};
use crate::http::{Call, Once};
use crate::moderation::clear;

/// Tries when the person signs in and out meanwhile.
const TRIES_MAX: u32 = 6;

/// Ends a flag before its time.
///
/// # Errors
/// 404 `NOT_FOUND`, also when it has ended; 503 when others were first too often.
pub async fn clear_flag<A: Answer<Call> + Clone>(
    admin: &Clerk,
    once: &Once,
    (flag_id, reason): (&str, &str),
    answer: impl Fn(AbuseFlag) -> A,
) -> Result<Recorded<A>> {
    for round in 1..=TRIES_MAX {
        let (flag, commit) = clear(admin.tables(), flag_id, admin.now()).await?;
        let act = Act::on("abuse_flag", flag_id)
            .changed(json!({ "live": true }), json!({ "live": false }))
            .noting("subject", &*flag.subject)
            .noting("kind", &*flag.kind)
            .because(reason);
        match admin.acts(once, &act, commit, answer(flag)).await {
            // Somebody else cleared it.
            Err(Missed::Refused(refused)) if refused.key == FlagCard::key_of(flag_id) => {
                return Err(NOT_FOUND.into());
            }
            Err(Missed::Refused(refused)) if refused.fault.code == NOT_FOUND.code => {
                admin.tables().pause(round).await;
            }
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}
