//! Verification of a log: every row follows from the one before it, none is missing, and the last
//! one is the head that the admin's record names.

use schemars::JsonSchema;
use serde::Serialize;

use super::record::AdminRecord;
use super::row::{AuditRow, Head};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{Name, Query, Range, Value, item_of};
use crate::time::Time;

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

impl BadAuditRow {
    /// The same as a sentence for the log.
    pub fn told(&self) -> String {
        format!("{}, row {}: {}", self.admin_id, self.position, self.what)
    }
}

/// A log, checked row by row.
#[derive(Clone, Debug)]
pub struct AuditChain {
    admin_id: String,
    head: Head,
    sealed: Option<Head>,
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
            sealed: None,
        }
    }

    /// The same log, of which a row was sealed.
    #[must_use]
    pub fn with_seal(self, sealed: Option<Head>) -> Self {
        Self { sealed, ..self }
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
        let sealed = self.sealed.filter(|sealed| sealed.seq == next);
        let what = match row {
            row if row.seq != next => "the row of this number is missing",
            row if row.prev_hash.0 != self.head.hash => "it does not follow the row before",
            row if row.digest() != row.hash.0 => "its hash is not that of its values",
            row if row.admin_id != self.admin_id => "it is of somebody else",
            row if row.at < self.head.at => "it is older than the row before",
            row if row.place() != (row.shard.clone(), row.rank) => "the index shows it elsewhere",
            row if sealed.is_some_and(|sealed| sealed.hash != row.hash.0) => {
                "it is not the row that was sealed"
            }
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
            0 => return self.reaches_seal(),
            _ if self.head.hash != head.hash => "the record names another row as the last one",
            _ => return self.reaches_seal(),
        };
        Err(self.bad(head.seq.max(1), what))
    }

    fn reaches_seal(&self) -> Result<(), BadAuditRow> {
        let seq = self.head.seq;
        match self.sealed.filter(|sealed| sealed.seq > seq) {
            Some(_) => Err(self.bad(seq + 1, "a row that was sealed is missing")),
            None => Ok(()),
        }
    }

    /// Reads and checks what follows, hands each good row to `seen`, and says whether it came to
    /// the end: after `most` rows, and the rest of what was read with them, it stops.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn walk(
        &mut self,
        tables: &Tables,
        most: usize,
        mut seen: impl FnMut(AuditRow),
    ) -> Result<Result<bool, BadAuditRow>> {
        let mut read = 0;
        while read < most {
            read += ROWS_MAX;
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
                return Ok(self.end(&record.head()).map(|()| true));
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
        Ok(Ok(false))
    }

    /// Whether the next row is really not there.
    async fn is_gone(&self, tables: &Tables) -> Result<bool> {
        let range = Range::After(Value::S(AuditRow::sk_of(self.head.seq)));
        let query = Query::of(Name::Ledger, AuditRow::log_of(&self.admin_id)).range(range);
        Ok(tables.rows(query.limit(1).consistent()).await?.is_empty())
    }
}
