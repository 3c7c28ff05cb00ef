//! Repair: memberships recomputed from the heads that changed, for what the stream may have lost.

use serde::Serialize;

use super::archive::begin;
use super::head::{CHANGED_SHARDS, Head, Who, changed_partition};
use super::membership::{Membership, follow};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::Result;
use crate::table::{CHANGED, Key, Name, Query, Range, Row, Value};
use crate::time::{DAY_MS, MINUTE_MS, Time};

/// Heads that are read at once.
const PAGE: usize = 100;
/// Heads of one run; beyond, the report says that it is not complete.
const HEADS_MAX: usize = 200_000;
/// Heads that changed so lately are left to the stream, milliseconds.
const FRESH_MS: i64 = 5 * MINUTE_MS;
/// Days that one run may look back.
pub const DAYS_MAX: i64 = 7;

/// What a repair found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Heads that were looked at.
    pub heads: usize,
    /// Memberships that did not follow theirs, and do now. Expected 0.
    pub differences: usize,
    /// Whether everything that changed was looked at.
    pub complete: bool,
}

/// Compares the memberships of all conversations that changed today or on one of the `days` before
/// with their heads, and mends the ones that differ. Its cost follows what changed.
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
    if report.differences > 0 {
        let differences = report.differences;
        tracing::warn!(target: "failure", differences, "memberships did not follow their heads");
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
        if report.heads >= HEADS_MAX {
            report.complete = false;
            return Ok(());
        }
        let query = Query::of(Name::Data, partition)
            .by(CHANGED)
            .range(Range::After(Value::N(after.to_string())))
            .limit(PAGE);
        let rows = tables.rows(query).await?;
        let keys: Vec<Key> = rows.iter().filter_map(conversation).collect();
        let heads: Vec<Head> = tables.get_many(&keys).await?;
        report.heads += heads.len();
        mend(tables, &heads, report, now).await?;
        match rows.last().and_then(number) {
            Some(last) if rows.len() == PAGE => after = last,
            _ => return Ok(()),
        }
    }
}

fn conversation(row: &Row) -> Option<Key> {
    match row.get("pk") {
        Some(Value::S(id)) => Some(Head::key_of(id)),
        _ => None,
    }
}

fn number(row: &Row) -> Option<i64> {
    match row.get(CHANGED.sk) {
        Some(Value::N(number)) => number.parse().ok(),
        _ => None,
    }
}

async fn mend(tables: &Tables, heads: &[Head], report: &mut Repaired, now: Time) -> Result<()> {
    let settled = |head: &&Head| head.last_seq > 0 && now.since(head.changed_at) > FRESH_MS;
    let sides: Vec<(&Head, Who)> = heads
        .iter()
        .filter(settled)
        .flat_map(|head| [(head, Who::Low), (head, Who::High)])
        // Whoever has seen nothing yet has no conversation to list.
        .filter(|(head, who)| head.seq_for(*who) > 0)
        .collect();
    let key =
        |(head, who): &(&Head, Who)| Membership::key_of(&head.user(*who), &head.user(who.other()));
    let keys: Vec<Key> = sides.iter().map(key).collect();
    let known: Vec<Membership> = tables.get_many(&keys).await?;
    for side in &sides {
        let (head, who) = *side;
        let place = key(side);
        let follows = known
            .iter()
            .find(|one| one.user_id == place.pk && one.with == place.sk)
            .is_some_and(|one| one.follows(head, who));
        if follows {
            continue;
        }
        match tables.commit(follow(head, who, now)).await {
            Ok(()) => {
                report.differences += 1;
                known_to_archive(tables, head).await?;
            }
            // The stream was not lost, only late, and was here first.
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok(())
}

/// What lost a membership may have lost the archive's row too: both follow the stream.
async fn known_to_archive(tables: &Tables, head: &Head) -> Result<()> {
    match tables.commit(begin(head)).await {
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}
