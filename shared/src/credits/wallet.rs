//! The wallet item: balances, the newest rows, and what else is counted when a person pays.

use serde::{Deserialize, Serialize};

use super::contacts::Contacts;
use super::entry::{Entry, TAG_BYTES};
use super::hold::{DUE_SHARDS, Hold, Holds};
use super::texts::Texts;
use crate::crypto::take;
use crate::error::{INTERNAL_ERROR, Result};
use crate::pack::{Bytes, Fixed, Packer, Unpacker};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value};
use crate::time::{MINUTE_MS, Time};

/// Bytes of rows that a wallet carries before they move to a page: about 13 message charges, and
/// wallet and page both stay below one write unit.
pub const TAIL_BYTES_MAX: usize = 620;

/// Bytes of rows that it may carry at least, whatever holds it has.
const TAIL_BYTES_MIN: usize = 200;
/// Bytes of its place in the index of open holds.
const INDEX_BYTES: usize = 24;

/// Highest threshold of the low balance alert, credits.
pub const LOW_THRESHOLD_MAX: i64 = 10_000;

/// The credits of one person, under a random id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wallet {
    /// `wal_…`
    #[serde(rename = "pk")]
    pub wallet_id: String,
    /// Spendable credits.
    #[serde(rename = "av")]
    pub available: i64,
    /// Credits reserved by open holds.
    #[serde(rename = "he", default)]
    pub held: i64,
    /// Credits owed after charge-backs.
    #[serde(rename = "de", default)]
    pub debt: i64,
    /// Number of the last row; 0 when there is none.
    #[serde(rename = "sq")]
    pub seq: i64,
    /// Raised by every change of the item; each write is conditional on it.
    #[serde(rename = "rv")]
    pub rev: i64,
    /// Hash of the last row.
    #[serde(rename = "hh")]
    pub chain_head: Fixed<32>,
    /// Hash of the row before the first one in `tail`.
    #[serde(rename = "tp")]
    pub tail_prev: Fixed<32>,
    /// The newest rows, packed, each with a tag of its hash.
    #[serde(rename = "tl")]
    pub tail: Bytes,
    /// Below this many credits the person is told, 0–10,000.
    #[serde(rename = "lo")]
    pub low_threshold: i64,
    /// No spending while true.
    #[serde(rename = "fz", default)]
    pub frozen: bool,
    /// The account has ended.
    #[serde(rename = "cl", default)]
    pub closed: bool,
    /// Theoretical arrival time of the next message (rate class `send`), epoch milliseconds.
    #[serde(rename = "tt", default)]
    pub tat: i64,
    /// Minute and slot of the last activity that was stored.
    #[serde(rename = "ac", default)]
    pub active: Bytes,
    /// Partition of the index by day, once there is a row.
    #[serde(rename = "ws", default)]
    pub shard: Option<String>,
    /// Day of the newest row, in the index by day.
    #[serde(rename = "dy", default)]
    pub day: Option<i64>,
    /// Reservations, and those that were resolved last.
    #[serde(rename = "ho", default, skip_serializing_if = "Holds::is_empty")]
    pub holds: Holds,
    /// Partition of the index of wallets with open holds, while there is one.
    #[serde(rename = "hs", default)]
    pub hold_shard: Option<String>,
    /// From when on an open hold may be past its expiry, ms; place in that index.
    #[serde(rename = "hd", default)]
    pub hold_due: Option<i64>,
    /// When somebody new was written to first, within the last 24 h.
    #[serde(rename = "nc", default)]
    pub contacts: Contacts,
    /// What was written to them within the last hour.
    #[serde(rename = "nt", default, skip_serializing_if = "Texts::is_empty")]
    pub texts: Texts,
    /// People whom the owner wrote to first, ever.
    #[serde(rename = "bg", default, skip_serializing_if = "is_zero")]
    pub begun: i64,
    /// People who wrote first and got an answer, ever.
    #[serde(rename = "an", default, skip_serializing_if = "is_zero")]
    pub answered: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde asks for"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Item for Wallet {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Wallet";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.wallet_id)
    }
}

/// Joins a person to the wallet. Erasing it and [`Owner`] leaves the books under a pseudonym.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// `wal_…`
    pub wallet_id: String,
}

impl Item for Link {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Wallet link";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

impl Link {
    /// Where the link of a person lies.
    pub fn key_of(user_id: &str) -> Key {
        Key::new(user_id, "wallet")
    }
}

/// The same link from the other side, for what is told to the owner of a wallet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// `wal_…`
    #[serde(rename = "pk")]
    pub wallet_id: String,
    /// `usr_…`
    pub user_id: String,
}

impl Item for Owner {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Wallet owner";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.wallet_id)
    }
}

impl Owner {
    /// Where the owner of a wallet is noted.
    pub fn key_of(wallet_id: &str) -> Key {
        Key::new(wallet_id, "owner")
    }
}

/// A run of rows that has left the wallet item; never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// `wal_…`
    #[serde(rename = "pk")]
    pub wallet_id: String,
    /// Number of its first row.
    #[serde(rename = "first")]
    pub first_seq: i64,
    /// Hash of the row before.
    #[serde(rename = "prev")]
    pub prev_hash: Fixed<32>,
    /// Day on which it was written, which is that of the row after it.
    #[serde(default)]
    pub day: i64,
    /// The rows, packed as in the wallet.
    pub rows: Bytes,
}

impl Item for Page {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Ledger page";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.wallet_id, Self::sk_of(self.first_seq))
    }
}

impl Page {
    /// What the sort keys of pages begin with.
    pub const PREFIX: &'static str = "page#";

    /// Sort key of the page that begins with this row.
    pub fn sk_of(first_seq: i64) -> String {
        format!("{}{first_seq:016}", Self::PREFIX)
    }
}

/// A row with the hashes around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Linked {
    /// The row.
    pub entry: Entry,
    /// Hash of its predecessor.
    pub prev_hash: [u8; 32],
    /// Its own hash.
    pub hash: [u8; 32],
}

/// A row with the tag of its hash that is stored beside it.
pub(super) type Tagged = (Entry, [u8; TAG_BYTES]);

/// Rows in packed form, from `first_seq` on, as far as they can be read, and whether that is all.
pub(super) fn readable(bytes: &[u8], first_seq: i64) -> (Vec<Tagged>, bool) {
    let mut from = Unpacker::new(bytes);
    let mut rows: Vec<Tagged> = Vec::new();
    while !from.is_empty() {
        let seq = first_seq + rows.len() as i64;
        match Entry::unpack(&mut from, seq).zip(from.fixed::<TAG_BYTES>()) {
            Some(row) => rows.push(row),
            None => return (rows, false),
        }
    }
    (rows, true)
}

/// Rows in packed form, from `first_seq` on.
///
/// # Errors
/// 500 when they cannot be read.
pub(super) fn unpack(bytes: &[u8], first_seq: i64) -> Result<Vec<Tagged>> {
    match readable(bytes, first_seq) {
        (rows, true) => Ok(rows),
        _ => Err(INTERNAL_ERROR.because("rows of a ledger cannot be read")),
    }
}

/// Packed rows with the hashes around them, recomputed.
pub(super) fn linked(
    wallet_id: &str,
    bytes: &[u8],
    first_seq: i64,
    prev: [u8; 32],
) -> Result<Vec<Linked>> {
    let mut prev_hash = prev;
    let rows = unpack(bytes, first_seq)?.into_iter().map(|(entry, _)| {
        let hash = entry.hash(wallet_id, &prev_hash);
        Linked {
            entry,
            prev_hash: std::mem::replace(&mut prev_hash, hash),
            hash,
        }
    });
    Ok(rows.collect())
}

/// A row as it is stored: packed, with a tag of its hash.
pub(super) fn packed(entry: &Entry, hash: &[u8; 32]) -> Vec<u8> {
    let mut bytes = entry.pack();
    bytes.extend_from_slice(&take::<TAG_BYTES>(hash));
    bytes
}

impl Wallet {
    /// An empty wallet.
    pub fn new(wallet_id: impl Into<String>, low_threshold: i64) -> Self {
        Self {
            wallet_id: wallet_id.into(),
            available: 0,
            held: 0,
            debt: 0,
            seq: 0,
            rev: 0,
            chain_head: Fixed::default(),
            tail_prev: Fixed::default(),
            tail: Bytes::default(),
            low_threshold,
            frozen: false,
            closed: false,
            tat: 0,
            active: Bytes::default(),
            shard: None,
            day: None,
            holds: Holds::default(),
            hold_shard: None,
            hold_due: None,
            contacts: Contacts::default(),
            texts: Texts::default(),
            begun: 0,
            answered: 0,
        }
    }

    /// Sets below how many credits the person is told, whatever else happens to the wallet.
    pub fn alert_below(wallet_id: &str, threshold: i64) -> Commit {
        let changes = vec![Change::number("lo", threshold), Change::Add("rv".into(), 1)];
        let guard = Some((Condition::Present, &INTERNAL_ERROR));
        Commit::new().update::<Self>(Self::key_of(wallet_id), changes, guard)
    }

    /// Stops or allows spending, whatever else happens to the wallet.
    pub fn freeze(wallet_id: &str, frozen: bool) -> Commit {
        let changes = vec![
            Change::Set("fz".into(), Value::Bool(frozen)),
            Change::Add("rv".into(), 1),
        ];
        let guard = Some((Condition::Present, &INTERNAL_ERROR));
        Commit::new().update::<Self>(Self::key_of(wallet_id), changes, guard)
    }

    /// Partition of the index by day that holds a shard of all wallets.
    pub fn day_shard(shard: u8) -> String {
        format!("w{shard:02}")
    }

    /// A hold that is open, by its id.
    pub fn open_hold(&self, hold_id: &str) -> Option<&Hold> {
        let found = self.holds.find(hold_id);
        found.filter(|hold| hold.settled().is_none())
    }

    /// Takes the wallet into the index of open holds, or out of it. An extension does not move it:
    /// whoever finds it there reads the wallet anyway.
    pub(super) fn index_holds(&mut self) {
        let first = self.holds.open().map(|hold| hold.expires_at.ms()).min();
        let last = self.wallet_id.bytes().last().unwrap_or_default();
        self.hold_shard = first.map(|_| Hold::due_shard(last % DUE_SHARDS));
        self.hold_due = first.map(|first| self.hold_due.unwrap_or(first).min(first));
    }

    /// Bytes of rows that it may carry: holds take their place from them.
    pub(super) fn tail_bytes_max(&self) -> usize {
        let index = if self.hold_shard.is_some() {
            INDEX_BYTES
        } else {
            0
        };
        let holds = if self.holds.is_empty() {
            0
        } else {
            self.holds.bytes() + index
        };
        TAIL_BYTES_MAX.saturating_sub(holds).max(TAIL_BYTES_MIN)
    }

    /// Where a wallet lies.
    pub fn key_of(wallet_id: &str) -> Key {
        Key::new(wallet_id, "wallet")
    }

    /// Number of the first row that the item still carries.
    ///
    /// # Errors
    /// 500 when the rows cannot be read.
    pub(super) fn tail_first(&self) -> Result<i64> {
        // Rows tell their number by their place, so they are counted first.
        Ok(self.seq + 1 - unpack(&self.tail.0, 0)?.len() as i64)
    }

    /// The newest rows, oldest first, with their hashes.
    ///
    /// # Errors
    /// 500 when the rows cannot be read.
    pub fn newest(&self) -> Result<Vec<Linked>> {
        linked(
            &self.wallet_id,
            &self.tail.0,
            self.tail_first()?,
            self.tail_prev.0,
        )
    }

    /// Whether this slot was active in this minute; if not, notes that it is now. The caller
    /// stores the activity item when this answers true.
    pub fn note_activity(&mut self, slot: &str, now: Time) -> bool {
        let mut packer = Packer::default();
        let hash = crate::crypto::sha256(&[slot.as_bytes()]);
        packer.number(now.ms() / MINUTE_MS).raw(&take::<8>(&hash));
        let active = Bytes(packer.finish());
        let fresh = active != self.active;
        self.active = active;
        fresh
    }
}
