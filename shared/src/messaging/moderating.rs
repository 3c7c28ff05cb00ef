//! Moderation, carried out: message, conversation, refund and queue item in one transaction.

use super::address::message_at;
use super::archive::{Finder, Shelf, in_table};
use super::head::Head;
use super::message::{Message, Moderation};
use super::moderate::{Case, Judged};
use super::outbox::TRIES_MAX;
use crate::aws::dynamo::{Missed, Tables};
use crate::credits::{Link, Wallet};
use crate::error::{MESSAGE_NOT_FOUND, Result, UNAVAILABLE};
use crate::moderation::{Finding, ModerationItem, Resolution, Subject, evidence_of};
use crate::table::Commit;
use crate::time::Time;

/// Messages looked at to find the newest one that the receiver may see.
const EARLIER_MAX: usize = 1_000;

/// Which message is to be decided about, and when.
#[derive(Clone, Copy, Debug)]
pub struct Moderating<'a> {
    /// `msg_…`
    pub message_id: &'a str,
    /// Where it lies after a year of silence; none for who only looks at new ones.
    pub shelf: Option<&'a Shelf>,
    /// When.
    pub now: Time,
}

/// What else is written with a decision.
type Also<'a> = &'a (dyn Fn(&Judged) -> Result<Commit> + Sync);

/// A moderator's decision with all its effects; `also` adds what belongs into the same
/// transaction, such as the row of the audit log.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 422 `VALIDATION_FAILED` for a step that does not exist; 503 when
/// others were first too often.
pub async fn moderate(
    tables: &Tables,
    at: Moderating<'_>,
    to: Moderation,
    also: Also<'_>,
) -> Result<Judged> {
    for round in 1..=TRIES_MAX {
        let mut judged = at.decision(tables, to).await?;
        let changed = std::mem::take(&mut judged.commit);
        if changed.is_empty() {
            return Ok(judged);
        }
        match tables.commit(changed.with(also(&judged)?)).await {
            Ok(()) => return Ok(judged),
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::Refused(_)) => tables.pause(round).await,
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// What detectors found after the message was sent: it raises the state, or changes nothing.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 503 when others were first too often.
pub async fn raise(
    tables: &Tables,
    at: Moderating<'_>,
    to: Moderation,
    findings: &[Finding],
) -> Result<Judged> {
    let step = |case: &Case<'_>| case.raise(to, at.now);
    let queue = |judged: &Judged, item| queued(judged, item, findings, at.now);
    at.decide(tables, &step, &queue).await
}

/// The receiver's account ended: a message that was not delivered fails and is refunded, once.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 503 when others were first too often.
pub async fn fail(tables: &Tables, at: Moderating<'_>) -> Result<Judged> {
    let step = |case: &Case<'_>| case.fail(at.now);
    let queue = |_: &Judged, _| Ok(Commit::new());
    at.decide(tables, &step, &queue).await
}

/// The queue item of a message with further reasons, opened if there is none or it was closed.
fn queued(
    judged: &Judged,
    item: Option<ModerationItem>,
    findings: &[Finding],
    now: Time,
) -> Result<Commit> {
    let message = &judged.message;
    let Some(item) = item else {
        let evidence = evidence_of(message)?;
        let item = ModerationItem::open(Subject::Message, message.id()?, findings, now);
        return Ok(item.sealing(evidence).commit());
    };
    Ok(item.joined(findings, now).commit())
}

fn resolved(item: Option<ModerationItem>, resolution: Resolution, now: Time) -> Commit {
    let open = item.filter(ModerationItem::is_unresolved);
    open.map_or_else(Commit::new, |item| item.resolved(resolution, now).commit())
}

impl Moderating<'_> {
    /// A moderator's decision as it would be now, with everything that is to be written for it;
    /// nothing where it is so already. Who is refused because somebody else was first decides
    /// again.
    ///
    /// # Errors
    /// 404 `MESSAGE_NOT_FOUND`; 422 `VALIDATION_FAILED` for a step that does not exist.
    pub async fn decision(&self, tables: &Tables, to: Moderation) -> Result<Judged> {
        let step = |case: &Case<'_>| case.moderate(to, self.now);
        let queue = |judged: &Judged, item: Option<ModerationItem>| match to {
            Moderation::Flagged => queued(judged, item, &[Finding::BY_MODERATOR], self.now),
            Moderation::Blocked => Ok(resolved(item, Resolution::Block, self.now)),
            _ => Ok(resolved(item, Resolution::Approve, self.now)),
        };
        self.judged(tables, &step, &queue).await
    }

    /// What the decision about the message's item does to message, conversation and books, without
    /// the item itself. `to` chooses from the state of now.
    ///
    /// # Errors
    /// As [`Self::decision`].
    pub async fn choice(
        &self,
        tables: &Tables,
        to: &(dyn Fn(Moderation) -> Moderation + Sync),
    ) -> Result<Judged> {
        let step = |case: &Case<'_>| case.moderate(to(case.message.moderation_status()), self.now);
        let queue = |_: &Judged, _| Ok(Commit::new());
        self.judged(tables, &step, &queue).await
    }

    async fn decide(
        &self,
        tables: &Tables,
        step: &(dyn Fn(&Case<'_>) -> Result<Judged> + Sync),
        queue: &(dyn Fn(&Judged, Option<ModerationItem>) -> Result<Commit> + Sync),
    ) -> Result<Judged> {
        for round in 1..=TRIES_MAX {
            let mut judged = self.judged(tables, step, queue).await?;
            let changed = std::mem::take(&mut judged.commit);
            if changed.is_empty() {
                return Ok(judged);
            }
            match tables.commit(changed).await {
                Ok(()) => return Ok(judged),
                Err(Missed::Failed(error)) => return Err(error),
                Err(Missed::Refused(_)) => tables.pause(round).await,
            }
        }
        Err(UNAVAILABLE.because("others were first too often"))
    }

    async fn judged(
        &self,
        tables: &Tables,
        step: &(dyn Fn(&Case<'_>) -> Result<Judged> + Sync),
        queue: &(dyn Fn(&Judged, Option<ModerationItem>) -> Result<Commit> + Sync),
    ) -> Result<Judged> {
        let place = message_at(self.message_id).ok_or(MESSAGE_NOT_FOUND)?;
        let head: Option<Head> = tables.get_consistent(&Head::key_of(&place.pk)).await?;
        let head = head.ok_or(MESSAGE_NOT_FOUND)?;
        // Read after the head: its revision vouches for the message.
        let message: Option<Message> = match self.shelf {
            Some(shelf) => shelf.row(tables, Finder::Moderation, &place).await?,
            None => tables.get_consistent(&place).await?,
        };
        let message = message.ok_or(MESSAGE_NOT_FOUND)?;
        let wallet = wallet_for(tables, &message).await?;
        let earlier = self.earlier(tables, &head, &message).await?;
        let mut judged = step(&Case {
            message: &message,
            head: &head,
            wallet: wallet.as_ref(),
            earlier: earlier.as_ref(),
        })?;
        let changed = std::mem::take(&mut judged.commit);
        if !changed.is_empty() {
            let item = ModerationItem::id_of(Subject::Message, self.message_id);
            let item = ModerationItem::key_of(&item);
            let known: Option<ModerationItem> = tables.get_consistent(&item).await?;
            judged.commit = changed.with(queue(&judged, known)?);
        }
        Ok(judged)
    }

    /// The newest message before this one that its receiver may see, if their lists show this one.
    async fn earlier(
        &self,
        tables: &Tables,
        head: &Head,
        message: &Message,
    ) -> Result<Option<Message>> {
        if head.seq_for(message.receiver(head)?) != message.seq {
            return Ok(None);
        }
        // Nearly always the very next one.
        for limit in [2, EARLIER_MAX] {
            let beyond = (message.seq, true);
            let rows = match self.shelf {
                Some(shelf) => shelf.chunk(tables, head, beyond, limit).await?,
                None => in_table(tables, head, beyond, limit).await?,
            };
            let found = rows
                .into_iter()
                .find(|row| row.is_visible_to(&message.receiver_id));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// The sender's wallet while a price may still be given back; none once the sender is erased.
async fn wallet_for(tables: &Tables, message: &Message) -> Result<Option<Wallet>> {
    if !message.is_paid() {
        return Ok(None);
    }
    let link: Option<Link> = tables.get(&Link::key_of(&message.sender_id)).await?;
    match link {
        Some(link) => {
            tables
                .get_consistent(&Wallet::key_of(&link.wallet_id))
                .await
        }
        None => Ok(None),
    }
}
