//! The inbox of a person: what waits inside the app, and how much of it is unread.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::notice::Notice;
use super::pushes::pushes_of;
use super::row::{Channel, Detail, State};
use crate::accounts::account::{Account, Status as AccountStatus};
use crate::aws::dynamo::{Missed, Tables};
use crate::config::PushApps;
use crate::crypto;
use crate::error::{INTERNAL_ERROR, Result};
use crate::id::{derived, ulid_at};
use crate::realtime::Fact;
use crate::table::{Change, Commit, Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};
use crate::worker;

/// How long entries are kept, milliseconds.
const KEPT_MS: i64 = 90 * DAY_MS;

/// One notification inside the app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// `usr_…`
    pub user_id: String,
    /// `ntf_…`, derived from event, recipient and channel; sorts by the event's instant.
    pub id: String,
    /// Always inside the app.
    pub notification_type: Channel,
    /// Sent, or read.
    pub status: State,
    /// Why.
    pub detail: Detail,
    /// Trigger of the contract, such as `call.missed`.
    pub trigger: String,
    /// At most 120 characters.
    pub title: String,
    /// At most 500 characters.
    pub message: String,
    /// Ids only, at most 4 KB.
    pub payload: Value,
    /// Locale of the words, and why the person is told in which way.
    pub metadata: Value,
    /// When it was there.
    #[serde(with = "millis")]
    pub sent_at: Time,
    /// When the person had read it.
    #[serde(default, with = "millis::option")]
    pub read_at: Option<Time>,
    /// Instant of the event.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Last change.
    #[serde(with = "millis")]
    pub updated_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Entry {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "In-app notification";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.id)
    }
}

/// How much of an inbox is unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// Entries that are `sent`; changed in the same commit as they are.
    pub unread_count: i64,
    /// Raised by every change.
    pub rev: i64,
    /// Last change.
    #[serde(with = "millis")]
    pub updated_at: Time,
}

impl Item for Inbox {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Unread notifications";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

impl Inbox {
    /// Its sort key.
    pub const PLACE: &'static str = "inbox";

    /// Where the figure of a person lies.
    pub fn key_of(user_id: &str) -> Key {
        Key::new(user_id, Self::PLACE)
    }

    fn fact(&self) -> Fact {
        Fact {
            id: derived(&["badge", &self.user_id, &self.rev.to_string()]),
            kind: "badge",
            user_id: self.user_id.clone(),
            except_slot: None,
            seq: None,
            at: self.updated_at,
            data: json!({ "unread_count": self.unread_count }),
        }
    }
}

impl Entry {
    /// Sort keys of all entries of a person begin so.
    pub const PREFIX: &'static str = "inbox#";

    /// Where an entry lies.
    pub fn key_of(user_id: &str, id: &str) -> Key {
        Key::new(user_id, format!("{}{id}", Self::PREFIX))
    }

    /// The entry that a notice causes, in the language of a locale; none for what is not told
    /// inside the app.
    fn of(notice: &Notice, locale: &str, is_pushed: bool, now: Time) -> Option<Self> {
        let (title, message) = notice.told.words(locale)?;
        let Notice {
            user_id,
            event,
            told,
            ..
        } = notice;
        let at = Time(notice.at);
        let parts = [
            event.as_bytes(),
            told.trigger().as_bytes(),
            user_id.as_bytes(),
            b"in_app",
        ];
        let hash = crypto::mac(b"notification", &parts);
        let random = u128::from_be_bytes(crypto::take(&hash));
        let mut metadata = json!({ "locale": locale, "why": "default" });
        if !is_pushed {
            metadata["skipped"] = json!({ "push": "no_target" });
        }
        Some(Self {
            user_id: user_id.clone(),
            id: format!("ntf_{}", ulid_at(at, random)),
            notification_type: Channel::InApp,
            status: State::Sent,
            detail: Detail::Sent,
            trigger: told.trigger().to_owned(),
            title: title.to_owned(),
            message: message.to_owned(),
            payload: told.payload(),
            metadata,
            sent_at: now,
            read_at: None,
            created_at: at,
            updated_at: now,
            expires: at.plus(KEPT_MS).seconds(),
        })
    }

    /// The writes: the entry, and one more that is unread.
    fn enter(&self) -> Commit {
        let more = vec![
            Change::Add("unread_count".to_owned(), 1),
            Change::Add("rev".to_owned(), 1),
            Change::number("updated_at", self.updated_at.ms()),
        ];
        Commit::new().create(self, &INTERNAL_ERROR).update::<Inbox>(
            Inbox::key_of(&self.user_id),
            more,
            None,
        )
    }

    fn view(&self) -> Value {
        json!({
            "id": self.id,
            "notification_type": self.notification_type,
            "status": self.status,
            "trigger": self.trigger,
            "title": self.title,
            "message": self.message,
            "payload": self.payload,
            "sent_at": self.sent_at,
            "created_at": self.created_at,
        })
    }
}

/// Plans what a notice tells, inside the app and on phones, in one commit, unless it is planned
/// already or the person is not there any more. Who has no phones pays nothing for them.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn plan(tables: &Tables, apps: &PushApps, notice: &Notice, now: Time) -> Result<()> {
    let place = Account::key_of(&notice.user_id);
    let account = tables.get_consistent::<Account>(&place).await?;
    let Some(account) = account.filter(|account| account.status != AccountStatus::Deleted) else {
        return Ok(());
    };
    // Who is banned or on the way out is signed out everywhere.
    let pushes = match account.push_targets > 0 && account.is_open(now) {
        true => pushes_of(tables, apps, notice, now).await?,
        false => Vec::new(),
    };
    let entry = Entry::of(notice, &account.locale, !pushes.is_empty(), now);
    let entered = entry.map_or_else(Commit::new, |entry| entry.enter());
    let commit = pushes
        .iter()
        .fold(entered, |commit, row| commit.create(row, &INTERNAL_ERROR));
    if commit.is_empty() {
        return Ok(());
    }
    match tables.commit(commit).await {
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// The frames that a change of an inbox tells: `notification.new` and `badge`.
///
/// # Errors
/// 500 when an image does not have the shape of its item.
pub fn facts_of(change: &worker::Change) -> Result<Option<Fact>> {
    if change.sk == Inbox::PLACE {
        let (_, new) = change.of::<Inbox>()?;
        return Ok(new.map(|new| new.fact()));
    }
    let (None, Some(new)) = change.of::<Entry>()? else {
        return Ok(None);
    };
    Ok(Some(Fact {
        id: derived(&["notification.new", &new.id]),
        kind: "notification.new",
        user_id: new.user_id.clone(),
        except_slot: None,
        seq: None,
        at: new.sent_at,
        data: json!({ "notification": new.view() }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::Told;

    const NOW: Time = Time(1_767_614_400_000);

    fn missed(call: &str, at: i64, video: bool) -> Notice {
        Notice {
            user_id: "usr_01J00000000000000000000001".into(),
            event: call.into(),
            told: Told::CallMissed {
                call_id: call.into(),
                caller_id: "usr_01J00000000000000000000002".into(),
                video,
            },
            at,
        }
    }

    fn entry(notice: &Notice, locale: &str, now: Time) -> Entry {
        Entry::of(notice, locale, false, now).expect("an entry")
    }

    #[test]
    fn an_event_has_one_entry_and_entries_lie_in_the_order_of_events() {
        let first = entry(&missed("cal_b", NOW.ms(), false), "en", NOW);
        let again = entry(&missed("cal_b", NOW.ms(), false), "en", NOW.plus(60_000));
        let next = entry(&missed("cal_a", NOW.ms() + 1, false), "en", NOW.plus(1));
        assert_eq!(first.id, again.id);
        assert!(first.key() < next.key(), "{} {}", first.id, next.id);
        assert_eq!(first.expires, NOW.plus(90 * DAY_MS).seconds());
    }

    #[test]
    fn an_entry_is_one_unit_and_short_in_every_language() {
        for locale in ["en", "de-AT", "es", "fr", ""] {
            for video in [false, true] {
                let call = format!("cal_{}", "7".repeat(26));
                let entry = entry(&missed(&call, NOW.ms(), video), locale, NOW);
                assert!(entry.title.chars().count() <= 120);
                assert!(entry.message.chars().count() <= 500);
                let row = crate::table::row_of(&entry).expect("a row");
                assert!(crate::table::item_bytes(&row) <= 960);
            }
        }
    }
}
