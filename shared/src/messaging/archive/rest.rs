//! When a conversation is looked at again: a row of its own, so that messages need not move it.

use serde::{Deserialize, Serialize};

use crate::error::UNAVAILABLE;
use crate::messaging::head::Head;
use crate::table::{Commit, Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};

/// Partitions of the index of due rows.
pub const SHARDS: u8 = 4;
/// How long a conversation must be silent to be archived.
pub const REST_MS: i64 = 365 * DAY_MS;

/// The instant at which the archive looks at a conversation again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resting {
    /// `cnv_…`
    #[serde(rename = "pk")]
    pub conversation_id: String,
    /// `rest#0` … `rest#3`: partition of the index of due rows.
    pub due_shard: String,
    /// When.
    #[serde(with = "millis")]
    pub due_at: Time,
}

impl Item for Resting {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Resting conversation";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.conversation_id, "rest")
    }
}

/// The write that makes a new conversation known to the archive; refused when it is known.
pub fn begin(head: &Head) -> Commit {
    let sum: u32 = head.conversation_id.bytes().map(u32::from).sum();
    let row = Resting {
        conversation_id: head.conversation_id.clone(),
        due_shard: format!("rest#{}", sum % u32::from(SHARDS)),
        due_at: head.last_activity_at.plus(REST_MS),
    };
    Commit::new().create(&row, &UNAVAILABLE)
}
