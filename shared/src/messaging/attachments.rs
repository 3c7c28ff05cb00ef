//! Attachments: media of the sender that a message carries, and the links by which the two people
//! get them. The message keeps what is to be shown; the media's row counts its messages.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::Message;
use super::oversight::AdminMessage;
use super::send::NewAttachment;
use super::views::{MessageView, Sent};
use crate::aws::dynamo::Tables;
use crate::aws::objects;
use crate::aws::presigned::Links;
use crate::env::Env;
use crate::error::{Result, UPLOAD_NOT_FOUND, VALIDATION_FAILED};
use crate::function::{Grant, Take};
use crate::matching::uploads::{SIZES, State, Upload};
use crate::table::Commit;
use crate::time::{Clock, Time};

/// What a message keeps of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// `med_…`
    #[serde(rename = "m")]
    pub media_id: String,
    /// Such as `image/jpeg`.
    #[serde(rename = "t")]
    pub content_type: String,
    /// Bytes.
    #[serde(rename = "s")]
    pub size_bytes: u64,
    /// Pixels.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Full seconds.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// Name to show.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
}

/// One file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentView {
    /// `med_…`
    pub media_id: String,
    /// Such as `image/jpeg`.
    pub content_type: String,
    /// Bytes of what the link leads to.
    pub size_bytes: u64,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Full seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
    /// Name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Where it is for at least 15 minutes; a later answer has a fresh link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of a picture: where its forms are, by their longest side in pixels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub urls: BTreeMap<String, String>,
}

impl Message {
    /// The attachments as answers show them, without links; none once it was deleted.
    pub fn shown_attachments(&self) -> Vec<AttachmentView> {
        match self.is_emptied() {
            true => Vec::new(),
            false => self.all_attachments(),
        }
    }

    /// The attachments that it was sent with, without links, as long as they are kept.
    pub fn all_attachments(&self) -> Vec<AttachmentView> {
        let view = |kept: &Attachment| AttachmentView {
            media_id: kept.media_id.clone(),
            content_type: kept.content_type.clone(),
            size_bytes: kept.size_bytes,
            width: kept.width,
            height: kept.height,
            duration_seconds: kept.duration_seconds,
            file_name: kept.file_name.clone(),
            url: None,
            urls: BTreeMap::new(),
        };
        self.attachments.iter().map(view).collect()
    }
}

/// The rows of what somebody wants to attach, as far as they are that person's. Read consistently:
/// media are often attached the instant they are ready. One read unit each.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn media_of(
    tables: &Tables,
    user_id: &str,
    wanted: &[NewAttachment],
) -> Result<Vec<Upload>> {
    let mut found = Vec::with_capacity(wanted.len());
    for attachment in wanted {
        if let Some(key) = Upload::key_of_media(user_id, &attachment.media_id) {
            found.extend(tables.get_consistent::<Upload>(&key).await?);
        }
    }
    Ok(found)
}

/// What the message keeps, and the uses of the media to be counted with it.
///
/// # Errors
/// 404 `UPLOAD_NOT_FOUND` for what is unknown or somebody else's; 409 `UPLOAD_STATE` for what is
/// not ready; 422 `VALIDATION_FAILED` for the same file twice.
pub fn attach(wanted: &[NewAttachment], rows: &[Upload]) -> Result<(Vec<Attachment>, Commit)> {
    let (mut kept, mut uses) = (Vec::with_capacity(wanted.len()), Commit::new());
    for (at, new) in wanted.iter().enumerate() {
        if wanted
            .iter()
            .take(at)
            .any(|other| other.media_id == new.media_id)
        {
            let field = format!("/attachments/{at}/media_id");
            let row = json!({ "field": field, "rule": "unique", "message": "Attach it once." });
            return Err(VALIDATION_FAILED.with(json!({ "fields": [row] })));
        }
        let row = rows.iter().find(|row| row.media_id() == new.media_id);
        let row = row.ok_or(UPLOAD_NOT_FOUND)?;
        let media = row.media.as_ref().filter(|_| row.state == State::Ready);
        let media = media.ok_or_else(|| row.wrong_state())?;
        kept.push(Attachment {
            media_id: new.media_id.clone(),
            content_type: media.content_type.clone(),
            size_bytes: media.size_bytes,
            width: media.width,
            height: media.height,
            duration_seconds: media.duration_seconds,
            file_name: new.file_name.clone().or_else(|| row.file_name.clone()),
        });
        uses = uses.with(row.use_once());
    }
    Ok((kept, uses))
}

/// The part of a commit that takes back what a message that ends uses of its media; media that
/// nothing uses any more are due at once.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn releases(tables: &Tables, message: &Message, now: Time) -> Result<Commit> {
    let mut commit = Commit::new();
    for attachment in &message.attachments {
        let key = Upload::key_of_media(&message.sender_id, &attachment.media_id);
        let Some(key) = key else { continue };
        if let Some(row) = tables.get_consistent::<Upload>(&key).await? {
            commit = commit.with(row.released(now));
        }
    }
    Ok(commit)
}

/// The capability to give links to attachments.
#[derive(Clone, Debug)]
pub struct Gallery {
    links: Links<objects::Media>,
    clock: Clock,
}

impl Gallery {
    /// Adds the links to messages.
    pub fn show(&self, messages: &mut [MessageView]) {
        for message in messages {
            self.link(&message.sender_id, &mut message.attachments);
        }
    }

    /// Adds the links to messages as administrators see them.
    pub fn show_all(&self, messages: &mut [AdminMessage]) {
        for message in messages {
            self.link(&message.sender_id, &mut message.attachments);
        }
    }

    /// Adds the links to the answer of a send.
    #[must_use]
    pub fn sent(&self, mut sent: Sent) -> Sent {
        self.link(&sent.sender_id, &mut sent.attachments);
        sent
    }

    /// Adds the links to a message as JSON; other values stay as they are.
    pub fn show_in(&self, data: &mut Value) {
        let sender = data["sender_id"].as_str().map(str::to_owned);
        let Some((sender, list)) = sender.zip(data.get_mut("attachments")) else {
            return;
        };
        if let Ok(mut views) = serde_json::from_value::<Vec<AttachmentView>>(list.take()) {
            self.link(&sender, &mut views);
            *list = json!(views);
        }
    }

    fn link(&self, sender_id: &str, attachments: &mut [AttachmentView]) {
        let now = self.clock.now();
        for view in attachments {
            let object = |form: &str| Upload::object(sender_id, &view.media_id, form);
            if view.content_type.starts_with("image/") {
                let link = |size: u32| {
                    let form = size.to_string();
                    let url = self.links.link(&object(&form), None, now);
                    (form, url)
                };
                view.urls = SIZES.into_iter().map(link).collect();
                let [.., largest] = SIZES;
                view.url = view.urls.get(&largest.to_string()).cloned();
            } else {
                let name = view.file_name.as_deref().unwrap_or(&view.media_id);
                view.url = Some(self.links.link(&object("file"), Some(name), now));
            }
        }
    }
}

impl<C: Send> Take<C> for Gallery {
    const GRANTS: &'static [&'static [Grant]] = &[<objects::Media as objects::Named>::READ];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self {
            links: Links::of(env),
            clock: env.clock(),
        })
    }
}
