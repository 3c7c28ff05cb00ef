//! One message: its row and how people see it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::address::key_of;
use super::attachments::Attachment;
use super::head::{Head, Who};
use super::side::Side;
use crate::error::{INTERNAL_ERROR, Result};
use crate::pack::Fixed;
use crate::table::{Item, Key, Name};
use crate::time::{Time, millis};

/// What a message carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// Words.
    #[default]
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// Anything else.
    File,
}

/// In the order of their stored codes.
pub const MESSAGE_TYPES: [MessageType; 5] = [
    MessageType::Text,
    MessageType::Image,
    MessageType::Video,
    MessageType::Audio,
    MessageType::File,
];

impl MessageType {
    /// The type of a stored code.
    pub fn of(code: u8) -> Option<Self> {
        MESSAGE_TYPES.get(usize::from(code)).copied()
    }

    /// Word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored and paid.
    Sent,
    /// A device of the receiver has it.
    Delivered,
    /// The receiver has read it.
    Read,
    /// It never reached the receiver and was refunded.
    Failed,
}

/// What moderation says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moderation {
    /// Held back until somebody looks.
    Pending,
    /// Fine.
    #[default]
    Approved,
    /// Visible, and somebody will look.
    Flagged,
    /// Hidden from the receiver.
    Blocked,
}

impl Moderation {
    /// Word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Flagged => "flagged",
            Self::Blocked => "blocked",
        }
    }
}

/// A value in a message's metadata.
pub type Metadata = BTreeMap<String, Value>;

/// One stored message. Its row is also the record of the request that sent it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// `cnv_…`
    #[serde(rename = "pk")]
    pub conversation_id: String,
    /// `msg#` and the key.
    #[serde(rename = "sk")]
    pub place: String,
    /// Dense per conversation from 1; the index `by_seq`.
    pub seq: i64,
    /// `usr_…`
    #[serde(rename = "fr")]
    pub sender_id: String,
    /// `usr_…`
    #[serde(rename = "to")]
    pub receiver_id: String,
    /// 0–5,000 characters.
    #[serde(rename = "tx", default)]
    pub content: String,
    /// What it carries.
    #[serde(rename = "ty")]
    pub message_type: MessageType,
    /// Media of the sender.
    #[serde(rename = "at", default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Scalars of the sender's program.
    #[serde(rename = "md", default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Price paid.
    #[serde(rename = "co")]
    pub credits_cost: i64,
    /// The charge; none when the price was 0.
    #[serde(rename = "tn", default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The sender's credits after it.
    #[serde(rename = "ba")]
    pub balance_after: i64,
    /// The receiver's unread messages of this conversation after it.
    #[serde(rename = "ur")]
    pub unread_after: i64,
    /// Hash of the request.
    #[serde(rename = "fp")]
    pub fingerprint: Fixed<16>,
    /// The sender's own id for it.
    #[serde(rename = "ci", default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The sender's slot, which knows it by the answer; none when the sender has no other.
    #[serde(rename = "sl", default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// When it was sent.
    #[serde(rename = "ca", with = "millis")]
    pub created_at: Time,
    /// What moderation says, unless it is approved.
    #[serde(rename = "mo", default, skip_serializing_if = "Option::is_none")]
    pub moderation: Option<Moderation>,
    /// What the detectors said of it when it was sent, unless they found nothing.
    #[serde(rename = "m0", default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Moderation>,
    /// When moderation changed it last.
    #[serde(rename = "mt", default, with = "millis::option")]
    pub moderated_at: Option<Time>,
    /// When it was let go after it had been held.
    #[serde(rename = "re", default, with = "millis::option")]
    pub released_at: Option<Time>,
    /// When it became sure that it would never reach its receiver.
    #[serde(rename = "fa", default, with = "millis::option")]
    pub failed_at: Option<Time>,
    /// When it was deleted for both.
    #[serde(rename = "da", default, with = "millis::option")]
    pub deleted_at: Option<Time>,
    /// Whether its price was given back.
    #[serde(rename = "rf", default, skip_serializing_if = "std::ops::Not::not")]
    pub refunded: bool,
    /// `del#0` … `del#3` while the original waits for its end: partition of the index `due`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_shard: Option<String>,
    /// When the original goes.
    #[serde(default, with = "millis::option")]
    pub due_at: Option<Time>,
    /// When the sender deleted it for himself.
    #[serde(rename = "hs", default, with = "millis::option")]
    pub hidden_from_sender: Option<Time>,
    /// When the receiver deleted it for himself.
    #[serde(rename = "hr", default, with = "millis::option")]
    pub hidden_from_receiver: Option<Time>,
}

impl Item for Message {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Message";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.conversation_id, &*self.place)
    }
}

impl Message {
    /// Its key in the conversation.
    ///
    /// # Errors
    /// 500 when the row is no message's.
    pub fn message_key(&self) -> Result<[u8; 16]> {
        key_of(&self.place).ok_or_else(|| INTERNAL_ERROR.because("place of a message"))
    }

    /// `msg_…`
    ///
    /// # Errors
    /// 500 when the row is no message's.
    pub fn id(&self) -> Result<String> {
        super::address::message_id(&self.conversation_id, self.message_key()?)
            .ok_or_else(|| INTERNAL_ERROR.because("conversation of a message"))
    }

    /// What moderation says.
    pub fn moderation_status(&self) -> Moderation {
        self.moderation.unwrap_or_default()
    }

    /// When this person deleted it for himself.
    pub fn hidden_at(&self, user_id: &str) -> Option<Time> {
        match self.sender_id == user_id {
            true => self.hidden_from_sender,
            false => self.hidden_from_receiver,
        }
    }

    /// Whether it is there for this person.
    pub fn is_visible_to(&self, user_id: &str) -> bool {
        let own = self.sender_id == user_id;
        self.hidden_at(user_id).is_none() && (own || !self.is_withheld())
    }

    /// Whether the receiver does not get to see it: held, blocked or failed.
    pub fn is_withheld(&self) -> bool {
        let status = self.moderation_status();
        let kept = matches!(status, Moderation::Pending | Moderation::Blocked);
        kept || self.failed_at.is_some()
    }

    /// Whether it is still `sent`: a held message is, whatever was marked after it.
    pub fn is_undelivered(&self, receiver: &Side) -> bool {
        let held = self.moderation_status() == Moderation::Pending;
        self.failed_at.is_none() && (held || receiver.told_delivered() < self.seq)
    }

    /// Whether it cost something that was not given back so far.
    pub fn is_paid(&self) -> bool {
        self.credits_cost > 0 && !self.refunded
    }

    /// Whether nobody gets to see what is in it: deleted, or blocked after it was delivered.
    pub fn is_emptied(&self) -> bool {
        let blocked = self.moderation_status() == Moderation::Blocked;
        self.deleted_at.is_some() || blocked && self.failed_at.is_none()
    }

    /// Its text as people may see it.
    pub fn shown(&self) -> &str {
        match self.is_emptied() {
            true => "",
            false => &self.content,
        }
    }

    /// Whether the receiver would count it as unread.
    pub fn counts(&self) -> bool {
        self.deleted_at.is_none() && self.is_visible_to(&self.receiver_id)
    }

    /// Which side of the conversation received it.
    ///
    /// # Errors
    /// 404 when the head is another conversation's.
    pub fn receiver(&self, head: &Head) -> Result<Who> {
        head.who(&self.receiver_id)
    }
}
