//! The nightly check: proves the chains of all wallets that changed, compares them with the
//! daily totals and the open holds, and writes a root over all heads to the log bucket.
//!
//! A check covers the rows booked from the end of the check before up to midnight. Its root is the
//! hash of the root before and of one digest per shard; a digest covers `wallet seq hash` of the
//! newest row before midnight of every wallet in the shard that changed. So the newest root covers
//! every head there is. What it finds depends on the date alone, not on when it runs or how often.

mod all;
mod prove;
mod shard;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::totals::{Sums, WALLET_SHARDS, date_of, day_of};
use super::verify::BadRow;
use super::views::hex;
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Logs, Objects};
use crate::crypto::sha256;
use crate::error::{Error, INTERNAL_ERROR, Result};
use crate::log;
use crate::pack::Fixed;
use crate::table::{Commit, Item, Key, Name, Query, Range};
use crate::time::{DAY_MS, Time, millis};

pub use all::{
    FirstBad, LedgerProof, ProofJob, ProofPart, VERIFY_LEDGER, proofs_of, prove_some, verify_wallet,
};

/// Partition of all checks.
const PARTITION: &str = "checks";
/// Name under which the alarms go to the log.
const FUNCTION: &str = "check_ledger";

/// The rows that a check covers: booked from `since` to before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub since: Time,
    pub until: Time,
}

impl Window {
    pub fn has(&self, at: Time) -> bool {
        (self.since..self.until).contains(&at)
    }

    /// Whether the whole day lies in it, so that every page written on it is known.
    pub fn has_day(&self, day: i64) -> bool {
        day >= day_of(self.since) && day < day_of(self.until)
    }
}

/// A check that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Last day that it covers, such as `2026-01-05`.
    #[serde(rename = "sk")]
    pub date: String,
    /// End of that day.
    #[serde(with = "millis")]
    pub until: Time,
    /// The root over all heads.
    pub root: Fixed<32>,
    /// The root of the check before; zeros if this is the first.
    pub previous: Fixed<32>,
    /// Wallets that changed and were proved.
    pub wallets: usize,
    /// What their rows moved in the period.
    pub flow: Sums,
    /// What all rows moved so far: the balances of all accounts.
    pub balances: Sums,
    /// The part of `balances` that lies in pages, by the daily totals; the rest lies in wallets.
    pub paged: Sums,
    /// Pages that had been missing in the daily totals.
    pub repaired: usize,
    /// Wallets that could not be proved; the next check proves them again.
    pub unproved: usize,
}

impl Item for Check {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Ledger check";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.date)
    }
}

/// A wallet that could not be proved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unproved {
    /// `wal_…`
    pub wallet_id: String,
    /// From when on its rows are in no sum yet.
    #[serde(with = "millis")]
    pub since: Time,
    /// Number of the first bad row.
    pub position: i64,
    /// What does not hold.
    pub what: String,
}

/// The part of a check that covers one shard of the wallets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckPart {
    /// `check#<date>`
    #[serde(rename = "pk")]
    pub check: String,
    /// `<shard>`
    #[serde(rename = "sk")]
    pub shard: String,
    /// SHA-256 of the shard's list of heads.
    pub digest: Fixed<32>,
    /// Wallets that changed and were proved.
    pub wallets: usize,
    /// What their rows moved in the period.
    pub flow: Sums,
    /// What the pages moved that were written in the period.
    pub paged: Sums,
    /// Pages that had been missing in the daily totals.
    pub repaired: usize,
    /// Wallets that could not be proved.
    pub unproved: Vec<Unproved>,
}

impl Item for CheckPart {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Part of a ledger check";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.check, &*self.shard)
    }
}

impl CheckPart {
    fn key_of(date: &str, shard: u8) -> Key {
        Key::new(format!("check#{date}"), format!("{shard:02}"))
    }

    async fn load(tables: &Tables, date: &str, shard: u8) -> Result<Option<Self>> {
        tables.get_consistent(&Self::key_of(date, shard)).await
    }
}

impl Check {
    fn key_of(date: &str) -> Key {
        Key::new(PARTITION, date)
    }

    /// The last check before a date.
    async fn before(tables: &Tables, date: &str) -> Result<Option<Self>> {
        let range = Range::Before(crate::table::Value::S(date.to_owned()));
        let query = Query::of(Name::Ledger, PARTITION).range(range);
        let query = query.backward().limit(1).consistent();
        Ok(tables.query(query).await?.pop())
    }

    /// What the log bucket keeps of it, and `/_local/run` shows.
    pub fn report(&self) -> Value {
        let mut in_wallets = self.balances;
        in_wallets.take(&self.paged);
        json!({
            "date": self.date,
            "root": hex(&self.root.0),
            "previous": hex(&self.previous.0),
            "wallets": self.wallets,
            "flow": self.flow,
            "balances": self.balances,
            "paged": self.paged,
            "in_wallets": in_wallets,
            "balance": self.balances.balance(),
            "repaired": self.repaired,
            "unproved": self.unproved,
        })
    }
}

/// Checks everything up to the last midnight, once per date: a run that did not come to its end
/// is continued by the next, and a finished one is only told again.
///
/// # Errors
/// 503 when the database or the bucket does not answer; the next run continues.
pub async fn check_ledger(tables: &Tables, logs: &Objects<Logs>, now: Time) -> Result<Check> {
    let until = Time(day_of(now).saturating_mul(DAY_MS));
    let date = date_of(day_of(until) - 1);
    if let Some(done) = tables.get_consistent(&Check::key_of(&date)).await? {
        return Ok(done);
    }
    let before = Check::before(tables, &date).await?;
    let since = before.as_ref().map_or(Time(0), |check| check.until);
    let run = Run {
        tables,
        logs,
        date: &date,
        window: Window { since, until },
        before: before.as_ref().map(|check| check.date.as_str()),
    };
    let parts = run.parts().await?;
    let check = conclude(&run, before.as_ref(), &parts);
    let body = serde_json::to_vec(&check.report()).map_err(|why| INTERNAL_ERROR.because(why))?;
    let key = format!("ledger/{date}/root.json");
    logs.put(&key, body, "application/json").await?;
    // Before the check counts as done: whoever dies in between tells it again.
    alarm(&check, &parts);
    match tables
        .commit(Commit::new().create(&check, &INTERNAL_ERROR))
        .await
    {
        // Another run of the same date came to the same end.
        Ok(()) | Err(Missed::Refused(_)) => {}
        Err(Missed::Failed(error)) => return Err(error),
    }
    Ok(check)
}

/// One run of a check.
struct Run<'a> {
    tables: &'a Tables,
    logs: &'a Objects<Logs>,
    date: &'a str,
    window: Window,
    /// Date of the check before.
    before: Option<&'a str>,
}

impl Run<'_> {
    /// All parts in order; four lanes work at a time.
    async fn parts(&self) -> Result<Vec<CheckPart>> {
        let lanes = tokio::try_join!(self.lane(0), self.lane(1), self.lane(2), self.lane(3))?;
        let mut parts = [lanes.0, lanes.1, lanes.2, lanes.3].concat();
        parts.sort_by(|one, other| one.shard.cmp(&other.shard));
        Ok(parts)
    }

    async fn lane(&self, lane: u8) -> Result<Vec<CheckPart>> {
        let mut parts = Vec::new();
        for shard in (lane..WALLET_SHARDS).step_by(4) {
            let done = CheckPart::load(self.tables, self.date, shard).await?;
            parts.push(match done {
                Some(part) => part,
                None => self.shard(shard).await?,
            });
        }
        Ok(parts)
    }
}

fn conclude(run: &Run<'_>, before: Option<&Check>, parts: &[CheckPart]) -> Check {
    let mut flow = Sums::default();
    let mut balances = before.map(|check| check.balances).unwrap_or_default();
    let mut paged = before.map(|check| check.paged).unwrap_or_default();
    let previous = before.map(|check| check.root).unwrap_or_default();
    let mut covered: Vec<&[u8]> = vec![&previous.0];
    for part in parts {
        flow.add(&part.flow);
        balances.add(&part.flow);
        paged.add(&part.paged);
        covered.push(&part.digest.0);
    }
    Check {
        date: run.date.to_owned(),
        until: run.window.until,
        root: Fixed(sha256(&covered)),
        previous,
        wallets: parts.iter().map(|part| part.wallets).sum(),
        flow,
        balances,
        paged,
        repaired: parts.iter().map(|part| part.repaired).sum(),
        unproved: parts.iter().map(|part| part.unproved.len()).sum(),
    }
}

/// One line of the error log per finding, which raises the alarm on failures.
fn alarm(check: &Check, parts: &[CheckPart]) {
    for bad in parts.iter().flat_map(|part| &part.unproved) {
        let Unproved {
            wallet_id,
            position,
            what,
            ..
        } = bad;
        log::alarm(FUNCTION, &format!("{wallet_id}, row {position}: {what}"));
    }
    if check.balances.balance() != 0 {
        let sum = check.balances.balance();
        log::alarm(FUNCTION, &format!("all accounts together hold {sum}"));
    }
}

/// A finding about a wallet as a whole, which is no row's.
fn finding(position: i64, what: &'static str) -> BadRow {
    BadRow { position, what }
}

/// The error of a shard in which too much is wrong to be listed.
fn overwhelmed(shard: u8) -> Error {
    INTERNAL_ERROR.because(format!("too many bad wallets in shard {shard}"))
}
