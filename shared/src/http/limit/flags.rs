//! Flags of misuse: stored signs that slow a person down and, when there are many, make somebody
//! look.

use serde::{Deserialize, Serialize};

use super::{AbuseFlag, Activity};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, UNAVAILABLE};
use crate::table::{Change, Commit, Condition, Item, Key, Name};
use crate::time::{DAY_MS, SECOND_MS, Time};

/// Live flags that ask for somebody to look.
pub const FLAGS_CROWD: usize = 6;

/// That somebody has reached so many flags: noted where the limiter may write, and taken from
/// there by a schedule, which may open a moderation item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Crowded {
    /// Always [`Crowded::PLACE`].
    #[serde(rename = "pk")]
    pub place: String,
    /// Whom it is about.
    #[serde(rename = "sk")]
    pub subject: String,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Crowded {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "note of many flags";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.subject)
    }
}

impl Crowded {
    /// The partition of all notes; it is empty but for the last minutes.
    pub const PLACE: &'static str = "flagged";

    /// Where the note of somebody lies.
    pub fn key_of(subject: &str) -> Key {
        Key::new(Self::PLACE, subject)
    }

    /// A note.
    pub fn of(subject: &str, now: Time) -> Self {
        Self {
            place: Self::PLACE.to_owned(),
            subject: subject.to_owned(),
            expires: now.plus(30 * DAY_MS).seconds(),
        }
    }
}

/// Places in the list of flags within one millisecond.
const APART: i64 = 1_000_000;

/// A flag under its own id, and in the list of all flags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlagCard {
    /// The flag.
    #[serde(flatten)]
    pub flag: AbuseFlag,
    /// Partition of the index, until it is cleared.
    #[serde(default)]
    pub due_shard: Option<String>,
    /// Place in it: when it was raised.
    #[serde(default)]
    pub due_at: Option<i64>,
}

impl Item for FlagCard {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "card of an abuse flag";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.flag.flag_id)
    }
}

impl FlagCard {
    /// The partition of the index that holds all cards.
    pub const SHARD: &'static str = "flags";

    /// Where the card of a flag lies.
    pub fn key_of(flag_id: &str) -> Key {
        Key::new(flag_id, "card")
    }

    /// The card of a new flag.
    pub fn of(flag: &AbuseFlag) -> Self {
        let digit = |sum: i64, byte: u8| (sum * 31 + i64::from(byte)) % APART;
        let apart = flag.flag_id.bytes().fold(0, digit);
        Self {
            flag: flag.clone(),
            due_shard: Some(Self::SHARD.to_owned()),
            due_at: Some(flag.created_at.ms() * APART + apart),
        }
    }
}

/// Raises a flag once: the same id again changes nothing.
///
/// # Errors
/// 503 when the store fails.
pub async fn raise_flag(tables: &Tables, flag: &AbuseFlag) -> Result<()> {
    let until = flag.expires * SECOND_MS;
    let noted = vec![Change::number(format!("flags.{}", flag.flag_id), until)];
    let present = Some((Condition::Present, &UNAVAILABLE));
    let activity = Activity::key_of(&flag.subject);
    let card = FlagCard::of(flag);
    let alone = || Commit::new().create(flag, &UNAVAILABLE).put(&card);
    let both = alone().update::<Activity>(activity.clone(), noted, present);
    let outcome = match tables.commit(both).await {
        // Nothing to note it in: the person has made no call for weeks.
        Err(Missed::Refused(refused)) if refused.key == activity => tables.commit(alone()).await,
        outcome => outcome,
    };
    match outcome {
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}
