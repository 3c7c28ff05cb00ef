//! Verification of a log: every row follows from the one before it, none is missing, and the last
//! one is the head that the admin's record names.

use schemars::JsonSchema;
use serde::Serialize;

use super::clerk::Clerk;
use super::record::AdminRecord;
use super::row::{AuditRow, Head};
use super::seal::newest_seal;
use crate::aws::dynamo::Tables;
use crate::aws::objects::{Logs, Objects};
use crate::error::{NOT_FOUND, Result};
use crate::table::{Name, Query, Range, Value, item_of};
use crate::time::Time;

/// Most admins.
const ADMINS_MAX: usize = 1_000;
/// Rows that are read at a time.
const ROWS_MAX: usize = 500;

/// The first row of a log that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BadAuditRow {
    /// Whose log.
    pub admin_id: String,
    /// Position of the row.
    pub position: i64,
    /// What does not fit.
    pub what: String,
}

/// A log, checked row by row.
#[derive(Clone, Debug)]
pub struct AuditChain {
    admin_id: String,
    head: Head,
}

impl AuditChain {
    /// The log of an admin, from its beginning or from a head that is known to be right.
    pub fn of(admin_id: &str, known: Option<Head>) -> Self {
        let beginning = Head {
            seq: 0,
            hash: [0; 32],
            at: Time(0),
        };
        Self {
            admin_id: admin_id.to_owned(),
            head: known.unwrap_or(beginning),
        }
    }

    /// How far it has been checked.
    pub fn head(&self) -> &Head {
        &self.head
    }

    fn bad(&self, position: i64, what: &str) -> BadAuditRow {
        BadAuditRow {
            admin_id: self.admin_id.clone(),
            position,
            what: what.to_owned(),
        }
    }

    /// Checks the next row.
    ///
    /// # Errors
    /// The position that does not fit.
    pub fn row(&mut self, row: &AuditRow) -> Result<(), BadAuditRow> {
        let next = self.head.seq + 1;
        let what = match row {
            row if row.seq != next => "the row of this number is missing",
            row if row.prev_hash.0 != self.head.hash => "it does not follow the row before",
            row if row.digest() != row.hash.0 => "its hash is not that of its values",
            row if row.admin_id != self.admin_id => "it is of somebody else",
            row if row.at < self.head.at => "it is older than the row before",
            row if row.place() != (row.shard.clone(), row.rank) => "the index shows it elsewhere",
            row => {
                self.head = row.head();
                return Ok(());
            }
        };
        Err(self.bad(next, what))
    }

    /// Compares the end with the record's head.
    ///
    /// # Errors
    /// The position that does not fit.
    pub fn end(&self, head: &Head) -> Result<(), BadAuditRow> {
        let what = match self.head.seq {
            seq if seq < head.seq => return Err(self.bad(seq + 1, "the row is missing")),
            seq if seq > head.seq => "rows follow that the record does not know",
            0 => return Ok(()),
            _ if self.head.hash != head.hash => "the record names another row as the last one",
            _ => return Ok(()),
        };
        Err(self.bad(head.seq.max(1), what))
    }

    /// Reads and checks everything that follows, and hands each good row to `seen`.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn walk(
        &mut self,
        tables: &Tables,
        mut seen: impl FnMut(AuditRow),
    ) -> Result<Result<(), BadAuditRow>> {
        loop {
            let range = Range::After(Value::S(AuditRow::sk_of(self.head.seq)));
            let query = Query::of(Name::Ledger, AuditRow::log_of(&self.admin_id)).range(range);
            let rows = tables.rows(query.limit(ROWS_MAX).consistent()).await?;
            if rows.is_empty() {
                let key = AdminRecord::key_of(&self.admin_id);
                let record: Option<AdminRecord> = tables.get_consistent(&key).await?;
                let Some(record) = record else {
                    return Ok(Err(self.bad(self.head.seq, "there is no record")));
                };
                // What came meanwhile is read as well; a row that is missing never comes.
                if record.audit_seq > self.head.seq && !self.is_gone(tables).await? {
                    continue;
                }
                return Ok(self.end(&record.head()));
            }
            for row in rows {
                let place = row.get("sk").cloned();
                let next = self.head.seq + 1;
                let Ok(row) = item_of::<AuditRow>(row) else {
                    return Ok(Err(self.bad(next, "it cannot be read")));
                };
                if place != Some(Value::S(AuditRow::sk_of(row.seq))) {
                    return Ok(Err(self.bad(next, "it lies at another place")));
                }
                if let Err(bad) = self.row(&row) {
                    return Ok(Err(bad));
                }
                seen(row);
            }
        }
    }

    /// Whether the next row is really not there.
    async fn is_gone(&self, tables: &Tables) -> Result<bool> {
        let range = Range::After(Value::S(AuditRow::sk_of(self.head.seq)));
        let query = Query::of(Name::Ledger, AuditRow::log_of(&self.admin_id)).range(range);
        Ok(tables.rows(query.limit(1).consistent()).await?.is_empty())
    }
}

/// Proves the log of one admin, or of all: how many rows there are, and the first that does not
/// fit. What is sealed has to be what the seal says.
///
/// # Errors
/// 404 `NOT_FOUND`; 503 when table or bucket do not answer.
pub async fn verify_logs(
    admin: &Clerk,
    logs: &Objects<Logs>,
    admin_id: Option<&str>,
) -> Result<(i64, Option<BadAuditRow>)> {
    let tables = admin.tables();
    let admins = match admin_id {
        Some(admin_id) => {
            let key = AdminRecord::key_of(admin_id);
            let found: Option<AdminRecord> = tables.get_consistent(&key).await?;
            vec![found.ok_or(NOT_FOUND)?]
        }
        None => AdminRecord::list(tables, None, ADMINS_MAX).await?,
    };
    let sealed = newest_seal(tables, logs).await?;
    let mut count = 0;
    for admin in admins {
        let known = sealed.as_ref();
        let known = known.and_then(|(_, root)| root.head_of(&admin.admin_id));
        let (rows, bad) = verify_log(tables, &admin.admin_id, known).await?;
        count += rows;
        if bad.is_some() {
            return Ok((count, bad));
        }
    }
    Ok((count, None))
}

async fn verify_log(
    tables: &Tables,
    admin_id: &str,
    sealed: Option<Head>,
) -> Result<(i64, Option<BadAuditRow>)> {
    let (mut chain, mut rewritten) = (AuditChain::of(admin_id, None), false);
    let walked = chain.walk(tables, |row| {
        let same = sealed.filter(|head| head.seq == row.seq);
        rewritten |= same.is_some_and(|head| head.hash != row.hash.0);
    });
    let mut bad = walked.await?.err();
    if let Some(head) = sealed.filter(|_| rewritten && bad.is_none()) {
        bad = Some(chain.bad(head.seq, "it is not the row that was sealed"));
    }
    Ok((chain.head().seq, bad))
}
