//! Decisions of administrators about one call: each one transaction with its row in the audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::view::AdminCall;
use crate::admin::{Act, Clerk, Recorded, TwoPerson};
use crate::aws::dynamo::Missed;
use crate::calls::call::{Call, Side};
use crate::calls::carry::{TRIES_MAX, finish_due, lost};
use crate::calls::finish::Turn;
use crate::calls::words::{CallQuality, EndedReason};
use crate::credits::Wallet;
use crate::error::{APPROVAL_STATE, Result, UNAVAILABLE};
use crate::function::Answer;
use crate::http::{Call as Request, Json, Once};

/// A decision and what is answered.
type Decision<A> = (Turn, Act, A);

/// Carries out a decision about the newest state of a call; the wallet is the caller's, read where
/// `pays` says that it is needed. None asks for a second person.
async fn carried<A: Answer<Request> + Clone>(
    admin: &Clerk,
    once: &Once,
    call_id: &str,
    pays: impl Fn(&Call) -> bool,
    mut decide: impl FnMut(&Call, Option<&Wallet>) -> Result<Decision<A>>,
) -> Result<Recorded<A>> {
    let tables = admin.tables();
    let mut call = Call::load(tables, call_id).await?;
    let mut wallet: Option<Wallet> = None;
    for round in 1..=TRIES_MAX {
        if wallet.is_none() && pays(&call) {
            wallet = Some(Wallet::load(tables, &call.wallet_id).await?);
        }
        let known = wallet.as_ref().filter(|_| pays(&call));
        let (turn, act, answer) = decide(&call, known)?;
        let (_, commit) = turn.commit(&call);
        match admin.acts(once, &act, commit, answer).await {
            // Somebody else decided about it meanwhile.
            Err(Missed::Refused(refused)) if refused.fault.code == APPROVAL_STATE.code => {
                return Err(refused.into());
            }
            Err(Missed::Refused(refused)) => {
                lost(&refused, &mut call, &mut wallet)?;
                tables.pause(round).await;
            }
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// What an act on a call names.
fn on(call: &Call, why: &str) -> Act {
    Act::on("call", &*call.call_id)
        .noting("caller_id", &*call.caller_id)
        .noting("receiver_id", &*call.receiver_id)
        .because(why)
}

fn state(call: &Call) -> Value {
    json!({
        "status": call.status,
        "ended_reason": call.ended_reason,
        "billed_minutes": call.billed_minutes,
        "credits_spent": call.credits_spent,
    })
}

/// Ends a call that is not over, and settles it.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 410 `CALL_ENDED`; 503 when others were first too often.
pub async fn terminate_as(
    admin: &Clerk,
    once: &Once,
    call_id: &str,
    why: &str,
) -> Result<Recorded<Json<AdminCall>>> {
    let now = admin.now();
    carried(admin, once, call_id, Call::holds, |call, wallet| {
        call.living(Side::Caller, now)?;
        let turn = call.finish(call.cut(EndedReason::Admin, now), wallet, now)?;
        let act = on(call, why).changed(state(call), state(&turn.call));
        let answer = Json(AdminCall::of(&turn.call, now));
        Ok((turn, act, answer))
    })
    .await
}

/// What moderation notes about a call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct CallJudgement {
    /// How it sounded, if the reports are wrong.
    pub call_quality: Option<CallQuality>,
    /// What is to be remembered of it.
    #[schemars(length(min = 1, max = 1_000), extend("x-text" = "plain"))]
    pub notes: String,
}

/// Notes that were taken.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CallJudged {
    /// Always true.
    pub success: bool,
    /// `cal_…`
    pub call_id: String,
}

/// Takes a moderator's notes, and how it sounded where they say so. The log shows that notes
/// changed, but not what they say.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 503 when others were first too often.
pub async fn moderate_as(
    admin: &Clerk,
    once: &Once,
    call_id: &str,
    (judgement, why): (&CallJudgement, &str),
) -> Result<Recorded<Json<CallJudged>>> {
    let said = |call: &Call| {
        json!({
            "call_quality": call.call_quality,
            "moderation_notes": { "text": call.moderation_notes },
        })
    };
    let now = admin.now();
    carried(
        admin,
        once,
        call_id,
        |_| false,
        |call, _| {
            let mut next = call.touched(now);
            next.moderation_notes = Some(judgement.notes.clone());
            next.call_quality = judgement.call_quality.or(call.call_quality);
            next.is_quality_judged |= judgement.call_quality.is_some();
            let act = on(call, why).changed(said(call), said(&next));
            let answer = Json(CallJudged {
                success: true,
                call_id: call.call_id.clone(),
            });
            Ok((Turn::of(next), act, answer))
        },
    )
    .await
}

/// What a refund led to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Refunded {
    /// `txn_…`
    pub transaction_id: String,
    /// Credits of the call that were given back by now, all refunds together.
    pub refunded: i64,
}

/// Gives credits of a call back; above `alone_max` it waits for a second person.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 409 `CALL_STATE_CONFLICT` before the end; 422 `AMOUNT_OUT_OF_RANGE`
/// beyond what was spent and not given back yet; 503 when others were first too often.
pub async fn refund_as(
    admin: &Clerk,
    once: &Once,
    call_id: &str,
    (credits, why): (i64, &str),
    alone_max: i64,
) -> Result<Recorded<TwoPerson<Refunded>>> {
    let now = admin.now();
    // What time has ended is settled first.
    let call = finish_due(admin.tables(), call_id, now).await?.call;
    if credits > alone_max && !admin.is_approved() {
        call.refundable(credits)?;
        let act = on(&call, why).noting("credits", credits);
        return admin.asks(once, &act).await;
    }
    carried(
        admin,
        once,
        call_id,
        |_| true,
        |call, wallet| {
            let wallet = wallet.ok_or_else(|| UNAVAILABLE.because("no wallet"))?;
            let turn = call.refund(wallet, credits, now)?;
            let booked = turn.booking.as_ref();
            let given = |call: &Call| json!({ "refunded": call.refunded });
            let act = on(call, why)
                .changed(given(call), given(&turn.call))
                .noting("credits", credits);
            let answer = TwoPerson::Done(Refunded {
                transaction_id: booked
                    .and_then(|booking| booking.transaction_id())
                    .unwrap_or_default(),
                refunded: turn.call.refunded,
            });
            Ok((turn, act, answer))
        },
    )
    .await
}
