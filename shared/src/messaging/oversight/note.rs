//! What changes of conversations are noted for the log and the figures.

use serde::{Deserialize, Serialize};

use super::fact::FactKind;
use crate::crypto::{sha256, take};
use crate::error::Result;
use crate::messaging::head::{Head, Who};
use crate::messaging::message::{Message, MessageType, Moderation};
use crate::time::{Time, millis};
use crate::worker::Change;

/// One thing that happened to a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// It was sent.
    Sent {
        /// `msg_…`
        message_id: String,
        /// Its number.
        seq: i64,
        /// When.
        #[serde(with = "millis")]
        at: Time,
        /// What it carries.
        kind: MessageType,
        /// Price paid.
        cost: i64,
        /// What stands for its sender.
        sender: u64,
        /// What the detectors said.
        moderation: Moderation,
    },
    /// Somebody has to look at it, or looked and did not approve.
    Unapproved {
        /// `msg_…`
        message_id: String,
        /// Its number.
        seq: i64,
        /// When it was sent.
        #[serde(with = "millis")]
        at: Time,
    },
    /// Something about it became true.
    Became {
        /// `msg_…`
        message_id: String,
        /// When it was sent.
        #[serde(with = "millis")]
        created: Time,
        /// What.
        fact: FactKind,
        /// When that became true.
        #[serde(with = "millis")]
        at: Time,
    },
    /// Messages to one side were delivered or read.
    Marked {
        /// `cnv_…`
        conversation_id: String,
        /// Whether the side is the low one.
        low: bool,
        /// Delivered before.
        delivered: i64,
        /// Read before.
        read: i64,
        /// Delivered or read now.
        up_to: i64,
    },
}

/// What stands for a sender in the log.
pub fn sender_tag(user_id: &str) -> u64 {
    u64::from_be_bytes(take(&sha256(&[user_id.as_bytes()])))
}

/// What a change of an item notes; nothing for items of other kinds.
///
/// # Errors
/// 500 when an image does not have the shape of its kind.
pub fn notes_of(change: &Change) -> Result<Vec<Note>> {
    if change.sk == "head" && change.pk.starts_with("cnv_") {
        let (old, new) = change.of::<Head>()?;
        return Ok(new.map_or_else(Vec::new, |new| marked(old.as_ref(), &new)));
    }
    if !change.sk.starts_with("msg#") {
        return Ok(Vec::new());
    }
    match change.of::<Message>()? {
        (None, Some(new)) => sent(&new),
        (Some(old), Some(new)) => became(&old, &new),
        _ => Ok(Vec::new()),
    }
}

fn marked(old: Option<&Head>, new: &Head) -> Vec<Note> {
    let sides = [Who::Low, Who::High].into_iter();
    let moved = sides.filter_map(|who| {
        let before = old.map(|old| old.side(who));
        let delivered = before.map_or(0, |side| side.delivered_seq());
        let read = before.map_or(0, |side| side.read.reached());
        let side = new.side(who);
        let moves = side.delivered_seq() > delivered || side.read.reached() > read;
        moves.then(|| Note::Marked {
            conversation_id: new.conversation_id.clone(),
            low: who == Who::Low,
            delivered,
            read,
            up_to: side.delivered_seq(),
        })
    });
    moved.collect()
}

/// A row that comes back from the archive says the same once more.
fn sent(new: &Message) -> Result<Vec<Note>> {
    let moderation = new.judged.unwrap_or_default();
    let mut notes = vec![Note::Sent {
        message_id: new.id()?,
        seq: new.seq,
        at: new.created_at,
        kind: new.message_type,
        cost: new.credits_cost,
        sender: sender_tag(&new.sender_id),
        moderation,
    }];
    if moderation != Moderation::Approved {
        notes.push(unapproved(new)?);
    }
    Ok(notes)
}

fn unapproved(message: &Message) -> Result<Note> {
    Ok(Note::Unapproved {
        message_id: message.id()?,
        seq: message.seq,
        at: message.created_at,
    })
}

fn became(old: &Message, new: &Message) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    let id = new.id()?;
    let mut note = |fact, at: Option<Time>| {
        notes.push(Note::Became {
            message_id: id.clone(),
            created: new.created_at,
            fact,
            at: at.unwrap_or(new.created_at),
        });
    };
    let (from, to) = (old.moderation_status(), new.moderation_status());
    if from != to {
        note(FactKind::Moderated { from, to }, new.moderated_at);
    }
    if old.failed_at.is_none() && new.failed_at.is_some() {
        note(FactKind::Failed, new.failed_at);
    }
    if !old.refunded && new.refunded {
        let cost = new.credits_cost;
        note(
            FactKind::Refunded { cost },
            new.failed_at.or(new.deleted_at),
        );
    }
    if from != to && to != Moderation::Approved {
        notes.push(unapproved(new)?);
    }
    // Marks that passed over it while it was held count from now on.
    let held = |message: &Message| message.moderation_status() == Moderation::Pending;
    if held(old) && !held(new) && new.failed_at.is_none() {
        notes.push(Note::Marked {
            conversation_id: new.conversation_id.clone(),
            low: new.receiver_id < new.sender_id,
            delivered: new.seq - 1,
            read: new.seq - 1,
            up_to: new.seq,
        });
    }
    Ok(notes)
}
