//! Sending, decided: message, charge and head in one commit, or a refusal and nothing at all.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::message_row;
use super::admission::{Admission, count, is_first};
use super::attachments::attach;
use super::head::{Head, Last, Who};
use super::message::{Message, MessageType, Metadata, Moderation};
use super::screening::{Scene, queued, state_of};
use crate::credits::{Kind, RefType, Reference, Wallet};
use crate::crypto::{sha256, take};
use crate::error::{
    BLOCKED, CANNOT_TARGET_SELF, IDEMPOTENCY_IN_PROGRESS, Result, UNAVAILABLE, USER_NOT_FOUND,
    VALIDATION_FAILED,
};
use crate::http::{Me, Rate};
use crate::matching::uploads::Upload;
use crate::pack::Fixed;
use crate::table::Commit;
use crate::text::preview;
use crate::time::{DAY_MS, Time};

/// How long a client id belongs to its first message.
pub const CLIENT_ID_MS: i64 = 7 * DAY_MS;
/// Bytes of a message's metadata as JSON.
pub const METADATA_BYTES_MAX: usize = 2_048;

/// What a client wants to send.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct NewMessage {
    /// `usr_…`
    #[schemars(length(min = 1, max = 64))]
    pub receiver_id: String,
    /// Plain text; empty only with an attachment.
    #[serde(default)]
    #[schemars(length(max = 5000), extend("x-text" = "plain", "x-bytes-max" = 20_000))]
    #[schemars(extend("x-fault" = "MESSAGE_TOO_LARGE"))]
    pub content: String,
    /// What it carries.
    #[serde(default)]
    pub message_type: MessageType,
    /// Uploaded media of the sender.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub attachments: Vec<NewAttachment>,
    /// The client's own id for it; the `Idempotency-Key` may stand in its place.
    #[schemars(length(min = 8, max = 64), regex(pattern = r"^[A-Za-z0-9._:-]+$"))]
    pub client_message_id: Option<String>,
    /// Scalars of the client's program, given to both people.
    #[serde(default)]
    #[schemars(schema_with = "metadata_schema")]
    pub metadata: Option<Metadata>,
}

/// One uploaded file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewAttachment {
    /// Id of the upload.
    #[schemars(length(min = 1, max = 64))]
    pub media_id: String,
    /// Name to show.
    #[schemars(length(min = 1, max = 128), extend("x-text" = "plain"))]
    pub file_name: Option<String>,
}

fn metadata_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["object", "null"],
        "maxProperties": 20,
        "propertyNames": { "type": "string", "minLength": 1, "maxLength": 64 },
        "additionalProperties": {
            "anyOf": [
                { "type": "string", "maxLength": 2048, "x-text": "plain" },
                { "type": "integer" },
                { "type": "number", "minimum": -1e100, "maximum": 1e100 },
                { "type": "boolean" }
            ]
        }
    })
}

impl NewMessage {
    /// Checks what the schema cannot say.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED` for a message without anything in it or with too much metadata;
    /// 422 `CANNOT_TARGET_SELF`.
    pub fn check(&self, sender_id: &str) -> Result<()> {
        let wrong = |field: &str, rule: &str, message: &str| {
            let row = json!({ "field": field, "rule": rule, "message": message });
            VALIDATION_FAILED.with(json!({ "fields": [row] }))
        };
        if self.content.trim().is_empty() && self.attachments.is_empty() {
            return Err(wrong(
                "/content",
                "required",
                "Write something or attach a file.",
            ));
        }
        let metadata = self
            .metadata
            .as_ref()
            .and_then(|map| serde_json::to_vec(map).ok());
        if metadata.is_some_and(|json| json.len() > METADATA_BYTES_MAX) {
            return Err(wrong("/metadata", "length", "At most 2,048 bytes."));
        }
        match self.receiver_id == sender_id {
            true => Err(CANNOT_TARGET_SELF.into()),
            false => Ok(()),
        }
    }

    /// Hash of what makes two requests the same; the client's id for it is not part.
    pub fn fingerprint(&self) -> Fixed<16> {
        let Self {
            receiver_id,
            content,
            message_type,
            attachments,
            metadata,
            ..
        } = self;
        let same = json!([receiver_id, content, message_type, attachments, metadata]);
        Fixed(take(&sha256(&[same.to_string().as_bytes()])))
    }
}

/// A message on its way, with everything that decides about it.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The sender.
    pub me: &'a Me,
    /// What is sent.
    pub new: &'a NewMessage,
    /// Its key in the conversation.
    pub key: [u8; 16],
    /// What it costs, credits.
    pub price: i64,
    /// The limiter of class `send`.
    pub rate: &'a Rate,
    /// When.
    pub now: Time,
}

/// What was read to decide.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The sender's wallet.
    pub wallet: Wallet,
    /// The conversation, new if the two never wrote; none for a malformed receiver.
    pub head: Option<Head>,
    /// Whether the receiver exists and is active.
    pub receiver_is_active: bool,
    /// Who may write to whom.
    pub admission: Admission,
    /// The attached media that were found.
    pub media: Vec<Upload>,
    /// What detectors have to go by.
    pub scene: Scene,
}

/// A message that may be committed.
#[derive(Debug)]
pub struct Decided {
    /// The message.
    pub message: Message,
    /// Everything that is written with it.
    pub commit: Commit,
    /// Whether the sender's activity of this minute is still to be stored.
    pub is_first_of_minute: bool,
}

impl Draft<'_> {
    /// Decides in the order of the contract; a refusal leaves no trace.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`; 404 `USER_NOT_FOUND`, `UPLOAD_NOT_FOUND`; 403 `BLOCKED`,
    /// `PROFILE_INCOMPLETE`, `NOT_MATCHED`, `NEW_CONTACT_LIMIT`; 422 `CONTENT_REJECTED`; 409
    /// `UPLOAD_STATE`,
    /// `WALLET_FROZEN`; 402 `INSUFFICIENT_CREDITS`.
    pub fn decide(&self, ground: &Ground) -> Result<Decided> {
        let tat = self.rate.admit(ground.wallet.tat, self.now)?;
        let head = ground.head.as_ref().filter(|_| ground.receiver_is_active);
        let head = head.ok_or(USER_NOT_FOUND)?;
        let sender = head.who(&self.me.user_id)?;
        if head.side(sender.other()).blocks {
            return Err(USER_NOT_FOUND.into());
        }
        if head.side(sender).blocks {
            return Err(BLOCKED.into());
        }
        let first = is_first(head, sender);
        let contacts = &ground.wallet.contacts;
        let contacts = ground.admission.check(contacts, first, self.now)?;
        let (attachments, uses) = attach(&self.new.attachments, &ground.media)?;
        let (verdict, texts) = ground.screened(first, self.now)?;
        let mut booking = ground.wallet.book(self.now);
        if self.price > 0 {
            let reference = Reference::new(RefType::Message, head.message_id(self.key)?);
            booking.charge(Kind::MessageCharge, self.price, &reference)?;
        }
        let wallet = &mut booking.wallet;
        (wallet.tat, wallet.contacts, wallet.texts) = (tat, contacts, texts);
        count(wallet, head, sender);
        let is_first_of_minute = booking.wallet.note_activity(self.me.slot(), self.now);
        let state = state_of(&verdict);
        let next = self.appended(head, sender, state == Some(Moderation::Pending));
        let paid = (booking.transaction_id(), booking.wallet.available);
        let mut message = self.message(&next, sender, paid);
        message.attachments = attachments;
        (message.moderation, message.judged) = (state, state);
        // The message comes first: if it is there already, nothing else matters.
        let commit = Commit::new()
            .create(&message, &IDEMPOTENCY_IN_PROGRESS)
            .with(booking.commit())
            .replace(&next, head.unchanged(), &UNAVAILABLE)
            .with(uses)
            .with(queued(&message, &verdict, self.now)?);
        Ok(Decided {
            message,
            commit,
            is_first_of_minute,
        })
    }

    /// The head after the message.
    fn appended(&self, head: &Head, sender: Who, is_held: bool) -> Head {
        let mut next = head.next(self.now);
        next.last_seq += 1;
        next.last_activity_at = self.now.max(head.last_activity_at);
        next.preview = preview(&self.new.content);
        let (key, kind) = (self.key, self.new.message_type);
        let (deleted, hidden) = (false, (false, false));
        next.set_last(&Last {
            key,
            sender,
            kind,
            at: next.last_activity_at,
            deleted,
            hidden,
            failed: false,
        });
        next.curtain = None;
        let mine = next.side_mut(sender);
        mine.sent += 1;
        mine.spent += self.price;
        if let Some(count) = mine.by_type.get_mut(kind as usize) {
            *count += 1;
        }
        mine.window = mine.window.pushed(false);
        let theirs = next.side_mut(sender.other());
        theirs.unread += i64::from(!is_held);
        theirs.window = theirs.window.pushed(!is_held);
        if is_held {
            next.withhold(head, sender.other());
        }
        next
    }

    fn message(&self, head: &Head, sender: Who, paid: (Option<String>, i64)) -> Message {
        let place = message_row(&head.conversation_id, self.key);
        Message {
            conversation_id: place.pk,
            place: place.sk,
            seq: head.last_seq,
            sender_id: head.user(sender),
            receiver_id: head.user(sender.other()),
            content: self.new.content.clone(),
            message_type: self.new.message_type,
            attachments: Vec::new(),
            metadata: self.new.metadata.clone(),
            credits_cost: self.price,
            transaction_id: paid.0,
            balance_after: paid.1,
            unread_after: head.side(sender.other()).unread,
            fingerprint: self.new.fingerprint(),
            client_message_id: self.new.client_message_id.clone(),
            slot: self.me.others.then(|| self.me.slot().to_owned()),
            // Never before an older message of the conversation, though clocks differ.
            created_at: head.last_activity_at,
            moderation: None,
            judged: None,
            moderated_at: None,
            released_at: None,
            failed_at: None,
            deleted_at: None,
            refunded: false,
            due_shard: None,
            due_at: None,
            hidden_from_sender: None,
            hidden_from_receiver: None,
        }
    }
}
