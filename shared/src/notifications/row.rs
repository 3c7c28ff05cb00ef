//! The row of a notification.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::letter::Facts;
use super::notice::Notice;
use super::target::PushTarget;
use crate::accounts::Sealed;
use crate::aws::cipher::DataKey;
use crate::crypto;
use crate::error::{INTERNAL_ERROR, Result};
use crate::id;
use crate::table::{Commit, Item, Key, Name};
use crate::time::{DAY_MS, MINUTE_MS, Time, millis};

/// How long rows of mails are kept, milliseconds.
const KEPT_MS: i64 = 30 * DAY_MS;
/// How long the sweep leaves a fresh row to the stream, milliseconds.
const FRESH_MS: i64 = MINUTE_MS;
/// Partitions of the index of due rows.
pub const SHARDS: u8 = 4;
/// The sealed content has a multiple of this size, bytes.
const FACTS_BYTES: usize = 512;
/// Place of the sealed content, for the data key.
const FACTS: &str = "data/notification/facts";

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Inside the app.
    InApp,
    /// To a phone.
    Push,
    /// By mail.
    Email,
    /// By text message.
    Sms,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not sent yet.
    Pending,
    /// Handed to the provider.
    Sent,
    /// Will not be sent.
    Failed,
    /// Seen by the person.
    Read,
}

/// Why it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Waits for its first attempt.
    Queued,
    /// Waits for another attempt.
    Retrying,
    /// Taken by the provider.
    Sent,
    /// Too late.
    Expired,
    /// The provider will never take it.
    ProviderRefused,
    /// Not true any more.
    Cancelled,
    /// Nowhere to send it to.
    NoTarget,
}

/// One notification of one person on one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// `usr_…`
    pub user_id: String,
    /// `ntf_…`, derived from event, recipient and channel.
    pub id: String,
    /// How the person is told.
    pub notification_type: Channel,
    /// How far it is.
    pub status: State,
    /// Why it is there.
    pub detail: Detail,
    /// Trigger of the contract, such as `verify_email`.
    pub trigger: String,
    /// Address and content, sealed; removed when it was sent or never will be.
    #[serde(default)]
    pub facts: Option<Sealed>,
    /// Ids only, of what needs no sealing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The phone, `ptg_…`, of a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// Why the person is told in this way, where preferences could say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Attempts after the first, at most 5.
    pub retry_count: i64,
    /// Claims of an attempt. More than outcomes means that a crash may have sent it twice.
    pub claims: i64,
    /// `ntf#0` … `ntf#3` while pending: partition of the index of due rows.
    #[serde(default)]
    pub due_shard: Option<String>,
    /// When the sweep has to look at it; while an attempt runs, the end of its lease.
    #[serde(default, with = "millis::option")]
    pub due_at: Option<Time>,
    /// Dropped afterwards.
    #[serde(default, with = "millis::option")]
    pub valid_until: Option<Time>,
    /// When the provider took it.
    #[serde(default, with = "millis::option")]
    pub sent_at: Option<Time>,
    /// Category and provider code, at most 200 characters.
    #[serde(default)]
    pub failed_reason: Option<String>,
    /// The provider's own id.
    #[serde(default)]
    pub provider_message_id: Option<String>,
    /// Creation.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Last change.
    #[serde(with = "millis")]
    pub updated_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Notification {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Notification";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.id)
    }
}

impl Notification {
    /// Sort keys of all notifications of a person begin so.
    pub const PREFIX: &'static str = "ntf#";

    /// Where a notification lies.
    pub fn key_of(user_id: &str, id: &str) -> Key {
        Key::new(user_id, format!("{}{id}", Self::PREFIX))
    }

    /// Address and content.
    ///
    /// # Errors
    /// 500 when the key is not this person's or the content is gone.
    pub fn open<T: DeserializeOwned>(&self, key: &DataKey) -> Result<T> {
        let sealed = self
            .facts
            .as_ref()
            .ok_or_else(|| INTERNAL_ERROR.because("no facts"))?;
        let plain = key.open(FACTS, &sealed.0)?;
        serde_json::from_slice(&plain).map_err(|_| INTERNAL_ERROR.because("facts"))
    }
}

/// A mail that an event causes.
#[derive(Clone, Debug)]
pub struct NewMail<'a> {
    /// Recipient.
    pub user_id: &'a str,
    /// What caused it; the same event causes no second row.
    pub event: &'a str,
    /// Address and content.
    pub facts: &'a Facts,
    /// Dropped afterwards.
    pub valid_until: Option<Time>,
}

impl NewMail<'_> {
    /// The id of its row.
    pub fn id(&self) -> String {
        id_of(self.event, self.user_id, Channel::Email).1
    }
}

/// The hash behind an id, and the id, of what an event causes for somebody on a channel.
fn id_of(event: &str, user_id: &str, channel: Channel) -> ([u8; 32], String) {
    let channel: &[u8] = match channel {
        Channel::InApp => b"in_app",
        Channel::Push => b"push",
        Channel::Email => b"email",
        Channel::Sms => b"sms",
    };
    let parts = [event.as_bytes(), user_id.as_bytes(), channel];
    let hash = crypto::mac(b"notification", &parts);
    (hash, id::id_of("ntf", crypto::take(&hash)))
}

/// What a row is made of besides its content.
pub(super) struct NewRow<'a> {
    pub user_id: &'a str,
    pub event: &'a str,
    pub channel: Channel,
    pub trigger: &'static str,
    pub valid_until: Option<Time>,
}

/// The part of a commit that causes a mail. `key` is the recipient's.
///
/// # Errors
/// 500 when sealing fails.
pub fn mail(key: &DataKey, new: &NewMail<'_>, now: Time) -> Result<Commit> {
    let NewMail {
        user_id,
        event,
        facts,
        valid_until,
    } = *new;
    let new = NewRow {
        user_id,
        event,
        channel: Channel::Email,
        trigger: facts.mail.trigger(),
        valid_until,
    };
    row(key, &new, facts, now)
}

/// The part of a commit that causes a notification with sealed content.
pub(super) fn row<T: Serialize>(
    key: &DataKey,
    new: &NewRow<'_>,
    content: &T,
    now: Time,
) -> Result<Commit> {
    let mut plain = serde_json::to_vec(content).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    // Filled up, so that its size does not tell what it is.
    plain.resize(plain.len().next_multiple_of(FACTS_BYTES), b' ');
    let row = Notification {
        facts: Some(Sealed(key.seal(FACTS, &plain)?)),
        ..pending(new, now)
    };
    Ok(Commit::new().create(&row, &INTERNAL_ERROR))
}

/// A row without content that waits for its first attempt.
fn pending(new: &NewRow<'_>, now: Time) -> Notification {
    let (hash, id) = id_of(new.event, new.user_id, new.channel);
    let [shard, ..] = hash;
    Notification {
        user_id: new.user_id.to_owned(),
        id,
        notification_type: new.channel,
        status: State::Pending,
        detail: Detail::Queued,
        trigger: new.trigger.to_owned(),
        facts: None,
        payload: None,
        target_id: None,
        metadata: None,
        retry_count: 0,
        claims: 0,
        due_shard: Some(format!("ntf#{}", shard % SHARDS)),
        due_at: Some(now.plus(FRESH_MS)),
        valid_until: new.valid_until,
        sent_at: None,
        failed_reason: None,
        provider_message_id: None,
        created_at: now,
        updated_at: now,
        expires: now.plus(KEPT_MS).seconds(),
    }
}

/// What names an event as far as one phone is concerned.
fn at_target(event: &str, trigger: &str, target_id: &str) -> String {
    format!("{trigger}#{event}#{target_id}")
}

impl Notification {
    /// The id of the push that an event causes for a phone.
    pub(super) fn push_id(
        user_id: &str,
        (event, trigger): (&str, &str),
        target_id: &str,
    ) -> String {
        let event = at_target(event, trigger, target_id);
        id_of(&event, user_id, Channel::Push).1
    }

    /// The push that a notice causes for a phone.
    pub(super) fn push(notice: &Notice, target: &PushTarget, now: Time) -> Self {
        let told = &notice.told;
        let event = at_target(&notice.event, told.trigger(), &target.target_id);
        let new = NewRow {
            user_id: &notice.user_id,
            event: &event,
            channel: Channel::Push,
            trigger: told.trigger(),
            valid_until: Some(told.valid_until(Time(notice.at))),
        };
        Self {
            payload: Some(told.payload()),
            target_id: Some(target.target_id.clone()),
            metadata: Some(json!({ "why": "default" })),
            ..pending(&new, now)
        }
    }
}
