//! Proving logs from their first rows: short ones while the caller waits, long ones job by job in
//! the background. What is sealed has to be what the seal says.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::AdminRecord;
use super::row::Head;
use super::seal::{SealedHead, SealedRoot, newest_seal};
use super::verify::{AuditChain, BadAuditRow};
use crate::aws::dynamo::Tables;
use crate::aws::objects::{Logs, Objects};
use crate::error::{INTERNAL_ERROR, NOT_FOUND, Result};
use crate::log;
use crate::operations::{RunJob, RunPart};
use crate::time::Time;

/// Name of the function that asks for a run.
pub const VERIFY_AUDIT_LOG: &str = "verify_audit_log";
/// Name under which the alarms of the jobs go to the log.
const FUNCTION: &str = "prove_audit_logs";
/// Most admins.
const ADMINS_MAX: usize = 1_000;
/// Rows that are proved while the caller waits.
const ROWS_AT_ONCE_MAX: i64 = 2_000;
/// Rows that one job proves.
const JOB_ROWS_MAX: usize = 2_000;

/// What a proof found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditProof {
    /// Whether every row follows from the one before.
    pub ok: bool,
    /// Rows that were proved.
    pub rows: i64,
    /// The first that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<BadAuditRow>,
}

/// The logs of one admin or of all, to be proved.
#[derive(Clone, Debug)]
pub struct AuditLogs {
    records: Vec<AdminRecord>,
    is_all: bool,
}

impl AuditLogs {
    /// The logs as their records know them.
    ///
    /// # Errors
    /// 404 `NOT_FOUND`; 503 when the database does not answer.
    pub async fn load(tables: &Tables, admin_id: Option<&str>) -> Result<Self> {
        let records = match admin_id {
            Some(admin_id) => {
                let key = AdminRecord::key_of(admin_id);
                let found: Option<AdminRecord> = tables.get_consistent(&key).await?;
                vec![found.ok_or(NOT_FOUND)?]
            }
            None => AdminRecord::list(tables, None, ADMINS_MAX).await?,
        };
        let is_all = admin_id.is_none();
        Ok(Self { records, is_all })
    }

    /// Whether nobody should wait until they are proved.
    pub fn are_long(&self) -> bool {
        let rows = self.records.iter().map(|record| record.audit_seq);
        rows.sum::<i64>() > ROWS_AT_ONCE_MAX
    }

    /// Whose they are, in order: with those that were sealed and of whom there is no record now.
    fn ids(self, sealed: Option<&SealedRoot>) -> BTreeSet<String> {
        let known = self.records.into_iter().map(|record| record.admin_id);
        let sealed = sealed.filter(|_| self.is_all);
        let sealed = sealed.iter().flat_map(|root| &root.heads);
        known
            .chain(sealed.map(|head| head.admin_id.clone()))
            .collect()
    }

    /// Proves them up to the first row that does not fit.
    ///
    /// # Errors
    /// 503 when table or bucket do not answer.
    pub async fn verify(self, tables: &Tables, logs: &Objects<Logs>) -> Result<AuditProof> {
        let sealed = newest_seal(tables, logs).await?.map(|(_, root)| root);
        let (mut rows, mut first_bad) = (0, None);
        for admin_id in self.ids(sealed.as_ref()) {
            let (end, proved) =
                prove(tables, (&admin_id, None), sealed.as_ref(), usize::MAX).await?;
            rows += end.seq;
            first_bad = proved.err();
            if first_bad.is_some() {
                break;
            }
        }
        Ok(AuditProof {
            ok: first_bad.is_none(),
            rows,
            first_bad,
        })
    }
}

/// Proves one log after a head, and says how far it came and whether that is the end.
async fn prove(
    tables: &Tables,
    (admin_id, from): (&str, Option<Head>),
    sealed: Option<&SealedRoot>,
    most: usize,
) -> Result<(Head, Result<bool, BadAuditRow>)> {
    let sealed = sealed.and_then(|root| root.head_of(admin_id));
    let mut chain = AuditChain::of(admin_id, from).with_seal(sealed);
    let proved = chain.walk(tables, most, |_| ()).await?;
    Ok((*chain.head(), proved))
}

/// How far a run has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Spot {
    /// The last log that is done with.
    done: String,
    /// The place in the next one.
    within: Option<SealedHead>,
}

/// Proves the next rows of a run, all logs one after the other, and says whether another job has
/// to go on. A log ends with its first row that does not fit.
///
/// # Errors
/// 503 when table or bucket do not answer; the job comes again.
pub async fn prove_some(
    tables: &Tables,
    logs: &Objects<Logs>,
    job: &RunJob,
    now: Time,
) -> Result<bool> {
    let Some((run, mut part)) = RunPart::open(tables, job, now).await? else {
        return Ok(false);
    };
    let all = AuditLogs::load(tables, run.about.as_deref()).await?;
    let sealed = newest_seal(tables, logs).await?.map(|(_, root)| root);
    let mut spot: Spot = match &*part.after {
        "" => Spot::default(),
        after => serde_json::from_str(after).map_err(|why| INTERNAL_ERROR.because(why))?,
    };
    let mut left = JOB_ROWS_MAX;
    let ids = all.ids(sealed.as_ref()).into_iter();
    let mut ids = ids
        .filter(|id| *id > spot.done)
        .collect::<Vec<_>>()
        .into_iter();
    part.done = loop {
        let Some(admin_id) = ids.next() else {
            break true;
        };
        let from = spot
            .within
            .take()
            .filter(|place| place.admin_id == admin_id);
        let from = from.map(|place| place.head());
        let (end, proved) = prove(tables, (&admin_id, from), sealed.as_ref(), left).await?;
        let rows = end.seq - from.map_or(0, |head| head.seq);
        part.count("rows", rows);
        left = left.saturating_sub(usize::try_from(rows).unwrap_or_default());
        let is_over = note(&mut part, proved);
        match is_over {
            true => spot.done = admin_id,
            false => spot.within = Some(SealedHead::of(&admin_id, &end)),
        }
        if !is_over || left == 0 {
            break false;
        }
    };
    part.after = serde_json::to_string(&spot).map_err(|why| INTERNAL_ERROR.because(why))?;
    part.close(tables, (run, job), now).await
}

/// Counts a log that is done with, and notes what does not fit in it.
fn note(part: &mut RunPart, proved: Result<bool, BadAuditRow>) -> bool {
    let bad = match proved {
        Ok(false) => return false,
        Ok(true) => None,
        Err(bad) => Some(bad.told()),
    };
    part.count("logs", 1);
    part.count("bad", i64::from(bad.is_some()));
    if let Some(finding) = bad {
        log::alarm(FUNCTION, &finding);
        part.finds(finding);
    }
    true
}
