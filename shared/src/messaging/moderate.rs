//! What moderation does to a message: letting it go, flagging it, blocking it, failing it.

use serde_json::json;

use super::curtain::Curtain;
use super::delete::refund;
use super::head::{Head, Who};
use super::message::{Message, Moderation};
use crate::credits::Wallet;
use crate::error::{MESSAGE_NOT_FOUND, Result, UNAVAILABLE, VALIDATION_FAILED};
use crate::table::{Commit, Condition};
use crate::text::preview;
use crate::time::Time;

/// What was read to decide about a message.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The message.
    pub message: &'a Message,
    /// Its conversation, read before the message.
    pub head: &'a Head,
    /// The sender's wallet, where a price may be given back.
    pub wallet: Option<&'a Wallet>,
    /// The newest message before it that the receiver may see, where [`Case::stands_last`].
    pub earlier: Option<&'a Message>,
}

/// A decision about a message.
#[derive(Debug)]
pub struct Judged {
    /// The message before.
    pub before: Message,
    /// The message afterwards.
    pub message: Message,
    /// Its conversation afterwards.
    pub head: Head,
    /// Everything that is written for it; nothing when it was so before.
    pub commit: Commit,
}

impl Moderation {
    /// Whether moderation may go from this state to the other.
    pub const fn may_become(self, to: Self) -> bool {
        match self {
            Self::Pending | Self::Flagged => matches!(to, Self::Approved | Self::Blocked),
            Self::Approved => matches!(to, Self::Flagged | Self::Blocked),
            Self::Blocked => matches!(to, Self::Approved),
        }
    }

    /// How far it keeps a message from its receiver; detectors only ever raise it.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Approved => 0,
            Self::Flagged => 1,
            Self::Pending => 2,
            Self::Blocked => 3,
        }
    }
}

impl Case<'_> {
    /// Whether the receiver's lists show this message as the newest one.
    ///
    /// # Errors
    /// 404 when message and head do not belong together.
    pub fn stands_last(&self) -> Result<bool> {
        let receiver = self.message.receiver(self.head)?;
        Ok(self.head.seq_for(receiver) == self.message.seq)
    }

    /// A moderator's decision. The same state again changes nothing.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED` for a step that does not exist.
    pub fn moderate(&self, to: Moderation, now: Time) -> Result<Judged> {
        let from = self.message.moderation_status();
        if from == to {
            return Ok(self.nothing());
        }
        if !from.may_become(to) {
            let message = format!("A message that is {from:?} cannot become {to:?}.");
            let row = json!({ "field": "/moderation_status", "rule": "enum", "message": message });
            return Err(VALIDATION_FAILED.with(json!({ "fields": [row] })));
        }
        let mut message = self.message.clone();
        message.moderation = (to != Moderation::Approved).then_some(to);
        message.moderated_at = Some(now);
        let receiver = self.head.side(self.message.receiver(self.head)?);
        if to == Moderation::Blocked && self.message.is_undelivered(receiver) {
            message.failed_at = Some(now);
        }
        if from == Moderation::Pending && to == Moderation::Approved {
            match message.deleted_at {
                // Nobody learns of a message that its sender took back in time.
                Some(_) => {
                    message.hidden_from_receiver = message.hidden_from_receiver.or(Some(now))
                }
                None => message.released_at = Some(now),
            }
        }
        self.settle(message, now)
    }

    /// What a detector found later: it raises the state, or nothing happens. A message that was
    /// delivered cannot be held back any more, only flagged.
    ///
    /// # Errors
    /// 500 when the rows do not belong together.
    pub fn raise(&self, to: Moderation, now: Time) -> Result<Judged> {
        let receiver = self.head.side(self.message.receiver(self.head)?);
        let to = match to {
            Moderation::Pending if !self.message.is_undelivered(receiver) => Moderation::Flagged,
            to => to,
        };
        let from = self.message.moderation_status();
        let is_over = self.message.failed_at.is_some() || self.message.moderated_at.is_some();
        if is_over || to.severity() <= from.severity() {
            return Ok(self.nothing());
        }
        let mut message = self.message.clone();
        (message.moderation, message.moderated_at) = (Some(to), Some(now));
        self.settle(message, now)
    }

    /// The receiver's account ended before the message was delivered: it fails, once.
    ///
    /// # Errors
    /// 500 when the rows do not belong together.
    pub fn fail(&self, now: Time) -> Result<Judged> {
        let receiver = self.head.side(self.message.receiver(self.head)?);
        if !self.message.is_undelivered(receiver) {
            return Ok(self.nothing());
        }
        let failed_at = Some(now);
        let message = Message {
            failed_at,
            ..self.message.clone()
        };
        self.settle(message, now)
    }

    fn nothing(&self) -> Judged {
        Judged {
            before: self.message.clone(),
            message: self.message.clone(),
            head: self.head.clone(),
            commit: Commit::new(),
        }
    }

    /// Brings counters, lists and books to the changed message.
    fn settle(&self, mut message: Message, now: Time) -> Result<Judged> {
        let before = self.message;
        let receiver = before.receiver(self.head)?;
        let mut head = self.head.next(now);
        let mut paid_back = Commit::new();
        let fails = before.failed_at.is_none() && message.failed_at.is_some();
        if let Some(wallet) = self.wallet.filter(|_| fails && before.is_paid()) {
            paid_back = refund(before, wallet, now)?;
            head.side_mut(receiver.other()).spent -= before.credits_cost;
            message.refunded = true;
        }
        recount(&mut head, receiver, before, &message);
        let (was, is) = (
            before.is_visible_to(&before.receiver_id),
            message.is_visible_to(&message.receiver_id),
        );
        if was && !is && self.stands_last()? {
            head.curtain = Some(Curtain::before(self.head, self.earlier)?);
        }
        if is && !was {
            appear(&mut head, receiver, &message)?;
        }
        let (failed, gone) = (message.failed_at.is_some(), message.deleted_at.is_some());
        head.retouch(message.seq, |last, text| {
            last.failed = failed;
            *text = if gone {
                String::new()
            } else {
                preview(message.shown())
            };
        });
        if is && !was {
            message.unread_after = head.side(receiver).unread;
        }
        let commit = Commit::new()
            .replace(&message, Condition::Present, &MESSAGE_NOT_FOUND)
            .replace(&head, self.head.unchanged(), &UNAVAILABLE)
            .with(paid_back);
        Ok(Judged {
            before: before.clone(),
            message,
            head,
            commit,
        })
    }
}

/// Brings unread and withheld to what the message says now.
fn recount(head: &mut Head, receiver: Who, before: &Message, after: &Message) {
    let newer = head.last_seq - after.seq;
    let counts = |message: &Message| message.counts();
    let hidden = |message: &Message| message.hidden_from_receiver.is_some();
    let withheld = |message: &Message| message.is_withheld() && !hidden(message);
    let step = |on: bool, was: bool| i64::from(on) - i64::from(was);
    let side = head.side_mut(receiver);
    if after.seq > side.read_seq {
        side.unread += step(counts(after), counts(before));
        side.window = match counts(after) {
            true => side.window.with(newer),
            false => side.window.without(newer),
        };
    }
    // What its sender took back in time is hidden from now on, and nobody has received it: it goes
    // on counting as withheld.
    let is_taken_back = hidden(after) && !hidden(before);
    if !is_taken_back {
        head.side_mut(receiver.other()).withheld += step(withheld(after), withheld(before));
    }
}

/// Shows a message that was withheld in its receiver's lists, if nothing newer is there.
fn appear(head: &mut Head, receiver: Who, message: &Message) -> Result<()> {
    if head.seq_for(receiver) >= message.seq {
        return Ok(());
    }
    head.curtain = match head.last_seq == message.seq {
        true => None,
        false => Some(Curtain::before(head, Some(message))?),
    };
    Ok(())
}

impl Head {
    /// Withholds the newest message, just appended to `before`, from its receiver.
    pub(super) fn withhold(&mut self, before: &Self, receiver: Who) {
        let shown = before.shown_to(receiver);
        self.curtain = Some(Curtain {
            seq: shown.seq,
            at: shown.at,
            preview: shown.preview.to_owned(),
            last: shown.last,
        });
        self.side_mut(receiver.other()).withheld += 1;
    }
}
