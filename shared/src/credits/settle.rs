//! Holds that nobody settled in time: their owner is asked what was used, and what has no live
//! owner is released.

use super::booking::Booking;
use super::carry::{Booked, book};
use super::codes::RefType;
use super::hold::{DUE_SHARDS, Hold, Settled};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::table::{DUE, Name, Query, Range, Value};
use crate::time::Time;

/// Most due holds of one shard and run; the rest is due in the next minute too.
const DUE_ITEMS_MAX: usize = 500;
/// Tries when others change the same hold.
const TRIES_MAX: usize = 6;

/// What the owner of a hold says when it is asked to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// So many credits were used.
    Used(i64),
    /// There is no live owner.
    Abandoned,
}

impl Claim {
    /// The claim on a hold by its kind of owner. No kind has a state of its own that outlives its
    /// requests so far, so whoever did not settle in time is gone.
    pub const fn on(owner: RefType) -> Self {
        match owner {
            RefType::Call
            | RefType::Message
            | RefType::Payment
            | RefType::Subscription
            | RefType::Donation
            | RefType::Like
            | RefType::Wallet
            | RefType::Audit => Self::Abandoned,
        }
    }
}

/// What one run over the due holds did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Settled for what their owner said.
    pub settled: usize,
    /// Released and marked `expired`.
    pub released: usize,
    /// Resolved or extended by somebody else in the meantime.
    pub moot: usize,
}

/// Resolves every hold that is past its expiry. One that fails keeps back no other; it is due
/// again in the next run.
///
/// # Errors
/// The first failure, after all others were tried.
pub async fn sweep_holds(tables: &Tables, now: Time) -> Result<Swept> {
    let (mut swept, mut outcome) = (Swept::default(), Ok(()));
    for shard in 0..DUE_SHARDS {
        for hold in due(tables, shard, now).await? {
            match resolve_due(tables, &hold, now).await {
                Ok(Some((Claim::Used(_), _))) => swept.settled += 1,
                Ok(Some((Claim::Abandoned, _))) => swept.released += 1,
                Ok(None) => swept.moot += 1,
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
    }
    outcome.map(|()| swept)
}

async fn due(tables: &Tables, shard: u8, now: Time) -> Result<Vec<Hold>> {
    let until = Value::N(now.ms().to_string());
    let query = Query::of(Name::Ledger, Hold::due_shard(shard))
        .by(DUE)
        .range(Range::Between(Value::N("0".into()), until))
        .limit(DUE_ITEMS_MAX);
    tables.query(query).await
}

async fn resolve_due(tables: &Tables, found: &Hold, now: Time) -> Result<Option<(Claim, Settled)>> {
    // The index lags behind: the hold may be settled or extended by now.
    let key = Hold::key_of(&found.wallet_id, &found.hold_id);
    let Some(hold) = tables.get_consistent::<Hold>(&key).await? else {
        return Ok(None);
    };
    if hold.settled().is_some() || hold.expires_at > now {
        return Ok(None);
    }
    let claim = Claim::on(hold.reference()?.kind);
    let settled = settle(tables, hold, claim, now).await?;
    Ok(settled.first.then_some((claim, settled)))
}

/// Resolves a hold by what its owner claims: `posted` for what was used, else `expired`. A hold
/// that was resolved before keeps its first resolution, which is returned.
///
/// # Errors
/// 500 when more is claimed than is held; 503 when others were first too often.
pub async fn settle(tables: &Tables, mut hold: Hold, claim: Claim, now: Time) -> Result<Settled> {
    for _ in 0..TRIES_MAX {
        let resolve = |booking: &mut Booking| match claim {
            Claim::Used(credits) => booking.post(&hold, credits),
            Claim::Abandoned => booking.expire(&hold),
        };
        let error = match book(tables, &hold.wallet_id, now, resolve).await {
            Ok(Booked::Now(settled)) => return Ok(settled),
            Ok(Booked::Before) => INTERNAL_ERROR.because("an open hold that was booked out before"),
            Err(missed) => missed.into(),
        };
        // Whatever did not fit may be because somebody else changed the hold since it was read.
        let key = Hold::key_of(&hold.wallet_id, &hold.hold_id);
        match tables.get_consistent::<Hold>(&key).await? {
            Some(current) if current != hold => hold = current,
            _ => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("others changed the hold too often"))
}
