//! Deleting a message, for both or for oneself, and giving its price back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::{Head, Who};
use super::message::Message;
use crate::credits::{Kind, RefType, Reference, Wallet, seq_of};
use crate::error::{MESSAGE_NOT_FOUND, NOT_SENDER, Result, UNAVAILABLE};
use crate::table::{Commit, Condition};
use crate::time::Time;

/// For whom a message is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// For the caller alone; the default of the receiver.
    Me,
    /// For both; the default of the sender.
    Everyone,
}

/// A deleted message.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Deleted {
    /// `msg_…`
    pub id: String,
    /// Always true: it is gone for the caller.
    pub is_deleted: bool,
    /// When it was deleted first.
    pub deleted_at: Time,
    /// For whom.
    pub scope: Scope,
    /// Whether the sender got the price back.
    pub refunded: bool,
}

/// A message that somebody of the conversation wants to delete.
#[derive(Debug)]
pub struct Deletion<'a> {
    /// Who wants it.
    pub user_id: &'a str,
    /// For whom, if the caller said so.
    pub scope: Option<Scope>,
    /// Policy `message.refund_unsent`.
    pub refunds_unsent: bool,
    /// When.
    pub now: Time,
}

impl Deletion<'_> {
    /// For whom this message is to be deleted.
    ///
    /// # Errors
    /// 404 `MESSAGE_NOT_FOUND` for who is not in the conversation; 403 `NOT_SENDER`.
    pub fn scope(&self, message: &Message) -> Result<Scope> {
        let is_sender = message.sender_id == self.user_id;
        let may_see =
            message.is_visible_to(self.user_id) || message.hidden_at(self.user_id).is_some();
        if !(is_sender || message.receiver_id == self.user_id && may_see) {
            return Err(MESSAGE_NOT_FOUND.into());
        }
        match self.scope {
            Some(Scope::Everyone) if !is_sender => Err(NOT_SENDER.into()),
            Some(scope) => Ok(scope),
            None if is_sender => Ok(Scope::Everyone),
            None => Ok(Scope::Me),
        }
    }

    /// The answer of an earlier equal deletion.
    ///
    /// # Errors
    /// 500 when the row is no message's.
    pub fn earlier(&self, message: &Message, scope: Scope) -> Result<Option<Deleted>> {
        let at = match scope {
            Scope::Everyone => message.deleted_at,
            Scope::Me => message.hidden_at(self.user_id),
        };
        at.map(|at| self.answer(message, scope, at)).transpose()
    }

    fn answer(&self, message: &Message, scope: Scope, deleted_at: Time) -> Result<Deleted> {
        let refunded = scope == Scope::Everyone && message.refunded;
        Ok(Deleted {
            id: message.id()?,
            is_deleted: true,
            deleted_at,
            scope,
            refunded,
        })
    }

    /// Deletes it. `wallet` is the sender's, needed for [`Scope::Everyone`].
    ///
    /// # Errors
    /// 500 when the rows do not belong together.
    pub fn decide(
        &self,
        scope: Scope,
        message: &Message,
        head: &Head,
        wallet: Option<&Wallet>,
    ) -> Result<(Deleted, Commit)> {
        let (mut message, mut next) = (message.clone(), head.next(self.now));
        let receiver = message.receiver(head)?;
        if scope == Scope::Everyone || message.receiver_id == self.user_id {
            uncount(&mut next, receiver, &message);
        }
        let mut paid_back = Commit::new();
        match scope {
            Scope::Everyone => {
                let unsent = message.is_undelivered(head.side(receiver));
                let due = unsent && self.refunds_unsent && message.is_paid();
                if let Some(wallet) = wallet.filter(|_| due) {
                    paid_back = refund(&message, wallet, self.now)?;
                    next.side_mut(receiver.other()).spent -= message.credits_cost;
                    message.refunded = true;
                }
                next.side_mut(receiver.other()).deleted += 1;
                message.deleted_at = Some(self.now);
                message.plan_purge(self.now);
            }
            Scope::Me => {
                next.side_mut(next.who(self.user_id)?).hidden += 1;
                match message.sender_id == self.user_id {
                    true => message.hidden_from_sender = Some(self.now),
                    false => message.hidden_from_receiver = Some(self.now),
                }
            }
        }
        self.mark_last(&mut next, &message, scope)?;
        let commit = Commit::new()
            .replace(&message, Condition::Present, &MESSAGE_NOT_FOUND)
            .replace(&next, head.unchanged(), &UNAVAILABLE)
            .with(paid_back);
        Ok((self.answer(&message, scope, self.now)?, commit))
    }

    /// Lists show the newest message without its text once it is gone.
    fn mark_last(&self, head: &mut Head, message: &Message, scope: Scope) -> Result<()> {
        let who = head.who(self.user_id)?;
        head.retouch(message.seq, |last, preview| match (scope, who) {
            (Scope::Everyone, _) => {
                last.deleted = true;
                preview.clear();
            }
            (Scope::Me, Who::Low) => last.hidden.0 = true,
            (Scope::Me, Who::High) => last.hidden.1 = true,
        });
        Ok(())
    }
}

/// The price of a message given back to its sender's wallet; at most once, as the books know.
pub(super) fn refund(message: &Message, wallet: &Wallet, now: Time) -> Result<Commit> {
    let mut booking = wallet.book(now);
    let charge = message.transaction_id.as_deref();
    let reverses = charge.and_then(|id| seq_of(&wallet.wallet_id, id));
    let reference = Reference::new(RefType::Message, message.id()?);
    booking.refund(
        Kind::MessageRefund,
        message.credits_cost,
        &reference,
        reverses,
    )?;
    Ok(booking.commit())
}

/// Takes a message out of its receiver's unread ones, if it is among them.
fn uncount(head: &mut Head, receiver: Who, message: &Message) {
    let newer = head.last_seq - message.seq;
    let side = head.side_mut(receiver);
    if message.counts() && message.seq > side.read_seq {
        side.unread -= 1;
        side.window = side.window.without(newer);
    }
}
