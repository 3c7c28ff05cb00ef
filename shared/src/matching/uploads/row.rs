//! The row of an upload and of the media that it becomes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::media::MediaType;
use super::picture::SIZES;
use super::post::Purpose;
use crate::aws::objects::INCOMING;
use crate::error::{UPLOAD_NOT_FOUND, UPLOAD_STATE};
use crate::id::{bytes_of, id_of};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value};
use crate::time::{DAY_MS, Time, millis};

/// Partitions of the index of due rows.
pub const SHARDS: u8 = 4;
/// How long an upload may stay unfinished.
pub const UNFINISHED_MS: i64 = DAY_MS;
/// How long media may wait for the message that carries them.
pub const UNUSED_MS: i64 = 7 * DAY_MS;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UploadState")]
pub enum State {
    /// The client has a form.
    Created,
    /// The file is in the bucket.
    Uploaded,
    /// A worker looks at it.
    Validating,
    /// It can be used.
    Ready,
    /// It cannot be used, ever.
    Rejected,
}

impl State {
    /// Word on the wire and in the row.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Uploaded => "uploaded",
            Self::Validating => "validating",
            Self::Ready => "ready",
            Self::Rejected => "rejected",
        }
    }

    /// Whether nothing changes it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Rejected)
    }
}

/// What is known of a file that passed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Type as it is given out; a picture's may differ from what came.
    pub content_type: String,
    /// Bytes of the largest form.
    pub size_bytes: u64,
    /// Pixels of the largest form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels of the largest form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Length of a sound or film, full seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
}

/// One upload, or the media that it became.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// `usr_…`
    pub user_id: String,
    /// `upl_…`
    pub upload_id: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What the client said it is.
    pub media_type: MediaType,
    /// What the client said its size is, bytes.
    pub size_bytes: u64,
    /// Name on the client's disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// How far it is.
    pub state: State,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Tag of the content that is or was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What came out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// Messages that carry it.
    #[serde(default)]
    pub uses: i64,
    /// `upl#0` … `upl#3` while it can go: partition of the index of due rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_shard: Option<String>,
    /// When it goes.
    #[serde(default, with = "millis::option")]
    pub due_at: Option<Time>,
    /// Creation.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Last change.
    #[serde(with = "millis")]
    pub updated_at: Time,
}

impl Item for Upload {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Upload";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.upload_id)
    }
}

/// The partition of the index of due rows for an id.
pub fn shard(upload_id: &str) -> String {
    let sum: u32 = upload_id.bytes().map(u32::from).sum();
    format!("upl#{}", sum % u32::from(SHARDS))
}

impl Upload {
    /// Where the row of an upload lies.
    pub fn key_of(user_id: &str, upload_id: &str) -> Key {
        Key::new(user_id, format!("upload#{upload_id}"))
    }

    /// Whether a sort key is that of an upload.
    pub fn is_place(sk: &str) -> bool {
        sk.starts_with("upload#")
    }

    /// Where the row of media lies; `None` for a malformed id.
    pub fn key_of_media(user_id: &str, media_id: &str) -> Option<Key> {
        let id = id_of("upl", bytes_of("med", media_id)?);
        Some(Self::key_of(user_id, &id))
    }

    /// `med_…`
    pub fn media_id(&self) -> String {
        let bytes = bytes_of("upl", &self.upload_id).unwrap_or_default();
        id_of("med", bytes)
    }

    /// Key of the object that the client writes.
    pub fn incoming(&self) -> String {
        format!("{INCOMING}{}/{}", self.user_id, self.upload_id)
    }

    /// Key of an object of media: a size of a picture, or `file`.
    pub fn object(user_id: &str, media_id: &str, form: &str) -> String {
        format!("media/{user_id}/{media_id}/{form}")
    }

    /// Keys of all objects that may exist of it.
    pub fn objects(&self) -> Vec<String> {
        let media = self.media_id();
        let object = |form: &str| Self::object(&self.user_id, &media, form);
        let sizes = SIZES.iter().map(|size| object(&size.to_string()));
        let made: Vec<String> = match self.media_type.is_picture() {
            true => sizes.collect(),
            false => vec![object("file")],
        };
        [vec![self.incoming()], made].concat()
    }

    /// The part of a commit that counts one more message with these media.
    pub fn use_once(&self) -> Commit {
        let changes = vec![
            Change::Add("uses".into(), 1),
            Change::Remove("due_shard".into()),
            Change::Remove("due_at".into()),
        ];
        let ready = Condition::Is("state", Value::S(State::Ready.as_str().into()));
        Commit::new().update::<Self>(self.key(), changes, Some((ready, &UPLOAD_STATE)))
    }

    /// The part of a commit that counts one message less; the last one makes the media due.
    pub fn released(&self, now: Time) -> Commit {
        let mut next = self.clone();
        next.uses = (self.uses - 1).max(0);
        next.updated_at = now;
        if next.uses == 0 {
            (next.due_shard, next.due_at) = (Some(shard(&self.upload_id)), Some(now));
        }
        self.moved(&next)
    }

    /// This row in another state, with the condition that nobody changed it in the meantime.
    pub(super) fn moved(&self, next: &Self) -> Commit {
        let state = Condition::text("state", self.state.as_str());
        let version = match &self.version {
            Some(version) => Condition::text("version", version),
            None => Condition::Missing("version"),
        };
        let same = Condition::All(vec![state, version, Condition::number("uses", self.uses)]);
        Commit::new().replace(next, same, &UPLOAD_NOT_FOUND)
    }

    /// The refusal of a use of an upload in its state.
    pub fn wrong_state(&self) -> crate::Error {
        UPLOAD_STATE.with(json!({ "state": self.state, "reason": self.reason }))
    }
}
