//! The conversation head: what both people need to know of it, in one item below 960 bytes.

use serde::{Deserialize, Serialize};

use super::address::{conversation_id, message_id};
use super::curtain::Curtain;
use super::message::{Message, MessageType};
use super::side::{Side, Veil};
use crate::error::{CONVERSATION_NOT_FOUND, INTERNAL_ERROR, Result};
use crate::id::{bytes_of, id_of};
use crate::pack::{Bytes, Fixed, Packer, Unpacker};
use crate::table::{Condition, Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};

/// Which of the two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The one whose id is lower.
    Low,
    /// The other one.
    High,
}

impl Who {
    /// The partner.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }

    /// Letter in sort keys.
    pub const fn letter(self) -> char {
        match self {
            Self::Low => 'l',
            Self::High => 'h',
        }
    }
}

/// The newest message, as lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its key.
    pub key: [u8; 16],
    /// Who sent it.
    pub sender: Who,
    /// Its type.
    pub kind: MessageType,
    /// When.
    pub at: Time,
    /// Deleted for both.
    pub deleted: bool,
    /// Hidden from the low and from the high side.
    pub hidden: (bool, bool),
    /// It never reached its receiver.
    pub failed: bool,
}

impl Last {
    /// Whether one of the two deleted it for himself.
    pub fn is_hidden(&self, who: Who) -> bool {
        match who {
            Who::Low => self.hidden.0,
            Who::High => self.hidden.1,
        }
    }

    /// A stored message as lists show it.
    ///
    /// # Errors
    /// 404 when the message is another conversation's; 500 when the row is no message's.
    pub fn of(message: &Message, head: &Head) -> Result<Self> {
        let sender = message.receiver(head)?.other();
        let gone = |who: Who| message.hidden_at(&head.user(who)).is_some();
        Ok(Self {
            key: message.message_key()?,
            sender,
            kind: message.message_type,
            at: message.created_at,
            deleted: message.deleted_at.is_some(),
            hidden: (gone(Who::Low), gone(Who::High)),
            failed: message.failed_at.is_some(),
        })
    }

    pub(super) fn pack(&self) -> Bytes {
        let mut out = Packer::default();
        let flag = |on: bool, bit: u8| u8::from(on) << bit;
        let flags = flag(self.sender == Who::High, 0)
            | flag(self.deleted, 1)
            | flag(self.hidden.0, 2)
            | flag(self.hidden.1, 3)
            | flag(self.failed, 4);
        out.byte(flags)
            .byte(self.kind as u8)
            .number(self.at.ms())
            .raw(&self.key);
        Bytes(out.finish())
    }

    pub(super) fn read(from: &mut Unpacker<'_>) -> Option<Self> {
        let flags = from.byte()?;
        let is = |bit: u8| flags >> bit & 1 == 1;
        let kind = MessageType::of(from.byte()?)?;
        let at = Time(from.number()?);
        let sender = if is(0) { Who::High } else { Who::Low };
        Some(Self {
            key: from.fixed()?,
            sender,
            kind,
            at,
            deleted: is(1),
            hidden: (is(2), is(3)),
            failed: is(4),
        })
    }
}

/// One conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// `cnv_…`
    #[serde(rename = "pk")]
    pub conversation_id: String,
    /// Both people, low then high, 16 bytes each.
    #[serde(rename = "us")]
    users: Fixed<32>,
    /// Raised by every change; each write is conditional on it.
    #[serde(rename = "rv")]
    pub rev: i64,
    /// Number of the newest message, dense from 1.
    #[serde(rename = "ls")]
    pub last_seq: i64,
    #[serde(rename = "lm", default)]
    last: Bytes,
    /// Start of the newest message.
    #[serde(rename = "pv", default, skip_serializing_if = "String::is_empty")]
    pub preview: String,
    /// What the receiver's lists show while the newest message is withheld.
    #[serde(rename = "cu", default, skip_serializing_if = "Option::is_none")]
    pub(super) curtain: Option<Curtain>,
    /// Number up to which messages may be in the archive; 0 if none are.
    #[serde(rename = "ar", default, skip_serializing_if = "is_zero")]
    pub archived_seq: i64,
    /// Side of the person whose id is lower.
    #[serde(rename = "lo")]
    low: Side,
    /// Side of the other person.
    #[serde(rename = "hi")]
    high: Side,
    /// When it began.
    #[serde(rename = "ca", with = "millis")]
    pub created_at: Time,
    /// When the newest message was sent.
    #[serde(rename = "la", with = "millis")]
    pub last_activity_at: Time,
    /// When anything of it changed last: a message, a mark, a deletion.
    #[serde(rename = "ch", with = "millis")]
    pub changed_at: Time,
    /// Day of that change and shard, partition of the index `changed`; moves once a day.
    #[serde(rename = "cd", default)]
    changed_day: String,
    /// The conversation as a number, its place in that index.
    #[serde(rename = "cn", default)]
    number: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Item for Head {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Conversation head";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.conversation_id)
    }
}

/// Shards of a day in the index of changed heads.
pub const CHANGED_SHARDS: i64 = 16;

/// A conversation as a number: its place in the index of changed heads, where a page ends.
fn number_of(conversation_id: &str) -> i64 {
    let [a, b, c, d, e, f, ..] = crate::crypto::sha256(&[conversation_id.as_bytes()]);
    i64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// Partition of a shard of a day in the index of changed heads.
pub fn changed_partition(day: i64, shard: i64) -> String {
    format!("{day}.{shard}")
}

fn changed_on(number: i64, at: Time) -> String {
    changed_partition(at.ms() / DAY_MS, number % CHANGED_SHARDS)
}

impl Head {
    /// Where the head of a conversation lies.
    pub fn key_of(conversation_id: &str) -> Key {
        Key::new(conversation_id, "head")
    }

    /// The head of two people who have not written to each other; `None` for malformed ids.
    pub fn new(a: &str, b: &str, now: Time) -> Option<Self> {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        let both = [bytes_of("usr", low)?, bytes_of("usr", high)?].concat();
        let conversation_id = conversation_id(low, high);
        let number = number_of(&conversation_id);
        Some(Self {
            conversation_id,
            users: Fixed(both.try_into().ok()?),
            rev: 0,
            last_seq: 0,
            last: Bytes::default(),
            preview: String::new(),
            curtain: None,
            archived_seq: 0,
            low: Side::default(),
            high: Side::default(),
            created_at: now,
            last_activity_at: now,
            changed_at: now,
            changed_day: changed_on(number, now),
            number,
        })
    }

    /// The id of one of the two.
    pub fn user(&self, who: Who) -> String {
        let (low, high) = self.users.0.split_at(16);
        let bytes = if who == Who::Low { low } else { high };
        id_of("usr", crate::crypto::take(bytes))
    }

    /// Which of the two this person is.
    ///
    /// # Errors
    /// 404 `CONVERSATION_NOT_FOUND` for anybody else.
    pub fn who(&self, user_id: &str) -> Result<Who> {
        let both = [Who::Low, Who::High].into_iter();
        both.into_iter()
            .find(|who| self.user(*who) == user_id)
            .ok_or_else(|| CONVERSATION_NOT_FOUND.into())
    }

    /// One side.
    pub fn side(&self, who: Who) -> &Side {
        match who {
            Who::Low => &self.low,
            Who::High => &self.high,
        }
    }

    /// One side, to change it.
    pub fn side_mut(&mut self, who: Who) -> &mut Side {
        match who {
            Who::Low => &mut self.low,
            Who::High => &mut self.high,
        }
    }

    /// Whether one of the two has blocked the other.
    pub fn is_blocked(&self) -> bool {
        self.low.blocks || self.high.blocks
    }

    /// The head with this side's block set or taken back. While one of the two blocks the other,
    /// each sees the other's marks as they were when it began. The partner must not notice, so
    /// the head counts as changed only when marks of the meantime come to light.
    #[must_use]
    pub fn blocking(&self, me: Who, on: bool, now: Time) -> Self {
        let mut next = Self {
            rev: self.rev + 1,
            ..self.clone()
        };
        next.side_mut(me).blocks = on;
        let blocked = next.is_blocked();
        let mut lifted = false;
        for who in [Who::Low, Who::High] {
            let side = next.side_mut(who);
            let (delivered, read) = (side.told_delivered(), side.told_read());
            side.veil = blocked.then_some(Veil { delivered, read });
            lifted |= (side.told_delivered(), side.told_read()) != (delivered, read);
        }
        if lifted {
            next.touch(now);
        }
        next
    }

    /// The head with this side's mute set or taken back; the partner must not notice.
    #[must_use]
    pub fn muting(&self, me: Who, until: Option<Time>) -> Self {
        let mut next = Self {
            rev: self.rev + 1,
            ..self.clone()
        };
        next.side_mut(me).muted_until = until.map_or(0, Time::ms);
        next
    }

    /// Until when this side wants to hear nothing of the conversation, if it still does.
    pub fn muted(&self, who: Who, now: Time) -> Option<Time> {
        let until = Time(self.side(who).muted_until);
        (until > now).then_some(until)
    }

    /// The newest message, if there is one.
    pub fn last(&self) -> Option<Last> {
        Last::read(&mut Unpacker::new(&self.last.0))
    }

    /// Sets the newest message.
    pub fn set_last(&mut self, last: &Last) {
        self.last = last.pack();
    }

    /// The id of a message of this conversation.
    ///
    /// # Errors
    /// 500 when the head's own id is malformed.
    pub fn message_id(&self, key: [u8; 16]) -> Result<String> {
        message_id(&self.conversation_id, key)
            .ok_or_else(|| INTERNAL_ERROR.because("conversation id"))
    }

    /// The stored head is still the one that this value was read from.
    pub fn unchanged(&self) -> Condition {
        match self.rev {
            0 => Condition::Absent,
            rev => Condition::number("rv", rev),
        }
    }

    /// This head with its next revision, to be changed at `now`.
    #[must_use]
    pub fn next(&self, now: Time) -> Self {
        let mut next = Self {
            rev: self.rev + 1,
            ..self.clone()
        };
        next.touch(now);
        next
    }

    /// Notes a change at an instant.
    fn touch(&mut self, now: Time) {
        self.changed_at = now.max(self.changed_at);
        self.number = number_of(&self.conversation_id);
        self.changed_day = changed_on(self.number, self.changed_at);
    }
}
