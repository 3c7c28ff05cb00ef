//! The daily seal: copies the day's rows and a root over the heads of all logs to write-once
//! storage, after checking that every row follows from the one before.
//!
//! A seal covers the rows before a midnight. Its root is the hash of the root before and of
//! `admin seq hash` of every log, so it covers all rows there ever were; whoever rewrites a log
//! after that would have to rewrite what cannot be written twice.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::record::AdminRecord;
use super::row::{AuditRow, Head};
use super::verify::{AuditChain, BadAuditRow};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::objects::{Logs, Objects};
use crate::crypto::{hex, read_hex, sha256, take};
use crate::error::{INTERNAL_ERROR, Result};
use crate::log;
use crate::pack::Fixed;
use crate::table::{Commit, Item, Key, Name, Query};
use crate::time::{DAY_MS, Time, millis};

/// Partition of all seals.
const PARTITION: &str = "audit-seals";
/// Most admins.
const ADMINS_MAX: usize = 1_000;
/// Largest list of heads, bytes.
const ROOT_BYTES_MAX: usize = 1024 * 1024;
/// Name under which the alarms go to the log.
const FUNCTION: &str = "seal_audit_log";

/// A seal that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditSeal {
    /// Last day that it covers, such as `2026-01-05`.
    #[serde(rename = "sk")]
    pub date: String,
    /// End of that day.
    #[serde(with = "millis")]
    pub until: Time,
    /// The root over all heads.
    pub root: Fixed<32>,
    /// The root of the seal before; zeros if this is the first.
    pub previous: Fixed<32>,
    /// Rows that it copied.
    pub rows: usize,
    /// Logs that do not fit.
    pub bad: usize,
}

impl Item for AuditSeal {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Seal of the audit log";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(PARTITION, &*self.date)
    }
}

/// Where a log ended at a midnight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealedHead {
    /// Whose log.
    pub admin_id: String,
    /// Number of its last row.
    pub seq: i64,
    /// Hash of that row, base 16.
    pub hash: String,
    /// Instant of that row.
    pub at: Time,
}

/// What the bucket keeps of a seal besides the rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SealedRoot {
    /// Last day.
    pub date: String,
    /// The root, base 16.
    pub root: String,
    /// The root before, base 16.
    pub previous: String,
    /// Every log, in the order of the ids.
    pub heads: Vec<SealedHead>,
    /// Logs that do not fit, and where.
    pub bad: Vec<String>,
}

impl SealedHead {
    pub(super) fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: take(&read_hex(&self.hash).unwrap_or_default()),
            at: self.at,
        }
    }

    pub(super) fn of(admin_id: &str, head: &Head) -> Self {
        Self {
            admin_id: admin_id.to_owned(),
            seq: head.seq,
            hash: hex(&head.hash),
            at: head.at,
        }
    }
}

impl SealedRoot {
    /// Where a log ended, as far as it is sealed.
    pub fn head_of(&self, admin_id: &str) -> Option<Head> {
        let sealed = self.heads.iter().find(|head| head.admin_id == admin_id);
        sealed.map(SealedHead::head)
    }
}

fn place(date: &str) -> String {
    format!("audit/{date}/root.json")
}

/// The newest seal and what the bucket keeps of it.
///
/// # Errors
/// 503 when table or bucket do not answer.
pub async fn newest_seal(
    tables: &Tables,
    logs: &Objects<Logs>,
) -> Result<Option<(AuditSeal, SealedRoot)>> {
    let query = Query::of(Name::Ledger, PARTITION).backward().limit(1);
    let Some(seal) = tables.query::<AuditSeal>(query.consistent()).await?.pop() else {
        return Ok(None);
    };
    let body = logs.get(&place(&seal.date), ROOT_BYTES_MAX).await?;
    let root = match body {
        Some(body) => serde_json::from_slice(&body).map_err(|why| INTERNAL_ERROR.because(why))?,
        None => return Err(INTERNAL_ERROR.because("a seal without its object")),
    };
    Ok(Some((seal, root)))
}

/// Seals everything before the last midnight, once per date; a run that did not come to its end
/// is done again by the next and writes the same.
///
/// # Errors
/// 503 when table or bucket do not answer.
pub async fn seal(tables: &Tables, logs: &Objects<Logs>, now: Time) -> Result<AuditSeal> {
    let until = Time(now.ms().div_euclid(DAY_MS) * DAY_MS);
    let date = until.plus(-DAY_MS).date().to_string();
    let before = newest_seal(tables, logs).await?;
    if let Some((seal, _)) = before.as_ref().filter(|(seal, _)| seal.date >= date) {
        return Ok(seal.clone());
    }
    let (previous, sealed) = before
        .map(|(seal, root)| (seal.root, root))
        .unwrap_or_default();
    let day = copied(tables, logs, &sealed, (&date, until)).await?;
    let (heads, bad, count) = (day.heads, day.bad, day.rows);
    let covered: Vec<String> = heads
        .iter()
        .map(|head| format!("{} {} {}\n", head.admin_id, head.seq, head.hash))
        .collect();
    let root = sha256(&[&previous.0, covered.concat().as_bytes()]);
    let kept = SealedRoot {
        date: date.clone(),
        root: hex(&root),
        previous: hex(&previous.0),
        heads,
        bad,
    };
    let body = serde_json::to_vec(&kept).map_err(|why| INTERNAL_ERROR.because(why))?;
    logs.put(&place(&date), body, "application/json").await?;
    // Before the seal counts as done: whoever dies in between tells it again.
    for finding in &kept.bad {
        log::alarm(FUNCTION, finding);
    }
    let seal = AuditSeal {
        date,
        until,
        root: Fixed(root),
        previous,
        rows: count,
        bad: kept.bad.len(),
    };
    match tables
        .commit(Commit::new().create(&seal, &INTERNAL_ERROR))
        .await
    {
        // Another run of the same date came to the same end.
        Ok(()) | Err(Missed::Refused(_)) => Ok(seal),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// What a day was, log by log.
#[derive(Default)]
struct Day {
    heads: Vec<SealedHead>,
    bad: Vec<String>,
    rows: usize,
}

/// Checks and copies the rows of all logs since the last seal.
async fn copied(
    tables: &Tables,
    logs: &Objects<Logs>,
    sealed: &SealedRoot,
    (date, until): (&str, Time),
) -> Result<Day> {
    let mut all = Day::default();
    let admins = AdminRecord::list(tables, None, ADMINS_MAX).await?;
    let ids: BTreeSet<&str> = admins.iter().map(|one| &*one.admin_id).collect();
    for head in &sealed.heads {
        if !ids.contains(&*head.admin_id) {
            // It stays under seal, and is told night after night.
            all.bad
                .push(format!("{}: there is no record", head.admin_id));
            all.heads.push(head.clone());
        }
    }
    for admin in &admins {
        let from = sealed.head_of(&admin.admin_id);
        let (day, finding) = read_day(tables, admin, from, until).await?;
        let known = from.map(|head| SealedHead::of(&admin.admin_id, &head));
        let newest = day.last();
        let newest = newest.map(|row| SealedHead::of(&admin.admin_id, &row.head()));
        all.heads.extend(newest.or(known));
        all.bad.extend(finding.map(|bad| bad.told()));
        all.rows += day.len();
        if !day.is_empty() {
            let key = format!("audit/{date}/{}.ndjson", admin.admin_id);
            logs.put(&key, lines(&day), "application/x-ndjson").await?;
        }
    }
    all.heads.sort_by(|a, b| a.admin_id.cmp(&b.admin_id));
    Ok(all)
}

/// The rows of one log since a head and before a midnight, and what does not fit in the log.
async fn read_day(
    tables: &Tables,
    admin: &AdminRecord,
    from: Option<Head>,
    until: Time,
) -> Result<(Vec<AuditRow>, Option<BadAuditRow>)> {
    let mut day = Vec::new();
    let mut chain = AuditChain::of(&admin.admin_id, from);
    let walked = chain.walk(tables, usize::MAX, |row| {
        if row.at < until {
            day.push(row);
        }
    });
    let finding = walked.await?.err();
    Ok((day, finding))
}

fn lines(rows: &[AuditRow]) -> Vec<u8> {
    let lines = rows.iter().map(|row| format!("{}\n", row.shown()));
    lines.collect::<String>().into_bytes()
}

impl AuditSeal {
    /// What `/_local/run` shows.
    pub fn report(&self) -> serde_json::Value {
        json!({
            "date": self.date,
            "root": hex(&self.root.0),
            "previous": hex(&self.previous.0),
            "rows": self.rows,
            "bad": self.bad,
        })
    }
}
