//! Ringing, carried out: reads, the commit, and what to do when somebody else was first.

use super::answer::Answered;
use super::call::{CALL_MS_MAX, Call, Side};
use super::carry::{Plain, change, finish_due};
use super::lock::Lock;
use super::ring::{BUSY, CLIENT_ID_MS, Dialled, Dialling, Ground, Line, NewCall, call_id};
use super::words::Status as CallStatus;
use crate::accounts::account::{Account, Status};
use crate::aws::dynamo::{Missed, Tables};
use crate::credits::{Policies, Wallet};
use crate::crypto::{sha256, take};
use crate::env::Env;
use crate::error::{
    IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED, Result, UNAVAILABLE, USER_NOT_FOUND,
};
use crate::function::{Grant, Operation, Take};
use crate::http::{Call as Request, Me, Rate, once};
use crate::id::is_id;
use crate::messaging::{Head, conversation_id};
use crate::pack::Fixed;
use crate::realtime::other_device;
use crate::table::{Commit, Data, Ledger, Read, Table, Write};
use crate::time::{MINUTE_MS, Time};

/// Tries when others take the same locks.
const TRIES_MAX: u32 = 8;

/// The capability to ring: the request's own key, the limiter, prices and rules.
#[derive(Debug)]
pub struct Dial {
    key: Option<String>,
    rate: Rate,
    policies: Policies,
    now: Time,
}

impl Take<Request> for Dial {
    const GRANTS: &'static [&'static [Grant]] =
        <Table<(Write<Data>, Write<Ledger>, Read<Data>)> as Take<Request>>::GRANTS;

    fn describe(operation: &mut Operation) {
        operation.key = true;
    }

    async fn take(env: &Env, call: &mut Request) -> Result<Self> {
        let header = call.header("idempotency-key");
        let key = header.map(once::key_of).transpose()?.map(str::to_owned);
        Ok(Self {
            key,
            rate: Rate::take(env, call).await?,
            policies: Policies::take(env, call).await?,
            now: call.now,
        })
    }
}

/// The device that a person acts with: the one that is named, if it is theirs and active, else the
/// session's own, else the session.
///
/// # Errors
/// 404 `DEVICE_NOT_FOUND`.
pub async fn slot_of(tables: &Tables, me: &Me, device_id: Option<String>) -> Result<String> {
    let other = other_device(tables, me, device_id).await?;
    Ok(other.unwrap_or_else(|| me.slot().to_owned()))
}

impl Dial {
    /// Rings once, whatever happens: a repeated request gets the call that it began.
    ///
    /// # Errors
    /// What [`Dialling::decide`] refuses; 409 `CALLEE_BUSY`; 400 `IDEMPOTENCY_KEY_REQUIRED`
    /// without any id; 422 `IDEMPOTENCY_KEY_REUSED`; 503 when others were first too often.
    pub async fn ring(&self, tables: &Tables, me: &Me, new: &NewCall, slot: &str) -> Result<Call> {
        let client_id = new.client_call_id.as_ref().or(self.key.as_ref());
        let client_id = client_id.ok_or(IDEMPOTENCY_KEY_REQUIRED)?;
        let mut after = None;
        for round in 1..=TRIES_MAX {
            let id = |is_entry| call_id(&me.user_id, client_id, after, is_entry);
            let dialling = Dialling {
                me,
                slot,
                new,
                ids: (id(false), id(true)),
                policies: &self.policies,
                rate: &self.rate,
                now: self.now,
            };
            let known: Option<Call> = tables
                .get_consistent(&Call::key_of(&dialling.ids.0))
                .await?;
            if let Some(first) = known {
                if self.now.since(first.initiated_at) < CLIENT_ID_MS {
                    return self.replay(new, first);
                }
                after = Some(first.initiated_at);
                continue;
            }
            let ground = self.read(tables, me, &new.receiver_id).await?;
            let (call, commit) = match dialling.decide(&ground)? {
                Dialled::Rings(call, commit) => (Some(*call), commit),
                Dialled::Busy(entry) => (None, entry),
            };
            match (tables.commit(commit).await, call) {
                (Ok(()), Some(call)) => return Ok(call),
                (Ok(()), None) => return Err(BUSY.into()),
                (Err(Missed::Failed(error)), _) => return Err(error),
                // The entry of an equal request that was first.
                (Err(Missed::Refused(refused)), None) if refused.key.sk == "call" => {
                    return Err(BUSY.into());
                }
                (Err(Missed::Refused(_)), _) => tables.pause(round).await,
            }
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    fn replay(&self, new: &NewCall, first: Call) -> Result<Call> {
        match first.fingerprint == new.fingerprint() {
            true => Ok(first.seen(self.now)),
            false => Err(IDEMPOTENCY_KEY_REUSED.into()),
        }
    }

    /// What decides, all of it as it is now.
    async fn read(&self, tables: &Tables, me: &Me, to: &str) -> Result<Ground> {
        if !is_id("usr", to) {
            return Err(USER_NOT_FOUND.into());
        }
        let (head, account) = (
            Head::key_of(&conversation_id(&me.user_id, to)),
            Account::key_of(to),
        );
        let (wallet, head, account, mine, theirs) = tokio::try_join!(
            Wallet::load(tables, &me.wallet_id),
            tables.get_consistent::<Head>(&head),
            tables.get::<Account>(&account),
            line(tables, &me.user_id, self.now),
            line(tables, to, self.now),
        )?;
        Ok(Ground {
            wallet,
            head,
            receiver_is_active: account.is_some_and(|who| who.status == Status::Active),
            mine,
            theirs,
        })
    }
}

/// Whole minutes that the caller's balance is good for.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn affordable_minutes(tables: &Tables, call: &Call) -> Result<i64> {
    let wallet = Wallet::load(tables, &call.wallet_id).await?;
    Ok(match call.rate_per_minute {
        0 => CALL_MS_MAX / MINUTE_MS,
        rate => (wallet.available / rate).min(CALL_MS_MAX / MINUTE_MS),
    })
}

/// The capability to answer a call: the request's own key, and ids for holds.
#[derive(Debug)]
pub struct Answering {
    key: Option<Fixed<16>>,
    hold_id: String,
    now: Time,
}

impl Take<Request> for Answering {
    fn describe(operation: &mut Operation) {
        operation.key = true;
    }

    async fn take(env: &Env, call: &mut Request) -> Result<Self> {
        let header = call.header("idempotency-key");
        let key = header.map(once::key_of).transpose()?;
        let key = key.map(|key| {
            let (name, same) = (sha256(&[key.as_bytes()]), sha256(&[&call.fingerprint]));
            let both = [take::<8>(&name), take::<8>(&same)].concat();
            Fixed(take(&both))
        });
        Ok(Self {
            key,
            hold_id: env.ids().new_id("hld"),
            now: call.now,
        })
    }
}

impl Answering {
    /// Answers a call once, whatever happens: the device that has answered gets the call again.
    ///
    /// # Errors
    /// What [`Call::accept`] refuses; 410 `CALL_ENDED` when the caller has nothing to pay with; 422
    /// `IDEMPOTENCY_KEY_REUSED`; 404 `DEVICE_NOT_FOUND`; 503 when others were first too often.
    pub async fn accept(
        &self,
        tables: &Tables,
        me: &Me,
        call_id: &str,
        device_id: Option<String>,
    ) -> Result<Call> {
        let slot = slot_of(tables, me, device_id).await?;
        let accept = |call: &Call, wallet: Option<&Wallet>| {
            let empty = Wallet::new(&*call.wallet_id, 0);
            let paying = (wallet.unwrap_or(&empty), self.hold_id.as_str());
            let who = (me.user_id.as_str(), slot.as_str());
            call.accept(who, paying, self.key, self.now)
                .map(Answered::turn)
        };
        let rings = |call: &Call| call.status == CallStatus::Ringing;
        let changed = change(tables, call_id, &Plain, rings, accept).await?;
        let call = changed.call;
        if call.status == CallStatus::Failed {
            return Err(call.gone(Side::Receiver));
        }
        match (changed.wrote, self.key, call.accept_key) {
            (false, Some(Fixed(mine)), Some(Fixed(first))) if is_reused(&mine, &first) => {
                Err(IDEMPOTENCY_KEY_REUSED.into())
            }
            _ => Ok(call),
        }
    }
}

/// The same key with another content.
fn is_reused(mine: &[u8; 16], first: &[u8; 16]) -> bool {
    let ((key, content), (first_key, first_content)) = (mine.split_at(8), first.split_at(8));
    key == first_key && content != first_content
}

/// The lock of a person and the call that it names; what time has ended is written down first, so
/// that it can be counted.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn line(tables: &Tables, user_id: &str, now: Time) -> Result<Line> {
    let lock: Option<Lock> = tables.get_consistent(&Lock::key_of(user_id)).await?;
    let lock = lock.unwrap_or_else(|| Lock::new(user_id));
    let Some(call_id) = &lock.call_id else {
        return Ok(Line { lock, call: None });
    };
    let mut call: Option<Call> = tables.get_consistent(&Call::key_of(call_id)).await?;
    if call.as_ref().is_some_and(|call| call.fate(now).is_some()) {
        call = Some(finish_due(tables, call_id, now).await?.call);
    }
    Ok(Line { lock, call })
}

/// A commit that fails if the person's lock has moved since it was read.
pub fn lock_stands(lock: &Lock) -> Commit {
    Commit::new().replace(&lock.next(), lock.unchanged(), &UNAVAILABLE)
}
