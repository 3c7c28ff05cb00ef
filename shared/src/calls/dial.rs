//! Ringing, carried out: reads, the commit, and what to do when somebody else was first.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::answer::can_pay;
use super::call::{CALL_MS_MAX, Call};
use super::carry::finish_due;
use super::lock::Lock;
use super::ring::{
    BUSY, CLIENT_ID_MS, Dialled, Dialling, Ground, Line, NewCall, call_id, may_ring,
};
use super::signal::{Checked, SignalKind};
use super::words::CallType;
use crate::accounts::account::{Account, Status};
use crate::aws::dynamo::{Missed, Tables};
use crate::credits::{Policies, Wallet};
use crate::env::Env;
use crate::error::{
    CANNOT_TARGET_SELF, IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED, Result, UNAVAILABLE,
    USER_NOT_FOUND,
};
use crate::function::{Grant, Operation, Take};
use crate::http::{Call as Request, Me, Rate, once};
use crate::id::is_id;
use crate::messaging::{Head, conversation_id};
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

/// A description that comes with a request, checked.
///
/// # Errors
/// 422 `SIGNAL_INVALID`.
pub(super) fn description(
    kind: SignalKind,
    sdp: Option<&str>,
    call_type: CallType,
    hidden: bool,
) -> Result<Option<Checked>> {
    let payload = sdp.map(|sdp| Value::String(sdp.to_owned()));
    payload
        .map(|payload| Checked::of(kind, Some(payload), call_type, hidden))
        .transpose()
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
        let own: Option<Account> = tables.get(&Account::key_of(&me.user_id)).await?;
        let hidden = own.is_some_and(|own| own.relay_only_calls);
        let offer = description(
            SignalKind::Offer,
            new.sdp_offer.as_deref(),
            new.call_type,
            hidden,
        )?;
        let mut after = None;
        for round in 1..=TRIES_MAX {
            let id = |is_entry| call_id(&me.user_id, client_id, after, is_entry);
            let dialling = Dialling {
                me,
                slot,
                new,
                offer: offer.as_ref(),
                hidden,
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
            match attempt(tables, dialling.decide(&ground)?).await? {
                Some(call) => return Ok(call),
                None => tables.pause(round).await,
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
            tables.get_consistent::<Account>(&account),
            line(tables, &me.user_id, self.now),
            line(tables, to, self.now),
        )?;
        Ok(Ground {
            wallet,
            head,
            receiver_has_phones: account.as_ref().is_some_and(|who| who.push_targets > 0),
            receiver_is_active: account.is_some_and(|who| who.is_open(self.now)),
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
    Ok(affordable(&wallet, call.rate_per_minute))
}

/// Carries a decision out; none when somebody else took a lock meanwhile.
async fn attempt(tables: &Tables, decided: Dialled) -> Result<Option<Call>> {
    let (call, commit) = match decided {
        Dialled::Rings(call, commit) => (Some(*call), commit),
        Dialled::Busy(entry) => (None, entry),
    };
    match (tables.commit(commit).await, call) {
        (Ok(()), Some(call)) => Ok(Some(call)),
        (Ok(()), None) => Err(BUSY.into()),
        (Err(Missed::Failed(error)), _) => Err(error),
        // The entry of an equal request that was first.
        (Err(Missed::Refused(refused)), None) if refused.key.sk == "call" => Err(BUSY.into()),
        (Err(Missed::Refused(_)), _) => Ok(None),
    }
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

/// What ringing somebody would cost, and whether it may be done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Quote {
    /// Credits per started minute.
    pub rate_per_minute: i64,
    /// Whole minutes that the caller's balance is good for.
    pub affordable_minutes: i64,
    /// Whether the caller may ring now.
    pub allowed: bool,
    /// Code of the refusal, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// What ringing somebody would cost. Whether the person is busy is not told.
///
/// # Errors
/// 404 `USER_NOT_FOUND`, also for who blocked the caller; 422 `CANNOT_TARGET_SELF`.
pub async fn quote(
    tables: &Tables,
    policies: &Policies,
    me: &Me,
    (to, call_type): (&str, CallType),
) -> Result<Quote> {
    if !is_id("usr", to) {
        return Err(USER_NOT_FOUND.into());
    }
    if me.user_id == to {
        return Err(CANNOT_TARGET_SELF.into());
    }
    let (head, account) = (
        Head::key_of(&conversation_id(&me.user_id, to)),
        Account::key_of(to),
    );
    let (wallet, head, account) = tokio::try_join!(
        Wallet::load(tables, &me.wallet_id),
        tables.get_consistent::<Head>(&head),
        tables.get::<Account>(&account),
    )?;
    if account.is_none_or(|who| who.status != Status::Active) {
        return Err(USER_NOT_FOUND.into());
    }
    let rate = policies.number(call_type.price());
    let rule = policies.word("call.requires");
    let may =
        may_ring(head.as_ref(), (&me.user_id, to), rule).and_then(|()| can_pay(&wallet, rate));
    let reason = match may {
        Ok(()) => None,
        Err(refusal) if refusal.is(&USER_NOT_FOUND) => return Err(refusal),
        Err(refusal) => Some(refusal.fault().code),
    };
    Ok(Quote {
        rate_per_minute: rate,
        affordable_minutes: affordable(&wallet, rate),
        allowed: reason.is_none(),
        reason,
    })
}

/// Whole minutes that a balance is good for.
fn affordable(wallet: &Wallet, rate: i64) -> i64 {
    let most = CALL_MS_MAX / MINUTE_MS;
    match rate {
        0 => most,
        rate => (wallet.available / rate).min(most),
    }
}
