//! Delivery of pushes: is it still true, to which endpoint, and what the provider said.

use super::delivery::{Attempt, Forgotten, MailJob, Outcome, PushJob, attempt};
use super::missive::missive;
use super::notice::Told;
use super::pushes::ring_of;
use super::row::{Detail, Notification, State};
use super::target::{PushTarget, TokenKind, TokenOwner};
use crate::aws::cipher::Cipher;
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::push::{Push, PushApp, Unpushed};
use crate::aws::queue::{Pushes, Queue};
use crate::calls::{Call, Status, delay};
use crate::error::Result;
use crate::table::Commit;
use crate::time::{Clock, SECOND_MS, Time};

/// Longest delay of a message, milliseconds (AWS limit); later retries are the sweep's.
const DELAY_MS_MAX: i64 = 900 * SECOND_MS;
/// Tries when the target changes in the meantime.
const RACES_MAX: u32 = 5;
/// Request id of retries.
const CAUSE: &str = "retry";

/// What delivering pushes takes.
pub struct Courier<'a> {
    /// Rows and targets.
    pub tables: &'a Tables,
    /// Opens tokens.
    pub cipher: &'a Cipher,
    /// The provider.
    pub push: &'a Push,
    /// Retries wait there.
    pub queue: &'a Queue<Pushes>,
    /// When.
    pub clock: &'a Clock,
}

impl std::fmt::Debug for Courier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Courier")
    }
}

/// Why a push is not worth sending any more; none if it is.
async fn obsolete(tables: &Tables, row: &Notification, now: Time) -> Result<Option<Detail>> {
    if row.valid_until.is_some_and(|until| now >= until) {
        return Ok(Some(Detail::Expired));
    }
    let payload = row.payload.as_ref();
    let call_id = payload.and_then(|ids| ids["call_id"].as_str());
    match (row.trigger.as_str(), call_id) {
        (Told::RING, Some(call_id)) => {
            let call: Option<Call> = tables.get_consistent(&Call::key_of(call_id)).await?;
            Ok(call.map_or(Some(Detail::Cancelled), |call| silent(&call, now)))
        }
        (Told::STOP, Some(call_id)) => {
            let target_id = row.target_id.as_deref().unwrap_or_default();
            let ring = ring_of(tables, &row.user_id, call_id, target_id).await?;
            let rang = ring.is_some_and(|ring| ring.status != State::Failed);
            Ok((!rang).then_some(Detail::Cancelled))
        }
        _ => Ok(None),
    }
}

/// Why a call does not ring now; none if it does.
fn silent(call: &Call, now: Time) -> Option<Detail> {
    match call.status {
        Status::Initiated | Status::Ringing if now < call.ring_expires_at => None,
        Status::Initiated | Status::Ringing | Status::Missed => Some(Detail::Expired),
        _ => Some(Detail::Cancelled),
    }
}

impl Courier<'_> {
    /// Carries out a job of the queue.
    ///
    /// # Errors
    /// 502 `PROVIDER_ERROR` when the retries are used up; 503 when a service does not answer.
    pub async fn carry(&self, job: &PushJob) -> Result<()> {
        match job {
            PushJob::Send(job) => self.deliver(job).await,
            PushJob::Forget(gone) => self.forget(gone).await,
        }
    }

    /// One attempt; where another one is worth it, it is queued for the very instant.
    async fn deliver(&self, job: &MailJob) -> Result<()> {
        let Some(row) = attempt(self.tables, self.clock, self, job).await? else {
            return Ok(());
        };
        let now = self.clock.now();
        let retry = row.due_at.filter(|_| row.status == State::Pending);
        let Some(at) = retry.filter(|at| at.since(now) <= DELAY_MS_MAX) else {
            return Ok(());
        };
        let next = PushJob::Send(MailJob {
            due_at: at.ms(),
            ..job.clone()
        });
        self.queue.send_later(&[next], delay(at, now), CAUSE).await
    }

    /// Takes an endpoint back unless its token belongs to a target again.
    async fn forget(&self, gone: &Forgotten) -> Result<()> {
        let key = TokenOwner::key_of(&gone.hash);
        match self.tables.get_consistent::<TokenOwner>(&key).await? {
            Some(_) => Ok(()),
            None => self.push.forget(&gone.endpoint_arn).await,
        }
    }

    async fn target(&self, row: &Notification) -> Result<Option<PushTarget>> {
        let target_id = row.target_id.as_deref().unwrap_or_default();
        let key = PushTarget::key_of(&row.user_id, target_id);
        self.tables.get_consistent(&key).await
    }

    /// Sends it, to whatever endpoint the target has or gets.
    async fn try_make(&self, row: &Notification) -> Result<Outcome> {
        if let Some(why) = obsolete(self.tables, row, self.clock.now()).await? {
            return Ok(Outcome::Dropped(why));
        }
        let mut made = None;
        for _ in 0..RACES_MAX {
            let target = self.target(row).await?;
            let way = target.and_then(|target| {
                let app = target.way(self.push.apps(), &row.trigger)?;
                Some((target, app, self.push.apps().arn(app)?))
            });
            let Some((target, app, app_arn)) = way else {
                if let Some(gone) = &made {
                    self.forget(gone).await?;
                }
                return Ok(Outcome::Dropped(Detail::NoTarget));
            };
            let Some((kind, address)) = target.address_of(app) else {
                return Ok(Outcome::Dropped(Detail::NoTarget));
            };
            let Some(endpoint_arn) = address.ready_at(app_arn) else {
                let key = self.cipher.key(&row.user_id).await?;
                let token = address.open(kind, &key)?;
                match self.push.endpoint(app_arn, &token).await {
                    Ok(arn) => made = Some(self.keep(&target, kind, arn).await?),
                    Err(why) => return self.refused(&target, why).await,
                }
                continue;
            };
            let missive = missive((app, app_arn), endpoint_arn, row, self.clock.now());
            match self.push.send(&missive).await {
                Ok(provider_id) => return Ok(Outcome::Sent(provider_id)),
                // Somebody took it back: it is made again.
                Err(Unpushed::Missing) => self.doubt(&target, app).await?,
                Err(why) => return self.refused(&target, why).await,
            }
        }
        Ok(Outcome::later("others were first too often"))
    }

    /// Stores the endpoint of a token; somebody who changed the target meanwhile wins.
    async fn keep(&self, target: &PushTarget, kind: TokenKind, arn: String) -> Result<Forgotten> {
        let mut next = target.clone();
        let address = match (kind, next.voip.as_mut()) {
            (TokenKind::Voip, Some(voip)) => voip,
            _ => &mut next.address,
        };
        address.endpoint_arn = Some(arn.clone());
        address.is_ready = true;
        let hash = address.hash.clone();
        self.store(target, next).await?;
        Ok(Forgotten {
            endpoint_arn: arn,
            hash,
        })
    }

    /// From now on the endpoint is looked after before the next push.
    async fn doubt(&self, target: &PushTarget, app: PushApp) -> Result<()> {
        let mut next = target.clone();
        match (app, next.voip.as_mut()) {
            (PushApp::ApnsVoip, Some(voip)) => voip.is_ready = false,
            _ => next.address.is_ready = false,
        }
        self.store(target, next).await
    }

    async fn store(&self, target: &PushTarget, mut next: PushTarget) -> Result<()> {
        next.rev += 1;
        let same = target.unchanged();
        let commit = Commit::new().replace(&next, same, &crate::error::UNAVAILABLE);
        match self.tables.commit(commit).await {
            Ok(()) | Err(Missed::Refused(_)) => Ok(()),
            Err(Missed::Failed(error)) => Err(error),
        }
    }

    /// What a refusal means. A phone without the app is not pushed to until it registers again.
    async fn refused(&self, target: &PushTarget, why: Unpushed) -> Result<Outcome> {
        Ok(match why {
            Unpushed::Later(code) => Outcome::later(&code),
            Unpushed::Never(code) => Outcome::never(&code),
            Unpushed::Missing => Outcome::later("NotFound"),
            Unpushed::Gone(code) => {
                let next = PushTarget {
                    enabled: false,
                    ..target.clone()
                };
                self.store(target, next).await?;
                Outcome::never(&code)
            }
        })
    }
}

impl Attempt for Courier<'_> {
    const PROVIDER: &'static str = "sns";

    async fn make(&self, row: &Notification) -> Outcome {
        match self.try_make(row).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::of(&error),
        }
    }
}
