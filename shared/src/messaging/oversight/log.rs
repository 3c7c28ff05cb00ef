//! The minute log: where every message is, packed into rows, read backwards in time.

use serde::{Deserialize, Serialize};

use super::fact::{code_of, moderation_of};
use crate::crypto::{hex, sha256};
use crate::id::id_of;
use crate::messaging::address::message_row;
use crate::messaging::message::{MessageType, Moderation};
use crate::pack::{Bytes, Packer, Unpacker};
use crate::table::{Item, Key, Name};
use crate::time::{DAY_MS, MINUTE_MS, Time};

/// Bytes of a row's entries: with its keys it stays below one write unit.
pub const ROW_BYTES_MAX: usize = 900;
/// The log of all messages.
pub const ALL: &str = "messages";
/// The log of what is or was not approved.
pub const UNAPPROVED: &str = "unapproved";

/// A message in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was sent.
    pub at: Time,
    /// The conversation, as bytes.
    pub conversation: [u8; 16],
    /// Its key in it.
    pub key: [u8; 16],
    /// Its number in it.
    pub seq: i64,
    /// What it carries.
    pub kind: MessageType,
    /// What the detectors said of it.
    pub moderation: Moderation,
    /// Price paid.
    pub cost: i64,
    /// What stands for its sender.
    pub sender: u64,
}

impl Entry {
    /// `cnv_…`
    pub fn conversation_id(&self) -> String {
        id_of("cnv", self.conversation)
    }

    /// Where the message lies.
    pub fn row(&self) -> Key {
        message_row(&self.conversation_id(), self.key)
    }

    /// The packed form; the row tells the minute.
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Packer::default();
        out.number(self.at.ms().rem_euclid(MINUTE_MS))
            .raw(&self.conversation)
            .raw(&self.key)
            .number(self.seq)
            .byte((self.kind as u8) << 4 | code_of(self.moderation))
            .number(self.cost)
            .raw(&self.sender.to_be_bytes());
        out.finish()
    }

    fn read(from: &mut Unpacker<'_>, minute: Time) -> Option<Self> {
        let at = minute.plus(from.number()?);
        let (conversation, key, seq) = (from.fixed()?, from.fixed()?, from.number()?);
        let both = from.byte()?;
        Some(Self {
            at,
            conversation,
            key,
            seq,
            kind: MessageType::of(both >> 4)?,
            moderation: moderation_of(both & 0x0f)?,
            cost: from.number()?,
            sender: u64::from_be_bytes(from.fixed()?),
        })
    }
}

/// Messages of one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// `messages#<date>` or `unapproved#<date>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `m<minute>#<hash>`
    #[serde(rename = "sk")]
    pub place: String,
    /// Packed.
    pub entries: Bytes,
}

impl Item for LogRow {
    const TABLE: Name = Name::Insight;
    const KIND: &'static str = "Minute of messages";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.place)
    }
}

/// The number of the day, from 1970-01-01 in UTC.
pub const fn day_of(at: Time) -> i64 {
    at.ms().div_euclid(DAY_MS)
}

/// The date of an instant, such as `2026-01-05`.
pub fn date_of(at: Time) -> String {
    at.date().to_string()
}

/// The partition of a log that holds a day.
pub fn partition(log: &str, at: Time) -> String {
    format!("{log}#{}", date_of(at))
}

/// The minute of the day, 0–1439.
pub const fn minute_of(at: Time) -> i64 {
    at.ms().rem_euclid(DAY_MS) / MINUTE_MS
}

/// Where rows of a minute begin; also the end of the minute before.
pub fn place_of(minute: i64) -> String {
    format!("m{minute:04}")
}

/// What tells apart rows of one place: equal ones are equal rows.
pub fn hash_of(bytes: &[u8]) -> String {
    let [a, b, c, d, e, f, g, h, ..] = sha256(&[bytes]);
    hex(&[a, b, c, d, e, f, g, h])
}

impl LogRow {
    /// A row with entries of one minute.
    pub fn of(log: &str, minute: Time, bytes: Vec<u8>) -> Self {
        Self {
            partition: partition(log, minute),
            place: format!("{}#{}", place_of(minute_of(minute)), hash_of(&bytes)),
            entries: Bytes(bytes),
        }
    }

    /// The row that says that a message is gone.
    pub fn gone(entry: &Entry) -> Self {
        let bytes = entry.pack();
        let minute = minute_of(entry.at);
        Self {
            partition: partition(ALL, entry.at),
            place: format!("x{minute:04}#{}", hash_of(&bytes)),
            entries: Bytes(bytes),
        }
    }

    /// Number of its minute.
    pub fn minute(&self) -> Option<i64> {
        self.place.get(1..5)?.parse().ok()
    }

    /// Its messages; `day` is the first instant of its day.
    pub fn read(&self, day: Time) -> Vec<Entry> {
        let Some(minute) = self.minute() else {
            return Vec::new();
        };
        let minute = day.plus(minute * MINUTE_MS);
        let mut from = Unpacker::new(&self.entries.0);
        std::iter::from_fn(|| Entry::read(&mut from, minute)).collect()
    }
}

/// Packed pieces as rows' worth of bytes.
pub fn rows_of(pieces: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if row.len() + piece.len() <= ROW_BYTES_MAX => row.extend(piece),
            _ => rows.push(piece),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_eighteen_messages_and_gives_them_back() {
        let day = Time(1_767_571_200_000);
        let at = day.plus(754 * MINUTE_MS);
        let entry = |n: u8| Entry {
            at: at.plus(i64::from(n) * 1_000),
            conversation: [n; 16],
            key: [n + 1; 16],
            seq: 300 + i64::from(n),
            kind: MessageType::Image,
            moderation: Moderation::Flagged,
            cost: 1,
            sender: u64::from(n),
        };
        let entries: Vec<Entry> = (0..18).map(entry).collect();
        let rows = rows_of(entries.iter().map(Entry::pack));
        assert_eq!(rows.len(), 1, "0.06 write units a message");
        let row = LogRow::of(ALL, at, rows[0].clone());
        assert!(row.partition == "messages#2026-01-05" && row.place.starts_with("m0754#"));
        let item = crate::table::row_of(&row).expect("a row");
        assert!(crate::table::item_bytes(&item) <= 1_024);
        assert_eq!(row.read(day), entries);
    }
}
