//! Holds that nobody settled in time: their owner is asked what was used, and what has no live
//! owner is released.

use serde::{Deserialize, Serialize};

use super::booking::Booking;
use super::carry::{Booked, book};
use super::hold::{DUE_SHARDS, Hold, Settled};
use super::wallet::Wallet;
use crate::aws::dynamo::Tables;
use crate::calls;
use crate::error::{INTERNAL_ERROR, Result};
use crate::table::{HOLDS, Item, Key, Name, Query, Range, Value};
use crate::time::Time;

/// Most wallets of one shard and run; the rest is due in the next minute too.
const DUE_ITEMS_MAX: usize = 500;

/// What the owner of a hold says when it is asked to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// So many credits were used.
    Used(i64),
    /// There is no live owner.
    Abandoned,
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
        for wallet_id in due(tables, shard, now).await? {
            let swept_one = sweep_wallet(tables, &wallet_id, &mut swept, now).await;
            outcome = outcome.and(swept_one);
        }
    }
    outcome.map(|()| swept)
}

/// A wallet as its index shows it.
#[derive(Deserialize, Serialize)]
struct Found {
    pk: String,
}

impl Item for Found {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Wallet with open holds";
    crate::stored!();

    fn key(&self) -> Key {
        Wallet::key_of(&self.pk)
    }
}

async fn due(tables: &Tables, shard: u8, now: Time) -> Result<Vec<String>> {
    let until = Value::N(now.ms().to_string());
    let query = Query::of(Name::Ledger, Hold::due_shard(shard))
        .by(HOLDS)
        .range(Range::Between(Value::N("0".into()), until))
        .limit(DUE_ITEMS_MAX);
    let found: Vec<Found> = tables.query(query).await?;
    Ok(found.into_iter().map(|found| found.pk).collect())
}

async fn sweep_wallet(
    tables: &Tables,
    wallet_id: &str,
    swept: &mut Swept,
    now: Time,
) -> Result<()> {
    // The index lags behind: a hold may be settled or extended by now.
    let wallet = Wallet::load(tables, wallet_id).await?;
    let past: Vec<_> = wallet
        .holds
        .open()
        .filter(|hold| hold.expires_at <= now)
        .cloned()
        .collect();
    swept.moot += usize::from(past.is_empty());
    let mut outcome = Ok(());
    for hold in past {
        match resolve_due(tables, wallet_id, &hold, now).await {
            Ok(Some(Claim::Used(_))) => swept.settled += 1,
            Ok(Some(Claim::Abandoned)) => swept.released += 1,
            Ok(None) => swept.moot += 1,
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome
}

/// Asks the owner of a hold to settle it; a hold without a live owner is released.
async fn resolve_due(
    tables: &Tables,
    wallet_id: &str,
    hold: &Hold,
    now: Time,
) -> Result<Option<Claim>> {
    if let Some(used) = calls::settle_hold(tables, &hold.call_id, now).await? {
        return Ok(Some(Claim::Used(used)));
    }
    let settled = settle(tables, wallet_id, hold, Claim::Abandoned, now).await?;
    Ok(settled.first.then_some(Claim::Abandoned))
}

/// Resolves a hold by what its owner claims: `posted` for what was used, else `expired`. A hold
/// that was resolved before keeps its first resolution, which is returned.
///
/// # Errors
/// 500 when more is claimed than is held; 503 when others were first too often.
pub async fn settle(
    tables: &Tables,
    wallet_id: &str,
    hold: &Hold,
    claim: Claim,
    now: Time,
) -> Result<Settled> {
    let resolve = |booking: &mut Booking| match claim {
        Claim::Used(credits) => booking.post(hold, credits),
        Claim::Abandoned => booking.expire(hold),
    };
    match book(tables, wallet_id, now, resolve).await {
        Ok(Booked::Now(settled)) => Ok(settled),
        Ok(Booked::Before) => Err(INTERNAL_ERROR.because("an open hold that was booked out")),
        Err(missed) => Err(missed.into()),
    }
}
