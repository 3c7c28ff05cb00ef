//! Holds: credits reserved for a call. `held → posted | voided | expired`, each exactly once.

use serde::{Deserialize, Serialize};

use super::codes::RefType;
use super::entry::Reference;
use crate::error::{INTERNAL_ERROR, Result};
use crate::id::is_id;
use crate::table::{Condition, Item, Key, Name, Value};
use crate::time::{SECOND_MS, Time, millis};

/// Shards of the due index, so that no partition takes all holds.
pub(super) const DUE_SHARDS: u8 = 4;

/// Place of a hold in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Its credits are reserved.
    Held,
    /// Settled for what was used.
    Posted,
    /// Released.
    Voided,
    /// Released because nobody settled it in time.
    Expired,
}

/// What a hold is opened with.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// `hld_…`
    pub hold_id: String,
    /// The call it belongs to.
    pub call_id: String,
    /// Credits to reserve.
    pub amount: i64,
    /// Credits per started minute, frozen now.
    pub rate: i64,
    /// How long it lasts without extension, seconds.
    pub timeout_seconds: i64,
}

/// Reserved credits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// The wallet they are reserved in.
    #[serde(rename = "pk")]
    pub wallet_id: String,
    /// `hld_…`
    pub hold_id: String,
    /// The call it belongs to.
    pub call_id: String,
    /// Credits reserved so far.
    pub amount: i64,
    /// Credits per started minute, frozen at creation.
    pub rate: i64,
    /// How often it has grown.
    pub extensions: i64,
    /// Place in its life.
    pub state: HoldState,
    /// When its owner must have settled it.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// Shard of the due index while it is held.
    #[serde(default)]
    pub due_shard: Option<String>,
    /// Expiry in the due index while it is held, ms.
    #[serde(default)]
    pub due_at: Option<i64>,
    /// Credits that were used.
    #[serde(default)]
    pub posted_amount: Option<i64>,
    /// When it was resolved.
    #[serde(default, with = "millis::option")]
    pub resolved_at: Option<Time>,
    /// The transaction that resolved it.
    #[serde(default)]
    pub transaction_id: Option<String>,
}

impl Item for Hold {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Hold";

    fn key(&self) -> Key {
        Self::key_of(&self.wallet_id, &self.hold_id)
    }
}

/// How a hold was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// `Posted`, `Voided` or `Expired`.
    pub state: HoldState,
    /// Credits that were used.
    pub posted_amount: i64,
    /// The transaction that resolved it.
    pub transaction_id: Option<String>,
    /// Whether this resolution did it; otherwise it was resolved before.
    pub first: bool,
}

impl Hold {
    /// What the sort keys of holds begin with.
    pub const PREFIX: &'static str = "hold#";

    /// Where a hold lies.
    pub fn key_of(wallet_id: &str, hold_id: &str) -> Key {
        Key::new(wallet_id, format!("{}{hold_id}", Self::PREFIX))
    }

    /// Partition of the due index.
    pub(super) fn due_shard(shard: u8) -> String {
        format!("hold#{shard}")
    }

    pub(super) fn open(wallet_id: &str, new: NewHold, now: Time) -> Self {
        let expires_at = now.plus(new.timeout_seconds * SECOND_MS);
        let last = new.hold_id.bytes().last().unwrap_or_default();
        Self {
            wallet_id: wallet_id.to_owned(),
            hold_id: new.hold_id,
            call_id: new.call_id,
            amount: new.amount,
            rate: new.rate,
            extensions: 0,
            state: HoldState::Held,
            expires_at,
            due_shard: Some(Self::due_shard(last % DUE_SHARDS)),
            due_at: Some(expires_at.ms()),
            posted_amount: None,
            resolved_at: None,
            transaction_id: None,
        }
    }

    pub(super) fn reference(&self) -> Result<Reference> {
        match is_id("hld", &self.hold_id) {
            true => Ok(Reference::new(RefType::Call, &*self.call_id)),
            false => Err(INTERNAL_ERROR.because("not the id of a hold")),
        }
    }

    pub(super) fn grown(&self, amount: i64, expires_at: Time) -> Self {
        Self {
            amount: self.amount + amount,
            extensions: self.extensions + 1,
            expires_at,
            due_at: Some(expires_at.ms()),
            ..self.clone()
        }
    }

    pub(super) fn resolved(
        &self,
        state: HoldState,
        used: i64,
        transaction_id: Option<String>,
        now: Time,
    ) -> Self {
        Self {
            state,
            due_shard: None,
            due_at: None,
            posted_amount: Some(used),
            resolved_at: Some(now),
            transaction_id,
            ..self.clone()
        }
    }

    /// The stored hold is still what this value says.
    pub(super) fn unchanged(&self) -> Condition {
        Condition::All(vec![
            Condition::Is("state", Value::S("held".into())),
            Condition::number("amount", self.amount),
        ])
    }

    /// How it was resolved, if it was.
    pub fn settled(&self) -> Option<Settled> {
        (self.state != HoldState::Held).then(|| Settled {
            state: self.state,
            posted_amount: self.posted_amount.unwrap_or_default(),
            transaction_id: self.transaction_id.clone(),
            first: false,
        })
    }
}
