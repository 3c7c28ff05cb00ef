//! Proving wallets when somebody asks for it: one at once, all of them shard by shard on a queue.
//! A job proves some wallets of a shard, notes how far it came, and sends the next one.

use schemars::JsonSchema;
use serde::Serialize;

use super::Window;
use super::prove::prove;
use super::shard::wallets_since;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::log;
use crate::operations::{RunJob, RunPart};
use crate::time::Time;

/// Name of the function that asks for a run of all wallets.
pub const VERIFY_LEDGER: &str = "verify_ledger";
/// Name under which the alarms of the jobs go to the log.
const PROVE_WALLETS: &str = "prove_wallets";
/// Wallets that one job proves.
const JOB_WALLETS_MAX: i64 = 500;
/// Rows after which a job leaves the rest to the next one, so that it ends within its time.
const JOB_ROWS_MAX: i64 = 100_000;
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

/// Proves the next wallets of a shard and says whether another job has to go on.
///
/// # Errors
/// 503 when the database does not answer; the job comes again.
pub async fn prove_some(tables: &Tables, job: &RunJob, now: Time) -> Result<bool> {
    let Some((run, mut part)) = RunPart::open(tables, job, now).await? else {
        return Ok(false);
    };
    let wallets = wallets_since(tables, job.part, ALWAYS.since).await?;
    let after = part.after.clone();
    let mut rest = wallets.into_iter().filter(|id| *id > after).peekable();
    let (mut proved, mut rows, mut bad) = (0, 0, 0);
    while proved < JOB_WALLETS_MAX && rows < JOB_ROWS_MAX {
        let Some(wallet_id) = rest.next() else { break };
        let found = verify_wallet(tables, &wallet_id).await?;
        proved += 1;
        rows += found.rows;
        if let Some(first) = found.first_bad {
            let at = format!("{wallet_id}, row {}: {}", first.position, first.what);
            log::alarm(PROVE_WALLETS, &at);
            part.finds(at);
            bad += 1;
        }
        part.after = wallet_id;
    }
    part.count("wallets", proved);
    part.count("rows", rows);
    part.count("unproved", bad);
    part.done = rest.peek().is_none();
    part.close(tables, (run, job), now).await
}
