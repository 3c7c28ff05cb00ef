//! Repair: what the stream derives, recomputed from what changed, for what it may have lost.

use serde::Serialize;

use crate::accounts::directory;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{
    CHANGED, CHANGED_SHARDS, Key, Name, Query, Range, Row, Value, changed_partition,
};
use crate::time::{DAY_MS, Time};
use crate::{log, messaging};

/// Name under which differences go to the log.
const FUNCTION: &str = "repair_projections";
/// Items that are read at once.
const PAGE: usize = 100;
/// Items of one run; beyond, the report says that it is not complete.
const ITEMS_MAX: usize = 200_000;
/// Days that one run may look back.
const DAYS_MAX: i64 = 7;

/// What a repair found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Heads that were looked at.
    pub heads: usize,
    /// Memberships that did not follow theirs, and do now. Expected 0.
    pub differences: usize,
    /// Accounts that were looked at.
    pub accounts: usize,
    /// Accounts whose place in the directory was not theirs, and is now. Expected 0.
    pub entries: usize,
    /// Whether everything that changed was looked at.
    pub complete: bool,
}

/// Compares memberships and directory with all heads and accounts that changed today or on one of
/// the `days` before, and mends what differs. Its cost follows what changed.
///
/// # Errors
/// 503 when the table does not answer; doing it again is harmless.
pub async fn repair(tables: &Tables, days: i64, now: Time) -> Result<Repaired> {
    let today = now.ms() / DAY_MS;
    let mut report = Repaired {
        complete: true,
        ..Repaired::default()
    };
    for day in today - days.clamp(0, DAYS_MAX)..=today {
        for shard in 0..CHANGED_SHARDS {
            let partition = changed_partition(day, shard);
            mend_shard(tables, &partition, &mut report, now).await?;
        }
    }
    let (members, entries) = (report.differences, report.entries);
    if members + entries > 0 {
        let lost = format!("{members} memberships and {entries} directory entries were lost");
        log::alarm(FUNCTION, &lost);
    }
    Ok(report)
}

async fn mend_shard(
    tables: &Tables,
    partition: &str,
    report: &mut Repaired,
    now: Time,
) -> Result<()> {
    let mut after = -1;
    loop {
        if report.heads + report.accounts >= ITEMS_MAX {
            report.complete = false;
            return Ok(());
        }
        let query = Query::of(Name::Data, partition)
            .by(CHANGED)
            .range(Range::After(Value::N(after.to_string())))
            .limit(PAGE);
        let rows = tables.rows(query).await?;
        let keys = rows.iter().filter_map(key_of);
        let (heads, accounts): (Vec<Key>, Vec<Key>) = keys.partition(|key| key.sk == "head");
        let (looked, mended) = messaging::mend(tables, &heads, now).await?;
        (report.heads, report.differences) = (report.heads + looked, report.differences + mended);
        let (looked, mended) = directory::mend(tables, &accounts, now).await?;
        (report.accounts, report.entries) = (report.accounts + looked, report.entries + mended);
        match rows.last().and_then(number) {
            Some(last) if rows.len() == PAGE => after = last,
            _ => return Ok(()),
        }
    }
}

fn key_of(row: &Row) -> Option<Key> {
    match (row.get("pk"), row.get("sk")) {
        (Some(Value::S(pk)), Some(Value::S(sk))) => Some(Key::new(&**pk, &**sk)),
        _ => None,
    }
}

fn number(row: &Row) -> Option<i64> {
    match row.get(CHANGED.sk) {
        Some(Value::N(number)) => number.parse().ok(),
        _ => None,
    }
}
