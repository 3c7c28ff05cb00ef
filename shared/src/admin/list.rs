//! Reading the audit log: of one admin by number, of all by the index over the months.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::AdminRecord;
use super::row::{AuditRow, Severity};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{DUE, Name, Query, Range, Value};
use crate::time::{DAY_MS, Time};

/// Rows that one call reads at most.
const ROWS_READ_MAX: usize = 1_000;
/// Months that one call reads at most.
const MONTHS_READ_MAX: usize = 24;
/// Most admins that are looked at for the beginning of the log.
const ADMINS_MAX: usize = 1_000;

/// Which rows are wanted, and which page of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct AuditFilter {
    /// Of this admin, an `adm_` id.
    pub actor: Option<String>,
    /// Of this function.
    pub action: Option<String>,
    /// About the object with this id.
    pub target: Option<String>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub to: Option<Time>,
    /// Where the page before ended; no filter.
    #[serde(skip_serializing)]
    pub cursor: Option<String>,
    /// Most rows of a page; no filter.
    #[serde(skip_serializing)]
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
}

/// Where a page ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditPosition {
    /// Below this number of one log.
    Below(i64),
    /// Below this rank, in the month that begins here or earlier.
    Rank(i64, i64),
}

impl AuditFilter {
    fn wants(&self, row: &AuditRow) -> bool {
        let is = |wish: &Option<String>, value: &str| wish.as_deref().is_none_or(|w| w == value);
        is(&self.action, &row.action)
            && self.target.is_none() | (self.target == row.target_id)
            && self
                .severity
                .is_none_or(|severity| severity == row.severity)
            && self.from.is_none_or(|from| row.at >= from)
            && self.to.is_none_or(|to| row.at < to)
    }
}

/// Rows newest first, at most `limit`, and where to go on. A call reads a bounded number of rows,
/// so it may return fewer than there are.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn list_rows(
    tables: &Tables,
    filter: &AuditFilter,
    after: Option<AuditPosition>,
    limit: usize,
    now: Time,
) -> Result<(Vec<AuditRow>, Option<AuditPosition>)> {
    match &filter.actor {
        Some(actor) => of_one(tables, filter, actor, after, limit).await,
        None => of_all(tables, filter, after, limit, now).await,
    }
}

async fn of_one(
    tables: &Tables,
    filter: &AuditFilter,
    actor: &str,
    after: Option<AuditPosition>,
    limit: usize,
) -> Result<(Vec<AuditRow>, Option<AuditPosition>)> {
    let mut below = match after {
        Some(AuditPosition::Below(seq)) => seq,
        _ => i64::MAX,
    };
    let (mut found, mut read) = (Vec::new(), 0);
    while found.len() < limit && read < ROWS_READ_MAX {
        let wanted = limit.min(ROWS_READ_MAX - read);
        let range = Range::Before(Value::S(AuditRow::sk_of(below)));
        let query = Query::of(Name::Ledger, AuditRow::log_of(actor)).range(range);
        let rows: Vec<AuditRow> = tables
            .query(query.backward().limit(wanted).consistent())
            .await?;
        let is_over = rows.len() < wanted;
        read += rows.len();
        for row in rows {
            below = row.seq;
            // Times never decrease with numbers.
            if filter.from.is_some_and(|from| row.at < from) {
                return Ok((found, None));
            }
            if filter.wants(&row) {
                found.push(row);
            }
            if found.len() == limit {
                break;
            }
        }
        if is_over && found.len() < limit {
            return Ok((found, None));
        }
    }
    Ok((found, (below > 1).then_some(AuditPosition::Below(below))))
}

async fn of_all(
    tables: &Tables,
    filter: &AuditFilter,
    after: Option<AuditPosition>,
    limit: usize,
    now: Time,
) -> Result<(Vec<AuditRow>, Option<AuditPosition>)> {
    let newest = filter.to.map_or(now, |to| to.min(now));
    let (mut rank, mut month) = match after {
        Some(AuditPosition::Rank(rank, month)) => (rank, Time(month)),
        _ => (AuditRow::rank_of(newest.plus(1)), month_of(newest)),
    };
    let oldest = match filter.from {
        Some(from) => from,
        None => beginning(tables, now).await?,
    };
    let (mut found, mut read) = (Vec::new(), 0);
    for _ in 0..MONTHS_READ_MAX {
        loop {
            let wanted = limit.min(ROWS_READ_MAX - read);
            let range = Range::Before(Value::N(rank.to_string()));
            let query = Query::of(Name::Ledger, AuditRow::shard_of(month)).by(DUE);
            let query = query.range(range).backward().limit(wanted);
            let rows: Vec<AuditRow> = tables.query(query).await?;
            let is_over = rows.len() < wanted;
            read += rows.len();
            for row in rows {
                rank = row.rank;
                if filter.wants(&row) {
                    found.push(row);
                }
                if found.len() == limit {
                    return Ok((found, Some(AuditPosition::Rank(rank, month.ms()))));
                }
            }
            if is_over {
                break;
            }
            if read >= ROWS_READ_MAX {
                return Ok((found, Some(AuditPosition::Rank(rank, month.ms()))));
            }
        }
        if month <= oldest {
            return Ok((found, None));
        }
        month = month_of(month.plus(-DAY_MS));
    }
    Ok((found, Some(AuditPosition::Rank(rank, month.ms()))))
}

/// First instant of the month.
fn month_of(at: Time) -> Time {
    let days = i64::from(at.date().day()) - 1;
    let midnight = at.ms().div_euclid(DAY_MS) * DAY_MS;
    Time(midnight - days * DAY_MS)
}

/// When the first admin was made; no row is older.
async fn beginning(tables: &Tables, now: Time) -> Result<Time> {
    let admins = AdminRecord::list(tables, None, ADMINS_MAX).await?;
    let first = admins.iter().map(|admin| admin.created_at).min();
    Ok(first.unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_its_first_midnight() {
        let at = |text: &str| Time::parse(text).expect("a time");
        for (now, first) in [
            ("2026-01-05T12:00:00Z", "2026-01-01T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z"),
        ] {
            assert_eq!(month_of(at(now)), at(first));
        }
        let before = month_of(at("2026-03-01T00:00:00Z").plus(-DAY_MS));
        assert_eq!(before, at("2026-02-01T00:00:00Z"));
    }
}
