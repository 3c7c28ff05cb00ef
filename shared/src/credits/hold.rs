//! Holds: credits reserved for a call. `held → posted | voided | expired`, each exactly once.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::codes::RefType;
use super::entry::Reference;
use crate::error::{INTERNAL_ERROR, Result};
use crate::id::{bytes_of, id_of, is_id};
use crate::pack::{Bytes, Packer, Unpacker};
use crate::time::{SECOND_MS, Time};

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

/// In the order of their stored codes: append only.
const STATES: [HoldState; 4] = [
    HoldState::Held,
    HoldState::Posted,
    HoldState::Voided,
    HoldState::Expired,
];

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

/// Reserved credits, carried by their wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
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
    pub expires_at: Time,
    /// Credits that were used.
    pub posted_amount: Option<i64>,
    /// When it was resolved.
    pub resolved_at: Option<Time>,
    /// The transaction that resolved it.
    pub transaction_id: Option<String>,
}

/// The holds of a wallet: the open ones, and resolved ones until another is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds(pub(super) Vec<Hold>);

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
    /// Partition of the index of wallets with open holds.
    pub(super) fn due_shard(shard: u8) -> String {
        format!("hold#{shard}")
    }

    pub(super) fn open(new: NewHold, now: Time) -> Self {
        Self {
            hold_id: new.hold_id,
            call_id: new.call_id,
            amount: new.amount,
            rate: new.rate,
            extensions: 0,
            state: HoldState::Held,
            expires_at: now.plus(new.timeout_seconds * SECOND_MS),
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
            posted_amount: Some(used),
            resolved_at: Some(now),
            transaction_id,
            ..self.clone()
        }
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

    fn pack(&self, out: &mut Packer) {
        let id = |prefix, id: &str| bytes_of(prefix, id).unwrap_or_default();
        out.byte(self.state as u8)
            .raw(&id("hld", &self.hold_id))
            .raw(&id("cal", &self.call_id))
            .number(self.amount)
            .number(self.rate)
            .number(self.extensions)
            .number(self.expires_at.ms());
        if self.state != HoldState::Held {
            let transaction = self.transaction_id.as_deref().unwrap_or_default();
            out.number(self.posted_amount.unwrap_or_default())
                .number(self.resolved_at.unwrap_or_default().ms())
                .raw(&id("txn", transaction));
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let state = *STATES.get(usize::from(from.byte()?))?;
        let mut hold = Self {
            hold_id: id_of("hld", from.fixed()?),
            call_id: id_of("cal", from.fixed()?),
            amount: from.number()?,
            rate: from.number()?,
            extensions: from.number()?,
            state,
            expires_at: Time(from.number()?),
            posted_amount: None,
            resolved_at: None,
            transaction_id: None,
        };
        if state != HoldState::Held {
            hold.posted_amount = Some(from.number()?);
            hold.resolved_at = Some(Time(from.number()?));
            hold.transaction_id = Some(id_of("txn", from.fixed()?));
        }
        Some(hold)
    }
}

impl Holds {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.0.iter()
    }

    /// Those whose credits are reserved.
    pub fn open(&self) -> impl Iterator<Item = &Hold> {
        self.0.iter().filter(|hold| hold.state == HoldState::Held)
    }

    /// A hold by its id.
    pub fn find(&self, hold_id: &str) -> Option<&Hold> {
        self.0.iter().find(|hold| hold.hold_id == hold_id)
    }

    /// Adds a hold; what was resolved before is forgotten.
    pub(super) fn add(&mut self, hold: Hold) {
        self.0.retain(|known| known.state == HoldState::Held);
        self.0.push(hold);
    }

    /// Puts a hold in the place of its earlier self.
    pub(super) fn put(&mut self, hold: Hold) {
        if let Some(known) = self.0.iter_mut().find(|one| one.hold_id == hold.hold_id) {
            *known = hold;
        }
    }

    /// Bytes that they take in the wallet.
    pub(super) fn bytes(&self) -> usize {
        self.pack().len()
    }

    fn pack(&self) -> Vec<u8> {
        let mut out = Packer::default();
        self.0.iter().for_each(|hold| hold.pack(&mut out));
        out.finish()
    }
}

impl Serialize for Holds {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.pack())
    }
}

impl<'de> Deserialize<'de> for Holds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        let mut from = Unpacker::new(&bytes);
        let mut holds = Vec::new();
        while !from.is_empty() {
            let hold = Hold::unpack(&mut from);
            holds.push(hold.ok_or_else(|| de::Error::custom("holds of a wallet"))?);
        }
        Ok(Self(holds))
    }
}
