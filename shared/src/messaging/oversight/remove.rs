//! Removal for good: the message, its place in the log, its copies and its media are gone; the row
//! of the ledger stays, and so do the numbers of its neighbours.

use super::log::{Entry, LogRow};
use super::note::sender_tag;
use crate::aws::dynamo::Tables;
use crate::aws::objects::{Archive, Objects};
use crate::credits::long_bytes_of;
use crate::error::{LEGAL_HOLD, MESSAGE_NOT_FOUND, Result, UNAVAILABLE};
use crate::messaging::address::message_at;
use crate::messaging::archive::{Finder, Shelf, forget};
use crate::messaging::attachments::releases;
use crate::messaging::head::Head;
use crate::messaging::message::Message;
use crate::moderation::{ModerationItem, Resolution, Subject};
use crate::privacy::is_held;
use crate::table::{Commit, Condition, Item};
use crate::time::Time;

/// A message that is to be removed.
#[derive(Debug)]
pub struct Removal {
    /// Itself, as it was.
    pub message: Message,
    /// Everything that is written for it.
    pub commit: Commit,
}

/// Decides to remove a message, and takes it out of the archive. Whoever lost a race decides
/// again.
///
/// # Errors
/// 404 `MESSAGE_NOT_FOUND`; 403 `LEGAL_HOLD` while one of the two is under one; 503 when a service
/// does not answer.
pub async fn hard_delete(
    tables: &Tables,
    (shelf, archive): (&Shelf, &Objects<Archive>),
    message_id: &str,
    now: Time,
) -> Result<Removal> {
    let place = message_at(message_id).ok_or(MESSAGE_NOT_FOUND)?;
    let head: Option<Head> = tables.get_consistent(&Head::key_of(&place.pk)).await?;
    let head = head.ok_or(MESSAGE_NOT_FOUND)?;
    let message = shelf.row(tables, Finder::Moderation, &place).await?;
    let message = message.ok_or(MESSAGE_NOT_FOUND)?;
    for user_id in [&message.sender_id, &message.receiver_id] {
        if is_held(tables, user_id).await? {
            return Err(LEGAL_HOLD.into());
        }
    }
    // Before the row: whoever dies in between finds the row, and begins again.
    forget(archive, &head, &message).await?;
    let item = ModerationItem::key_of(&ModerationItem::id_of(Subject::Message, message_id));
    let item: Option<ModerationItem> = tables.get_consistent(&item).await?;
    let mut commit = Commit::new()
        .delete::<Message>(
            message.key(),
            Some((Condition::Present, &MESSAGE_NOT_FOUND)),
        )
        .replace(
            &without(&head, &message, now)?,
            head.unchanged(),
            &UNAVAILABLE,
        )
        .put(&LogRow::gone(&entry(&message)?))
        .with(releases(tables, &message, now).await?);
    if let Some(item) = item {
        commit = commit.with(item.resolved(Resolution::Remove, now).unsealed().commit());
    }
    Ok(Removal { message, commit })
}

fn entry(message: &Message) -> Result<Entry> {
    let ids = long_bytes_of("msg", &message.id()?);
    let (conversation, key) = ids.ok_or(MESSAGE_NOT_FOUND)?;
    Ok(Entry {
        at: message.created_at,
        conversation,
        key,
        seq: message.seq,
        kind: message.message_type,
        moderation: message.judged.unwrap_or_default(),
        cost: message.credits_cost,
        sender: sender_tag(&message.sender_id),
    })
}

/// The conversation without a message: for both it is like one that each deleted for himself.
fn without(head: &Head, message: &Message, now: Time) -> Result<Head> {
    let mut next = head.next(now);
    let receiver = message.receiver(head)?;
    let newer = head.last_seq - message.seq;
    let side = next.side_mut(receiver);
    if message.counts() && message.seq > side.read_seq {
        side.unread -= 1;
        side.window = side.window.without(newer);
    }
    if message.hidden_from_receiver.is_none() && !message.is_withheld() {
        side.hidden += 1;
    }
    let sender = next.side_mut(receiver.other());
    if message.hidden_from_sender.is_none() {
        sender.hidden += 1;
    }
    next.retouch(message.seq, |last, preview| {
        last.deleted = true;
        preview.clear();
    });
    Ok(next)
}
