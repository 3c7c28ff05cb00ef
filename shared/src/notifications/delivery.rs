//! Delivery of mails and text messages: claim, send, record; retries, and the sweep that forgets
//! nothing.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::letter;
use super::row::{Channel, Detail, Notification, SHARDS, State};
use super::sms::TextFacts;
use crate::aws::cipher::{Cipher, DataKey};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::mail::{Mailer, Undelivered};
use crate::aws::sms::Sms;
use crate::crypto;
use crate::error::{Error, INTERNAL_ERROR, PROVIDER_ERROR, Result};
use crate::table::{Commit, Condition, DUE, Name, Query, Range, Value};
use crate::time::{Clock, HOUR_MS, MINUTE_MS, SECOND_MS, Time};

/// How long an attempt may take before another one may start, milliseconds.
const LEASE_MS: i64 = MINUTE_MS;
/// Pauses before the retries, milliseconds, each ±20 %.
const RETRIES_MS: [i64; 5] = [
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    HOUR_MS,
    6 * HOUR_MS,
];
/// How long a job that ran out of retries goes on failing, so that its queue moves it to the dead
/// letters. One that comes later was put back by an operator and is tried once more.
const DYING_MS: i64 = 15 * MINUTE_MS;
/// Rows of one shard that one sweep queues.
const SWEEP_ITEMS_MAX: usize = 500;
/// Longest reason that is kept, characters.
const REASON_CHARS_MAX: usize = 200;

/// Body of the queues `mail` and `sms`: a row to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailJob {
    /// `usr_…`
    pub user_id: String,
    /// `ntf_…`
    pub id: String,
    /// The row's `due_at` when it was queued, milliseconds; an older job does nothing.
    pub due_at: i64,
}

/// Body of the queue `pushes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum PushJob {
    /// A push to send.
    Send(MailJob),
    /// An endpoint to take back, unless somebody has its token again.
    Forget(Forgotten),
}

/// An endpoint that no target uses any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The endpoint.
    pub endpoint_arn: String,
    /// Hash of its token.
    pub hash: String,
}

/// The jobs that some rows wait for, by the way they go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jobs {
    /// For the queue `mail`.
    pub mails: Vec<MailJob>,
    /// For the queue `sms`.
    pub texts: Vec<MailJob>,
    /// For the queue `pushes`.
    pub pushes: Vec<PushJob>,
}

impl Jobs {
    /// Adds the job of a row, if it waits for one.
    pub fn add(&mut self, row: &Notification) {
        let Some(due_at) = row.due_at.filter(|_| row.status == State::Pending) else {
            return;
        };
        let job = MailJob {
            user_id: row.user_id.clone(),
            id: row.id.clone(),
            due_at: due_at.ms(),
        };
        match row.notification_type {
            Channel::Email => self.mails.push(job),
            Channel::Sms => self.texts.push(job),
            Channel::Push => self.pushes.push(PushJob::Send(job)),
            Channel::InApp => {}
        }
    }
}

/// A way out: takes the content of a row to its provider.
pub trait Carrier: Sync {
    /// Name of the provider in errors.
    const PROVIDER: &'static str;

    /// Writes and sends; gives the provider's own id.
    fn carry(
        &self,
        row: &Notification,
        key: &DataKey,
    ) -> impl Future<Output = Result<String, Undelivered>> + Send;
}

/// What cannot be written will never be.
fn unwritten(error: Error) -> Undelivered {
    Undelivered::Never(error.fault().code.to_owned())
}

impl Carrier for Mailer {
    const PROVIDER: &'static str = "ses";

    async fn carry(&self, row: &Notification, key: &DataKey) -> Result<String, Undelivered> {
        let facts = row.open(key).map_err(unwritten)?;
        let letter = letter::write(&facts).map_err(unwritten)?;
        self.send(&letter).await
    }
}

impl Carrier for Sms {
    const PROVIDER: &'static str = "sns";

    async fn carry(&self, row: &Notification, key: &DataKey) -> Result<String, Undelivered> {
        let facts: TextFacts = row.open(key).map_err(unwritten)?;
        self.send(&facts.to, &facts.words()).await
    }
}

/// What a job means for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another job did it or does it.
    Skip,
    /// Goes on failing towards the dead letters.
    Die,
    /// Too late: dropped without sending.
    Drop,
    /// To be claimed and sent.
    Send,
}

impl Step {
    /// Decides by the row as it is now.
    pub fn decide(row: &Notification, job: &MailJob, now: Time) -> Self {
        let exhausted = row.status == State::Failed && row.detail == Detail::Retrying;
        let current = match row.status {
            State::Pending => row.due_at.map(Time::ms) == Some(job.due_at),
            State::Failed => exhausted,
            State::Sent | State::Read => false,
        };
        if !current {
            return Self::Skip;
        }
        if exhausted && now < row.updated_at.plus(DYING_MS) {
            return Self::Die;
        }
        if row.valid_until.is_some_and(|until| now >= until) {
            return Self::Drop;
        }
        Self::Send
    }
}

/// Pause before the retry after `retries` others, ±20 % spread by the id; none after the last.
pub fn retry_after(id: &str, retries: i64) -> Option<i64> {
    let pause = RETRIES_MS.get(usize::try_from(retries).ok()?)?;
    let [a, b, ..] = crypto::sha256(&[id.as_bytes(), &retries.to_be_bytes()]);
    let spread = i64::from(u16::from_be_bytes([a, b])) * 400 / i64::from(u16::MAX);
    Some(pause * (800 + spread) / 1_000)
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Sent(String),
    Refused(String),
    Later(String),
    Dropped(Detail),
}

/// One way to carry out an attempt.
pub(super) trait Attempt: Sync {
    /// Name of the provider in errors.
    const PROVIDER: &'static str;

    /// Does it, for a row that nobody else attempts at the same time.
    fn make(&self, row: &Notification) -> impl Future<Output = Outcome> + Send;
}

/// An attempt with content that the person's key opens.
struct Sealing<'a, C> {
    cipher: &'a Cipher,
    carrier: &'a C,
}

impl<C: Carrier> Attempt for Sealing<'_, C> {
    const PROVIDER: &'static str = C::PROVIDER;

    async fn make(&self, row: &Notification) -> Outcome {
        match self.cipher.key(&row.user_id).await {
            Ok(key) => match self.carrier.carry(row, &key).await {
                Ok(provider_id) => Outcome::Sent(provider_id),
                Err(Undelivered::Never(code)) => Outcome::never(&code),
                Err(Undelivered::Later(code)) => Outcome::later(&code),
            },
            Err(error) => Outcome::of(&error),
        }
    }
}

impl Outcome {
    pub(super) fn later(code: &str) -> Self {
        Self::Later(format!("temporary: {code}"))
    }

    pub(super) fn never(code: &str) -> Self {
        Self::Refused(format!("permanent: {code}"))
    }

    /// What an error of our own means: one that says so may pass.
    pub(super) fn of(error: &Error) -> Self {
        match error.fault().status > 500 {
            true => Self::later(error.fault().code),
            false => Self::never(error.fault().code),
        }
    }
}

impl Notification {
    /// Claims an attempt until the end of the lease, unless somebody was first.
    fn claim(&self, now: Time) -> (Self, Commit) {
        let mut next = self.clone();
        // Always later than before, or a second job of the same row could claim it too.
        let after = self.due_at.map_or(now, |at| at.plus(1));
        next.due_at = Some(now.plus(LEASE_MS).max(after));
        next.claims += 1;
        next.updated_at = now;
        if self.status == State::Failed {
            // Put back by an operator: one more attempt, and the sweep watches it again.
            next.status = State::Pending;
            next.due_shard = Some(format!("ntf#{}", self.id.len() % usize::from(SHARDS)));
        }
        self.store(next)
    }

    fn finish(&self, outcome: Outcome, now: Time) -> (Self, Commit) {
        let mut next = self.clone();
        next.updated_at = now;
        (next.due_shard, next.due_at) = (None, None);
        let (status, detail, reason) = match outcome {
            Outcome::Sent(provider_id) => {
                next.sent_at = Some(now);
                next.provider_message_id = Some(provider_id);
                (State::Sent, Detail::Sent, None)
            }
            Outcome::Refused(reason) => (State::Failed, Detail::ProviderRefused, Some(reason)),
            Outcome::Dropped(detail) => (State::Failed, detail, None),
            Outcome::Later(reason) => match self.next_try(now) {
                Some(at) if self.valid_until.is_some_and(|until| at >= until) => {
                    (State::Failed, Detail::Expired, Some(reason))
                }
                Some(at) => {
                    next.retry_count += 1;
                    next.due_shard.clone_from(&self.due_shard);
                    next.due_at = Some(at);
                    (State::Pending, Detail::Retrying, Some(reason))
                }
                None => (State::Failed, Detail::Retrying, Some(reason)),
            },
        };
        if detail != Detail::Retrying {
            next.facts = None;
        }
        (next.status, next.detail) = (status, detail);
        next.failed_reason = reason.map(|text| text.chars().take(REASON_CHARS_MAX).collect());
        self.store(next)
    }

    /// When an attempt that failed now is repeated; none after the last.
    fn next_try(&self, now: Time) -> Option<Time> {
        retry_after(&self.id, self.retry_count).map(|pause| now.plus(pause))
    }

    /// Stores the next state if the row is still as it was read.
    fn store(&self, next: Self) -> (Self, Commit) {
        let due = match self.due_at {
            Some(at) => Condition::number("due_at", at.ms()),
            None => Condition::Missing("due_at"),
        };
        let same = Condition::All(vec![Condition::Present, due]);
        let commit = Commit::new().replace(&next, same, &INTERNAL_ERROR);
        (next, commit)
    }
}

/// Delivers what a job is about, at most once unless a crash falls between sending and recording.
///
/// # Errors
/// 502 `PROVIDER_ERROR` when the retries are used up; 503 when the table does not answer.
pub async fn deliver<C: Carrier>(
    tables: &Tables,
    cipher: &Cipher,
    carrier: &C,
    clock: &Clock,
    job: &MailJob,
) -> Result<()> {
    attempt(tables, clock, &Sealing { cipher, carrier }, job)
        .await
        .map(drop)
}

/// Claims the row of a job, makes one attempt and records it; gives the row if it was attempted.
pub(super) async fn attempt<A: Attempt>(
    tables: &Tables,
    clock: &Clock,
    way: &A,
    job: &MailJob,
) -> Result<Option<Notification>> {
    let key = Notification::key_of(&job.user_id, &job.id);
    let Some(row) = tables.get_consistent::<Notification>(&key).await? else {
        return Ok(None);
    };
    let dead = || PROVIDER_ERROR.with(json!({ "provider": A::PROVIDER }));
    let (claimed, claim) = match Step::decide(&row, job, clock.now()) {
        Step::Skip => return Ok(None),
        Step::Die => return Err(dead()),
        Step::Drop => {
            let (_, commit) = row.finish(Outcome::Dropped(Detail::Expired), clock.now());
            return stored(tables, commit).await.map(|_| None);
        }
        Step::Send => row.claim(clock.now()),
    };
    if !stored(tables, claim).await? {
        return Ok(None);
    }
    // Whatever goes wrong from here on is an outcome: the claim has moved the row's due instant.
    let outcome = way.make(&claimed).await;
    let (last, commit) = claimed.finish(outcome, clock.now());
    stored(tables, commit).await?;
    match (last.status, last.detail) {
        (State::Failed, Detail::Retrying) => Err(dead()),
        _ => Ok(Some(last)),
    }
}

/// Whether the commit was carried out; `false` when another delivery was first.
async fn stored(tables: &Tables, commit: Commit) -> Result<bool> {
    match tables.commit(commit).await {
        Ok(()) => Ok(true),
        Err(Missed::Refused(_)) => Ok(false),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// The jobs of all rows that are due: fresh ones that the stream lost, retries, and attempts whose
/// lease ended without an outcome.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn due_jobs(tables: &Tables, now: Time) -> Result<Jobs> {
    let mut jobs = Jobs::default();
    for shard in 0..SHARDS {
        let until = Value::N(now.ms().to_string());
        let query = Query::of(Name::Data, format!("ntf#{shard}"))
            .by(DUE)
            .range(Range::Between(Value::N("0".into()), until))
            .limit(SWEEP_ITEMS_MAX);
        let rows: Vec<Notification> = tables.query(query).await?;
        rows.iter().for_each(|row| jobs.add(row));
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests;
