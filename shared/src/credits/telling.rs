//! Telling a changed balance at most once per two seconds: the first change at once, all that
//! follow within two seconds together at their end, with the balance as it is then.

use serde::{Deserialize, Serialize};

use super::facts::balance;
use super::wallet::Wallet;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, UNAVAILABLE};
use crate::realtime::{Audience, Push, fan_out};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value};
use crate::time::{HOUR_MS, SECOND_MS, Time};

/// Shortest time between two frames about the balance, milliseconds.
const PAUSE_MS: i64 = 2 * SECOND_MS;
/// How long it is known when a person was told.
const KEPT_MS: i64 = HOUR_MS;
/// Tries when several changes meet.
const TRIES_MAX: usize = 3;

/// A job of the queue `balances`: a wallet changed in a way that no other frame tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceJob {
    /// Whose it is.
    pub user_id: String,
    /// `wal_…`
    pub wallet_id: String,
    /// Its newest row then.
    pub seq: i64,
    /// End of the pause that this job has waited for, ms.
    #[serde(default)]
    pub due: Option<i64>,
}

/// When a person was told the balance last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// When, ms.
    pub told_at: i64,
    /// Newest row that was told.
    pub seq: i64,
    /// End of the pause, ms, if a job waits for it.
    #[serde(default)]
    pub due: Option<i64>,
    /// Row of the job that waits.
    #[serde(default)]
    pub waits: Option<i64>,
    /// The pause that ended last, ms; its job may come again.
    #[serde(default)]
    pub ended: Option<i64>,
    /// Epoch seconds.
    pub expires: i64,
}

impl Item for Told {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "Balance told";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

impl Told {
    fn key_of(user_id: &str) -> Key {
        Key::new(user_id, "told#balance")
    }
}

/// What a job comes to.
#[derive(Debug)]
pub enum Telling {
    /// This frame, now.
    Now(Box<Push>),
    /// This job again, after so many seconds.
    Later(BalanceJob, i32),
    /// Nobody listens, or it is told otherwise.
    Nothing,
}

/// Decides what a job comes to, and notes it. A job may come again at any time.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn tell(tables: &Tables, job: &BalanceJob, now: Time) -> Result<Telling> {
    let mut audience = Audience::default();
    if audience.of(tables, &job.user_id, now).await?.is_empty() {
        return Ok(Telling::Nothing);
    }
    let (seq, fresh) = match job.due {
        Some(due) => match ended(tables, job, due, now).await? {
            // Whoever ended this pause before may have died before telling.
            Some(before) if before.ended == Some(due) => (0, false),
            Some(before) => (before.seq, false),
            None => return Ok(Telling::Nothing),
        },
        None => (0, true),
    };
    let wallet = Wallet::load(tables, &job.wallet_id).await?;
    if fresh && let Some(other) = waits(tables, job, wallet.seq, now).await? {
        return Ok(other);
    }
    if wallet.seq <= seq {
        return Ok(Telling::Nothing);
    }
    if !fresh {
        let changes = vec![Change::number("seq", wallet.seq)];
        let note = Commit::new().update::<Told>(Told::key_of(&job.user_id), changes, None);
        tables.commit(note).await?;
    }
    let Some(fact) = balance(&wallet, &job.user_id)? else {
        return Ok(Telling::Nothing);
    };
    let push = fan_out(tables, &mut audience, &fact, now).await?;
    Ok(push.map_or(Telling::Nothing, |push| Telling::Now(Box::new(push))))
}

/// Ends the pause that a job has waited for, and gives what was told before; `None` when that
/// pause is not the last one.
async fn ended(tables: &Tables, job: &BalanceJob, due: i64, now: Time) -> Result<Option<Told>> {
    let changes = vec![
        Change::number("told_at", now.ms()),
        Change::number("ended", due),
        Change::Remove("due".into()),
        Change::Remove("waits".into()),
    ];
    let mine = Condition::Any(vec![
        Condition::number("due", due),
        Condition::number("ended", due),
    ]);
    let guard = Some((mine, &UNAVAILABLE));
    let end = Commit::new().update::<Told>(Told::key_of(&job.user_id), changes, guard);
    match tables.swap(end).await {
        Ok(before) => Ok(before),
        Err(Missed::Refused(_)) => Ok(None),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// Notes that the balance is told now, or says what comes in its place: the job waits for the end
/// of the pause, or another one does already.
async fn waits(tables: &Tables, job: &BalanceJob, seq: i64, now: Time) -> Result<Option<Telling>> {
    for _ in 0..TRIES_MAX {
        let told = Told {
            user_id: job.user_id.clone(),
            told_at: now.ms(),
            seq,
            due: None,
            waits: None,
            ended: None,
            expires: now.plus(KEPT_MS).seconds(),
        };
        let long_ago = Value::N((now.ms() - PAUSE_MS + 1).to_string());
        let free = Condition::Any(vec![
            Condition::Absent,
            Condition::Below("told_at", long_ago),
        ]);
        let note = Commit::new().replace(&told, free, &UNAVAILABLE);
        let current: Option<Told> = match tables.commit(note).await {
            Ok(()) => return Ok(None),
            Err(Missed::Refused(refused)) => refused.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        };
        let Some(current) = current else { continue };
        let due = current.told_at + PAUSE_MS;
        let other = match current.due {
            _ if current.seq >= job.seq => Telling::Nothing,
            Some(due) if current.waits == Some(job.seq) => later(job, due, now),
            Some(_) => Telling::Nothing,
            None if wait(tables, &current, due, job.seq).await? => later(job, due, now),
            None => continue,
        };
        return Ok(Some(other));
    }
    Err(UNAVAILABLE.because("too many changes of one balance at once"))
}

/// Notes that a job waits for the end of the pause; `false` when something came in between.
async fn wait(tables: &Tables, current: &Told, due: i64, seq: i64) -> Result<bool> {
    let changes = vec![Change::number("due", due), Change::number("waits", seq)];
    let same = Condition::All(vec![
        Condition::number("told_at", current.told_at),
        Condition::Missing("due"),
    ]);
    let guard = Some((same, &UNAVAILABLE));
    let note = Commit::new().update::<Told>(current.key(), changes, guard);
    match tables.commit(note).await {
        Ok(()) => Ok(true),
        Err(Missed::Refused(_)) => Ok(false),
        Err(Missed::Failed(error)) => Err(error),
    }
}

fn later(job: &BalanceJob, due: i64, now: Time) -> Telling {
    let job = BalanceJob {
        due: Some(due),
        ..job.clone()
    };
    let seconds = (Time(due).since(now) + SECOND_MS - 1) / SECOND_MS;
    Telling::Later(job, i32::try_from(seconds.max(1)).unwrap_or(1))
}
