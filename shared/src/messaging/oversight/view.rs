//! Messages as administrators see them: with what was deleted, and how far they really came.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::messaging::attachments::AttachmentView;
use crate::messaging::head::{Head, Who};
use crate::messaging::message::{Message, MessageType, Metadata, Moderation, Status};
use crate::messaging::reading::older_moves;
use crate::messaging::views::Marks;
use crate::time::Time;

/// Characters of a text that is cut.
pub const CUT_CHARS_MAX: usize = 100;

/// A message as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AdminMessage {
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
    /// As it was sent, also when it was deleted; at most 100 characters where it is cut.
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
    /// Uploaded media, also of a deleted message.
    pub attachments: Vec<AttachmentView>,
    /// Scalars of the sender's program, where the text is not cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Price paid.
    pub credits_cost: i64,
    /// The sender's charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_transaction_id: Option<String>,
    /// Whether the price was given back.
    pub refunded: bool,
    /// Deleted for both.
    pub is_deleted: bool,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// Who deleted it for himself.
    pub hidden_for: Vec<String>,
    /// When moderation changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moderated_at: Option<Time>,
    /// When it was sent.
    pub created_at: Time,
}

/// The start of a text: whole characters as readers see them, at most 100.
pub fn cut(text: &str) -> String {
    text.graphemes(true).take(CUT_CHARS_MAX).collect()
}

impl AdminMessage {
    /// The message with its marks.
    ///
    /// # Errors
    /// 500 when the row is no message's.
    fn of(message: &Message, marks: Marks, full: bool) -> Result<Self> {
        let marks = marks.of(message);
        let hidden = [
            (message.hidden_from_sender, &message.sender_id),
            (message.hidden_from_receiver, &message.receiver_id),
        ];
        let hidden = hidden.into_iter().filter(|(at, _)| at.is_some());
        Ok(Self {
            id: message.id()?,
            conversation_id: message.conversation_id.clone(),
            seq: message.seq,
            sender_id: message.sender_id.clone(),
            receiver_id: message.receiver_id.clone(),
            content: match full {
                true => message.content.clone(),
                false => cut(&message.content),
            },
            message_type: message.message_type,
            status: marks.status_of(message),
            moderation_status: message.moderation_status(),
            delivered_at: marks.delivered_at,
            read_at: marks.read_at,
            attachments: message.all_attachments(),
            metadata: message.metadata.clone().filter(|_| full),
            credits_cost: message.credits_cost,
            credits_transaction_id: message.transaction_id.clone(),
            refunded: message.refunded,
            is_deleted: message.deleted_at.is_some(),
            deleted_at: message.deleted_at,
            hidden_for: hidden.map(|(_, id)| id.clone()).collect(),
            moderated_at: message.moderated_at,
            created_at: message.created_at,
        })
    }
}

/// How far a message has come, by its conversation alone.
pub fn status_of(message: &Message, head: &Head) -> Result<Status> {
    let side = head.side(message.receiver(head)?);
    let held = message.moderation_status() == Moderation::Pending;
    Ok(match message.failed_at {
        Some(_) => Status::Failed,
        None if held => Status::Sent,
        None if side.read.reached() >= message.seq => Status::Read,
        None if side.delivered_seq() >= message.seq => Status::Delivered,
        None => Status::Sent,
    })
}

/// Shows messages to an admin.
pub struct Viewer<'a> {
    /// Where they are.
    pub tables: &'a Tables,
    /// Whether texts are shown in full.
    pub full: bool,
}

impl std::fmt::Debug for Viewer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Viewer({})", self.full)
    }
}

impl Viewer<'_> {
    /// The messages in their order; their conversations are read in one batch.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn show(&self, messages: &[Message]) -> Result<Vec<AdminMessage>> {
        let mut spans: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for message in messages {
            let span = spans.entry(&message.conversation_id);
            let span = span.or_insert((message.seq, message.seq));
            *span = (span.0.min(message.seq), span.1.max(message.seq));
        }
        let keys: Vec<_> = spans.keys().map(|id| Head::key_of(id)).collect();
        let heads: Vec<Head> = self.tables.get_many(&keys).await?;
        let mut known = BTreeMap::new();
        for head in &heads {
            let span = spans.get(&*head.conversation_id).copied();
            let span = span.unwrap_or_default();
            let low = older_moves(self.tables, head, Who::Low, span).await?;
            let high = older_moves(self.tables, head, Who::High, span).await?;
            known.insert(&*head.conversation_id, (head, low, high));
        }
        let mut shown = Vec::with_capacity(messages.len());
        for message in messages {
            let Some((head, low, high)) = known.get(&*message.conversation_id) else {
                continue;
            };
            let receiver = message.receiver(head)?;
            let older = if receiver == Who::Low { low } else { high };
            let marks = head.side(receiver).marks(message.seq, older);
            shown.push(AdminMessage::of(message, marks, self.full)?);
        }
        Ok(shown)
    }
}
