//! Proving wallets when somebody asks for it: one at once, all of them shard by shard on a queue.
//! A job proves some wallets of a shard, notes how far it came, and sends the next one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::prove::prove;
use super::shard::wallets_since;
use super::{FUNCTION, Unproved, Window};
use crate::aws::dynamo::{Missed, Tables};
use crate::credits::totals::WALLET_SHARDS;
use crate::error::{Result, UNAVAILABLE};
use crate::log;
use crate::operations::{JobRun, RunOutcome};
use crate::table::{Commit, Condition, Item, Key, Name, Query};
use crate::time::Time;
use crate::worker::Change;

/// Name of the function that asks for a run of all wallets.
pub const VERIFY_LEDGER: &str = "verify_ledger";
/// Wallets that one job proves.
const JOB_WALLETS_MAX: usize = 500;
/// Bad wallets that one shard lists.
const LISTED_MAX: usize = 100;
/// All rows there are.
const ALWAYS: Window = Window {
    since: Time(0),
    until: Time(i64::MAX),
};

/// The first row of a wallet that is not what was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FirstBad {
    /// `wal_…`
    pub wallet_id: String,
    /// Its number.
    pub position: i64,
    /// What does not hold.
    pub what: String,
}

/// What a proof of one wallet found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LedgerProof {
    /// Whether every row follows from the one before, and the balances from the rows.
    pub ok: bool,
    /// Rows that were proved.
    pub rows: i64,
    /// The first that does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<FirstBad>,
}

/// Proves one wallet from its first row.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn verify_wallet(tables: &Tables, wallet_id: &str) -> Result<LedgerProof> {
    Ok(match prove(tables, wallet_id, ALWAYS).await? {
        Ok(proved) => LedgerProof {
            ok: true,
            rows: proved.head.map_or(0, |head| head.0),
            first_bad: None,
        },
        Err(bad) => LedgerProof {
            ok: false,
            rows: (bad.position - 1).max(0),
            first_bad: Some(FirstBad {
                wallet_id: wallet_id.to_owned(),
                position: bad.position,
                what: bad.what.to_owned(),
            }),
        },
    })
}

/// Some wallets of a shard that a run has to prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofJob {
    /// The run.
    pub run_id: String,
    /// The shard.
    pub shard: u8,
}

/// The jobs that a new run begins with.
///
/// # Errors
/// 500 when an image does not have the shape of a run.
pub fn proofs_of(change: &Change) -> Result<Vec<ProofJob>> {
    let (None, Some(run)) = change.of::<JobRun>()? else {
        return Ok(Vec::new());
    };
    if run.function != VERIFY_LEDGER {
        return Ok(Vec::new());
    }
    let job = |shard| ProofJob {
        run_id: run.run_id.clone(),
        shard,
    };
    Ok((0..WALLET_SHARDS).map(job).collect())
}

/// How far a run has come in one shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProofPart {
    /// `run_…`
    #[serde(rename = "pk")]
    pub run_id: String,
    /// `part#<shard>`
    #[serde(rename = "sk")]
    pub place: String,
    /// The last wallet that was proved.
    pub after: String,
    /// Raised by every job.
    pub step: i64,
    /// Wallets that were looked at.
    pub wallets: i64,
    /// Rows that were proved.
    pub rows: i64,
    /// Wallets that could not be proved, the first 100 of them.
    pub unproved: Vec<Unproved>,
    /// How many there are.
    pub bad: i64,
    /// Whether the shard is done.
    pub done: bool,
}

impl Item for ProofPart {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Part of a ledger verification";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.run_id, &*self.place)
    }
}

impl ProofPart {
    fn new(job: &ProofJob) -> Self {
        Self {
            run_id: job.run_id.clone(),
            place: format!("part#{:02}", job.shard),
            after: String::new(),
            step: 0,
            wallets: 0,
            rows: 0,
            unproved: Vec::new(),
            bad: 0,
            done: false,
        }
    }

    async fn load(tables: &Tables, job: &ProofJob) -> Result<Self> {
        let blank = Self::new(job);
        let known = tables.get_consistent(&blank.key()).await?;
        Ok(known.unwrap_or(blank))
    }

    fn note(&mut self, found: LedgerProof) {
        self.wallets += 1;
        self.rows += found.rows;
        let Some(first) = found.first_bad else { return };
        let at = format!(
            "{}, row {}: {}",
            first.wallet_id, first.position, first.what
        );
        log::alarm(FUNCTION, &at);
        self.bad += 1;
        if self.unproved.len() < LISTED_MAX {
            self.unproved.push(Unproved {
                wallet_id: first.wallet_id,
                since: Time(0),
                position: first.position,
                what: first.what,
            });
        }
    }

    fn commit(&self) -> Commit {
        let before = match self.step {
            1 => Condition::Absent,
            step => Condition::number("step", step - 1),
        };
        Commit::new().replace(self, before, &UNAVAILABLE)
    }
}

/// Proves the next wallets of a shard and says whether another job has to go on. A job that comes
/// twice finds that its step was made.
///
/// # Errors
/// 503 when the database does not answer; the job comes again.
pub async fn prove_some(tables: &Tables, job: &ProofJob, now: Time) -> Result<bool> {
    let run: Option<JobRun> = tables.get_consistent(&JobRun::key_of(&job.run_id)).await?;
    if run.is_none_or(|run| run.outcome != RunOutcome::Running) {
        return Ok(false);
    }
    let mut part = ProofPart::load(tables, job).await?;
    if !part.done {
        let wallets = wallets_since(tables, job.shard, ALWAYS.since).await?;
        let rest = wallets.into_iter().filter(|id| *id > part.after);
        let rest: Vec<String> = rest.take(JOB_WALLETS_MAX).collect();
        for wallet_id in &rest {
            part.note(verify_wallet(tables, wallet_id).await?);
        }
        part.done = rest.len() < JOB_WALLETS_MAX;
        part.after = rest.last().cloned().unwrap_or_default();
        part.step += 1;
        match tables.commit(part.commit()).await {
            Ok(()) => {}
            // The same job came twice; the other one goes on.
            Err(Missed::Refused(_)) => return Ok(false),
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    if part.done {
        conclude(tables, &job.run_id, now).await?;
    }
    Ok(!part.done)
}

/// Ends a run whose shards are all done.
async fn conclude(tables: &Tables, run_id: &str, now: Time) -> Result<()> {
    let query = Query::of(Name::Data, run_id).prefix("part#").consistent();
    let parts: Vec<ProofPart> = tables.query(query).await?;
    let done = parts.iter().filter(|part| part.done).count();
    if done < usize::from(WALLET_SHARDS) {
        return Ok(());
    }
    let sum = |count: fn(&ProofPart) -> i64| parts.iter().map(count).sum::<i64>();
    let mut run = JobRun::load(tables, run_id).await?;
    let bad = sum(|part| part.bad);
    run.counts = [
        ("wallets".to_owned(), sum(|part| part.wallets)),
        ("rows".to_owned(), sum(|part| part.rows)),
        ("unproved".to_owned(), bad),
    ]
    .into();
    run.finished_at = Some(now);
    run.outcome = match bad {
        0 => RunOutcome::Done,
        _ => RunOutcome::Failed,
    };
    match tables.commit(run.end()).await {
        // Another job of the last shards has ended it.
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}
