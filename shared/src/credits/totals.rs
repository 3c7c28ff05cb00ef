//! What all wallets together did: sums over rows, and the sharded daily totals of ledger pages.
//!
//! A page belongs to the day on which it was written, and is counted in one of 1,024 items of that
//! day. Sums and the marks of the pages in them are one item, so a page is counted once, however
//! often and in whatever order the stream tells it, by one plain write.

use serde::{Deserialize, Serialize};

use super::codes::Account;
use super::entry::Entry;
use super::wallet::{Page, unpack};
use crate::aws::dynamo::{Missed, Tables};
use crate::crypto::{sha256, take};
use crate::error::{IDEMPOTENCY_IN_PROGRESS, Result, UNAVAILABLE};
use crate::pack::Fixed;
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value};
use crate::time::{DAY_MS, Time};

/// Shards of wallets: partitions of the index by day, of totals, and of the nightly check.
pub const WALLET_SHARDS: u8 = 16;
/// Items of totals in each of those.
const PARTS: u8 = 64;
/// Bytes of a page's mark.
const MARK_BYTES: usize = 8;

/// Where a wallet is counted: its shard, and the item of totals in the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Below [`WALLET_SHARDS`].
    pub shard: u8,
    /// Below 64.
    pub part: u8,
}

impl Place {
    /// The place of a wallet, which never changes.
    pub fn of(wallet_id: &str) -> Self {
        let [shard, part] = take(&sha256(&[wallet_id.as_bytes()]));
        Self {
            shard: shard % WALLET_SHARDS,
            part: part % PARTS,
        }
    }
}

/// The number of the day, from 1970-01-01 in UTC.
pub const fn day_of(at: Time) -> i64 {
    at.ms().div_euclid(DAY_MS)
}

/// The date of a day, such as `2026-01-05`.
pub fn date_of(day: i64) -> String {
    Time(day.saturating_mul(DAY_MS)).date().to_string()
}

/// Credits that came to (positive) or left (negative) each kind of account. Their sum is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Rows that were summed.
    pub rows: i64,
    /// Spendable credits of wallets.
    pub credits: i64,
    /// Reserved credits of wallets.
    pub held: i64,
    /// Credits owed by wallets, as a negative number.
    pub debt: i64,
    /// `sys:issued`.
    pub issued: i64,
    /// `sys:burn`.
    pub burn: i64,
    /// `sys:adjust`.
    pub adjust: i64,
}

impl Sums {
    /// Adds a row.
    pub fn row(&mut self, entry: &Entry) {
        self.rows += 1;
        *self.account(entry.debit) -= entry.amount;
        *self.account(entry.credit) += entry.amount;
    }

    /// Adds other sums.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for account in super::codes::ACCOUNTS {
            *self.account(account) += other.clone_of(account);
        }
    }

    /// Takes other sums away.
    pub fn take(&mut self, other: &Self) {
        self.rows -= other.rows;
        for account in super::codes::ACCOUNTS {
            *self.account(account) -= other.clone_of(account);
        }
    }

    fn account(&mut self, account: Account) -> &mut i64 {
        match account {
            Account::Credits => &mut self.credits,
            Account::Held => &mut self.held,
            Account::Debt => &mut self.debt,
            Account::Issued => &mut self.issued,
            Account::Burn => &mut self.burn,
            Account::Adjust => &mut self.adjust,
        }
    }

    fn clone_of(mut self, account: Account) -> i64 {
        *self.account(account)
    }

    /// What all accounts hold together: 0, or the books do not balance.
    pub fn balance(&self) -> i64 {
        self.credits + self.held + self.debt + self.issued + self.burn + self.adjust
    }

    fn named(&self) -> [(&'static str, i64); 7] {
        [
            ("rows", self.rows),
            ("credits", self.credits),
            ("held", self.held),
            ("debt", self.debt),
            ("issued", self.issued),
            ("burn", self.burn),
            ("adjust", self.adjust),
        ]
    }
}

/// The mark of a page in the totals.
pub type Mark = Fixed<MARK_BYTES>;

/// The mark of a wallet's page that begins with this row.
pub fn mark_of(wallet_id: &str, first_seq: i64) -> Mark {
    let hash = sha256(&[wallet_id.as_bytes(), &first_seq.to_be_bytes()]);
    Fixed(take(&hash))
}

/// Sums over the pages that were written on one day, for a part of the wallets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayTotal {
    /// `totals#<date>#<shard>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `<part>`
    #[serde(rename = "sk")]
    pub part: String,
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
    /// The pages in them.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

impl Item for DayTotal {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Daily total";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.part)
    }
}

impl DayTotal {
    /// Partition of a day's totals in a shard of wallets.
    pub fn partition(day: i64, shard: u8) -> String {
        format!("totals#{}#{shard:02}", date_of(day))
    }

    /// Where the pages of a day are counted.
    pub fn key_of(day: i64, place: Place) -> Key {
        let part = format!("{:02}", place.part);
        Key::new(Self::partition(day, place.shard), part)
    }

    /// Counts a page with these sums, if it is not counted yet.
    pub(super) fn count(day: i64, place: Place, mark: Mark, sums: &Sums) -> Commit {
        let sums = sums.named().into_iter().filter(|sum| sum.1 != 0);
        let mut changes: Vec<_> = sums
            .map(|(name, sum)| Change::Add(name.to_owned(), sum))
            .collect();
        changes.push(Change::Include("marks".to_owned(), mark.0.to_vec()));
        let new = Condition::Lacks("marks", mark.0.to_vec());
        let guard = Some((new, &IDEMPOTENCY_IN_PROGRESS));
        Commit::new().update::<Self>(Self::key_of(day, place), changes, guard)
    }
}

impl DayTotal {
    /// Sets an item to these sums and pages, if it still has that many rows.
    pub(super) fn set_right(key: Key, sums: &Sums, marks: &[Mark], rows: i64) -> Commit {
        let mut changes: Vec<_> = sums
            .named()
            .into_iter()
            .map(|(name, sum)| Change::number(name, sum))
            .collect();
        let marks = marks.iter().map(|mark| mark.0.to_vec()).collect();
        changes.push(Change::Set("marks".to_owned(), Value::Bs(marks)));
        let guard = Some((Condition::number("rows", rows), &UNAVAILABLE));
        Commit::new().update::<Self>(key, changes, guard)
    }
}

/// Counts a page that was written, and tells whether it was not counted before.
///
/// # Errors
/// 500 when its rows cannot be read; 503 when the database does not answer.
pub async fn count_page(tables: &Tables, page: &Page) -> Result<bool> {
    let mut sums = Sums::default();
    for (entry, _) in unpack(&page.rows.0, page.first_seq)? {
        sums.row(&entry);
    }
    let mark = mark_of(&page.wallet_id, page.first_seq);
    counted(tables, page.day, Place::of(&page.wallet_id), mark, &sums).await
}

/// Counts sums under a mark, and tells whether that was new.
///
/// # Errors
/// 503 when the database does not answer.
pub(super) async fn counted(
    tables: &Tables,
    day: i64,
    place: Place,
    mark: Mark,
    sums: &Sums,
) -> Result<bool> {
    match tables.commit(DayTotal::count(day, place, mark, sums)).await {
        Ok(()) => Ok(true),
        Err(Missed::Refused(_)) => Ok(false),
        Err(Missed::Failed(error)) => Err(error),
    }
}
