//! Decisions about a call, carried out: read, decide, commit, and decide again when somebody else
//! was first.

use super::call::Call;
use super::fate::End;
use super::finish::Turn;
use crate::aws::dynamo::{Missed, Tables};
use crate::credits::Wallet;
use crate::error::{Result, UNAVAILABLE};
use crate::function::Answer;
use crate::http::{Call as Request, Once};
use crate::table::{Commit, Refused};
use crate::time::Time;

/// Tries when others change the same call or wallet.
pub(super) const TRIES_MAX: u32 = 8;

/// How a commit is carried out.
pub trait Carry: Sync {
    /// Carries it out; `next` is the call afterwards.
    fn carry(
        &self,
        tables: &Tables,
        commit: Commit,
        next: &Call,
    ) -> impl Future<Output = Result<(), Missed>> + Send;
}

/// Just so.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Carry for Plain {
    async fn carry(&self, tables: &Tables, commit: Commit, _: &Call) -> Result<(), Missed> {
        tables.commit(commit).await
    }
}

/// Together with the record of the answer under the request's own key.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a, F> {
    /// The request's key.
    pub once: &'a Once,
    /// What is answered.
    pub answer: F,
}

impl<A: Answer<Request> + Clone, F: Fn(&Call) -> A + Sync> Carry for Kept<'_, F> {
    async fn carry(&self, tables: &Tables, commit: Commit, next: &Call) -> Result<(), Missed> {
        let answer = (self.answer)(next);
        self.once.commit(tables, commit, answer).await.map(drop)
    }
}

/// What became of a call.
#[derive(Clone, Debug)]
pub struct Changed {
    /// As it is now.
    pub call: Call,
    /// Whether this request changed it.
    pub wrote: bool,
}

/// Changes a call as `decide` says, from its newest state; none changes nothing. The wallet is
/// the caller's, read where `pays` says that the decision needs it.
///
/// # Errors
/// What `decide` refuses; 404 `CALL_NOT_FOUND`; 503 when others were first too often.
pub async fn change(
    tables: &Tables,
    call_id: &str,
    how: &impl Carry,
    pays: impl Fn(&Call) -> bool,
    mut decide: impl FnMut(&Call, Option<&Wallet>) -> Result<Option<Turn>>,
) -> Result<Changed> {
    let mut call = Call::load(tables, call_id).await?;
    let mut wallet: Option<Wallet> = None;
    for round in 1..=TRIES_MAX {
        if wallet.is_none() && pays(&call) {
            wallet = Some(Wallet::load(tables, &call.wallet_id).await?);
        }
        let known = wallet.as_ref().filter(|_| pays(&call));
        let Some(turn) = decide(&call, known)? else {
            return Ok(Changed { call, wrote: false });
        };
        let (next, commit) = turn.commit(&call);
        match how.carry(tables, commit, &next).await {
            Ok(()) => {
                return Ok(Changed {
                    call: next,
                    wrote: true,
                });
            }
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::Refused(refused)) => {
                lost(&refused, &mut call, &mut wallet)?;
                tables.pause(round).await;
            }
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// Takes over what a refusal tells.
pub(super) fn lost(refused: &Refused, call: &mut Call, wallet: &mut Option<Wallet>) -> Result<()> {
    match refused.key.sk.as_str() {
        "call" => {
            if let Some(current) = refused.current()? {
                *call = current;
            }
        }
        // Only the first condition that fails is told: the wallet may have moved as well.
        "wallet" => *wallet = refused.current()?,
        _ => {}
    }
    Ok(())
}

/// Writes down what time has made of a call, if it has; whether it had.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 503 when others were first too often.
pub async fn finish_due(tables: &Tables, call_id: &str, now: Time) -> Result<Changed> {
    let decide = |call: &Call, wallet: Option<&Wallet>| {
        let end = call.fate(now);
        end.map(|end| call.finish(end, wallet, now)).transpose()
    };
    change(tables, call_id, &Plain, Call::holds, decide).await
}

/// Ends a call if it is live: as `end` says, or as time has ended it before.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 503 when others were first too often.
pub async fn finish(
    tables: &Tables,
    call_id: &str,
    how: &impl Carry,
    end: impl Fn(&Call) -> Result<End>,
    now: Time,
) -> Result<Changed> {
    let decide = |call: &Call, wallet: Option<&Wallet>| {
        let wish = end(call)?;
        if call.status.is_terminal() {
            return Ok(None);
        }
        let end = call.fate(now).unwrap_or(wish);
        call.finish(end, wallet, now).map(Some)
    };
    change(tables, call_id, how, Call::holds, decide).await
}

/// The owner of a hold that is past its expiry is asked to settle it: gives the credits that were
/// used, or nothing when the hold has no live owner.
///
/// # Errors
/// 503 when others were first too often.
pub async fn settle_hold(tables: &Tables, call_id: &str, now: Time) -> Result<Option<i64>> {
    let found: Option<Call> = tables.get_consistent(&Call::key_of(call_id)).await?;
    match found {
        Some(call) if !call.status.is_terminal() => {
            let done = finish_due(tables, call_id, now).await?;
            Ok(done.wrote.then_some(done.call.credits_spent))
        }
        _ => Ok(None),
    }
}
