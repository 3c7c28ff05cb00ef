//! What the API shows of messages and conversations.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::attachments::AttachmentView;
use super::head::{Head, Who};
use super::message::{Message, MessageType, Metadata, Moderation, Status};
use crate::error::Result;
use crate::time::Time;

/// A message as one of the two sees it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MessageView {
    /// `msg_…`
    pub id: String,
    /// `cnv_…`
    pub conversation_id: String,
    /// Dense per conversation from 1.
    pub seq: i64,
    /// `usr_…`
    pub sender_id: String,
    /// `usr_…`
    pub receiver_id: String,
    /// Empty once it is deleted.
    pub content: String,
    /// What it carries.
    pub message_type: MessageType,
    /// How far it has come.
    pub status: Status,
    /// What moderation says.
    pub moderation_status: Moderation,
    /// When a device of the receiver had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Time>,
    /// When the receiver had read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// Uploaded media.
    pub attachments: Vec<AttachmentView>,
    /// Scalars of the sender's program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Price paid.
    pub credits_cost: i64,
    /// The sender's charge; only the sender sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_transaction_id: Option<String>,
    /// The sender's own id for it; only the sender sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// Deleted for both.
    pub is_deleted: bool,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// When it was sent.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// When a message was delivered and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// When a device of the receiver had it.
    pub delivered_at: Option<Time>,
    /// When the receiver had read it.
    pub read_at: Option<Time>,
}

impl Marks {
    /// How far a message with these marks has come.
    pub fn status(self) -> Status {
        match (self.delivered_at, self.read_at) {
            (_, Some(_)) => Status::Read,
            (Some(_), None) => Status::Delivered,
            (None, None) => Status::Sent,
        }
    }

    /// The same of one message, which may have failed.
    pub fn status_of(self, message: &Message) -> Status {
        match message.failed_at {
            Some(_) => Status::Failed,
            None => self.status(),
        }
    }

    /// The marks as they concern a message: none of one that is held or failed, and none from
    /// before it was let go, which is when the receiver could first see it.
    #[must_use]
    pub fn of(self, message: &Message) -> Self {
        let held = message.moderation_status() == Moderation::Pending;
        if held || message.failed_at.is_some() {
            return Self::default();
        }
        let since = |at: Time| message.released_at.map_or(at, |first| first.max(at));
        Self {
            delivered_at: self.delivered_at.map(since),
            read_at: self.read_at.map(since),
        }
    }
}

impl MessageView {
    /// The message as `viewer` sees it.
    ///
    /// # Errors
    /// 500 when the row is no message's.
    pub fn of(message: &Message, marks: Marks, viewer: &str) -> Result<Self> {
        let own = message.sender_id == viewer;
        let deleted = message.deleted_at.is_some();
        let marks = marks.of(message);
        let changes = [
            message.deleted_at,
            message.moderated_at,
            message.failed_at,
            marks.delivered_at,
            marks.read_at,
        ];
        let latest = changes.into_iter().flatten().max();
        Ok(Self {
            id: message.id()?,
            conversation_id: message.conversation_id.clone(),
            seq: message.seq,
            sender_id: message.sender_id.clone(),
            receiver_id: message.receiver_id.clone(),
            content: message.shown().to_owned(),
            message_type: message.message_type,
            status: marks.status_of(message),
            moderation_status: message.moderation_status(),
            delivered_at: marks.delivered_at,
            read_at: marks.read_at,
            attachments: message.shown_attachments(),
            metadata: message.metadata.clone().filter(|_| !message.is_emptied()),
            credits_cost: message.credits_cost,
            credits_transaction_id: message.transaction_id.clone().filter(|_| own),
            client_message_id: message.client_message_id.clone().filter(|_| own),
            is_deleted: deleted,
            deleted_at: message.deleted_at,
            created_at: message.created_at,
            updated_at: latest.map_or(message.created_at, |at| at.max(message.created_at)),
        })
    }
}

/// The answer to a send.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sent {
    /// `msg_…`
    pub id: String,
    /// `cnv_…`
    pub conversation_id: String,
    /// Dense per conversation from 1.
    pub seq: i64,
    /// `usr_…`
    pub sender_id: String,
    /// `usr_…`
    pub receiver_id: String,
    /// As it was stored.
    pub content: String,
    /// What it carries.
    pub message_type: MessageType,
    /// Uploaded media.
    pub attachments: Vec<AttachmentView>,
    /// Always `sent`.
    pub status: Status,
    /// What the detectors said: `approved`, `flagged`, or `pending` for one that is held.
    pub moderation_status: Moderation,
    /// Price paid.
    pub credits_cost: i64,
    /// The charge; null when the price was 0.
    pub credits_transaction_id: Option<String>,
    /// Spendable credits afterwards.
    pub balance_after: i64,
    /// When it was sent.
    pub created_at: Time,
}

impl Sent {
    /// The first answer, from the row alone, so that a retry can be given it again.
    ///
    /// # Errors
    /// 500 when the row is no message's.
    pub fn of(message: &Message) -> Result<Self> {
        Ok(Self {
            id: message.id()?,
            conversation_id: message.conversation_id.clone(),
            seq: message.seq,
            sender_id: message.sender_id.clone(),
            receiver_id: message.receiver_id.clone(),
            content: match message.deleted_at {
                Some(_) => String::new(),
                None => message.content.clone(),
            },
            message_type: message.message_type,
            attachments: message.shown_attachments(),
            status: Status::Sent,
            moderation_status: message.judged.unwrap_or_default(),
            credits_cost: message.credits_cost,
            credits_transaction_id: message.transaction_id.clone(),
            balance_after: message.balance_after,
            created_at: message.created_at,
        })
    }
}

/// The other person, as lists show them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Partner {
    /// `usr_…`
    pub user_id: String,
    /// Empty once the account is erased.
    pub name: String,
}

/// The newest message, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LastMessage {
    /// `msg_…`
    pub id: String,
    /// Its start; empty when it was deleted.
    pub preview: String,
    /// What it carries.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// `usr_…`
    pub sender_id: String,
    /// How far it has come.
    pub status: Status,
    /// When it was sent.
    pub created_at: Time,
}

/// One conversation of a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ConversationView {
    /// `cnv_…`
    pub conversation_id: String,
    /// The other person.
    pub partner: Partner,
    /// The newest message.
    pub last_message: Option<LastMessage>,
    /// The partner's messages that were not read.
    pub unread_count: i64,
    /// When the newest message was sent.
    pub last_activity_at: Time,
    /// Until when it is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Time>,
}

impl ConversationView {
    /// The conversation as one of the two sees it.
    ///
    /// # Errors
    /// 500 when the head is malformed.
    pub fn of(head: &Head, me: Who, partner_name: &str, now: Time) -> Result<Self> {
        Ok(Self {
            conversation_id: head.conversation_id.clone(),
            partner: Partner {
                user_id: head.user(me.other()),
                name: partner_name.to_owned(),
            },
            last_message: last_of(head, me)?,
            unread_count: head.side(me).unread,
            last_activity_at: head.shown_to(me).at,
            muted_until: head.muted(me, now),
        })
    }
}

fn last_of(head: &Head, me: Who) -> Result<Option<LastMessage>> {
    let shown = head.shown_to(me);
    let Some(last) = shown.last else {
        return Ok(None);
    };
    let receiver = head.side(last.sender.other());
    let hidden = if me == Who::Low {
        last.hidden.0
    } else {
        last.hidden.1
    };
    let reached = match me == last.sender {
        true => (receiver.told_read(), receiver.told_delivered()),
        false => (receiver.read.reached(), receiver.delivered_seq()),
    };
    let status = match reached {
        _ if last.failed => Status::Failed,
        (read, _) if read >= shown.seq => Status::Read,
        (_, delivered) if delivered >= shown.seq => Status::Delivered,
        _ => Status::Sent,
    };
    Ok(Some(LastMessage {
        id: head.message_id(last.key)?,
        preview: if last.deleted || hidden {
            String::new()
        } else {
            shown.preview.to_owned()
        },
        kind: last.kind,
        sender_id: head.user(last.sender),
        status,
        created_at: last.at,
    }))
}

/// A person's figures: the sums over the heads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Stats {
    /// Messages sent.
    pub sent: i64,
    /// Messages received.
    pub received: i64,
    /// Messages not read.
    pub unread: i64,
    /// Own messages deleted for both.
    pub deleted: i64,
    /// Conversations.
    pub conversations: i64,
    /// Credits paid for messages, less what was given back.
    pub credits_spent: i64,
    /// Messages sent, by type.
    pub by_type: BTreeMap<String, i64>,
}

impl Stats {
    /// Adds one conversation.
    pub fn add(&mut self, head: &Head, me: Who) {
        let (mine, theirs) = (head.side(me), head.side(me.other()));
        self.sent += mine.sent;
        self.received += theirs.sent - theirs.withheld;
        self.unread += mine.unread;
        self.deleted += mine.deleted;
        self.conversations += i64::from(head.seq_for(me) > 0);
        self.credits_spent += mine.spent;
        for (kind, count) in super::message::MESSAGE_TYPES.iter().zip(mine.by_type) {
            *self.by_type.entry(kind.as_str().to_owned()).or_default() += count;
        }
    }
}
