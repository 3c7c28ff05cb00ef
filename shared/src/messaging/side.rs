//! One person's side of a conversation: counters and marks, packed into one attribute.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::window::Window;
use crate::pack::{Bytes, Packer, Unpacker};
use crate::time::Time;

/// Moves that a list keeps before it gives the older half to a page: the newest 8 per side stay.
pub const MOVES_KEPT: usize = 8;
/// Moves of one page.
pub const MOVES_PAGED: usize = 4;
/// Types of messages that are counted.
pub const TYPES: usize = 5;

/// A mark: everything up to the number was delivered or read at the instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Number of the newest message that it covers.
    pub up_to: i64,
    /// When.
    pub at: Time,
}

/// The marks of one kind, both numbers and instants growing; the oldest have gone to pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// The newest, oldest first.
    pub kept: Vec<Move>,
    /// Number up to which pages tell the instants.
    pub paged: i64,
}

/// What the lookup of an instant found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Not marked so far.
    Never,
    /// Marked at this instant.
    At(Time),
    /// A page knows.
    Paged,
}

impl Moves {
    /// Number of the newest message that is covered; 0 if none.
    pub fn reached(&self) -> i64 {
        self.kept.last().map_or(self.paged, |last| last.up_to)
    }

    /// When a message was first covered.
    pub fn find(&self, seq: i64) -> Found {
        if seq <= self.paged {
            return Found::Paged;
        }
        let first = self.kept.iter().find(|step| step.up_to >= seq);
        first.map_or(Found::Never, |step| Found::At(step.at))
    }

    /// Adds a mark beyond the last one; what must go to a page comes back, oldest first.
    pub fn push(&mut self, step: Move) -> Option<Vec<Move>> {
        let paged = (self.kept.len() >= MOVES_KEPT).then(|| {
            let old: Vec<Move> = self.kept.drain(..MOVES_PAGED).collect();
            self.paged = old.last().map_or(self.paged, |last| last.up_to);
            old
        });
        // Instants of two servers may cross; a list that grows can be searched.
        let at = self
            .kept
            .last()
            .map_or(step.at, |last| last.at.max(step.at));
        self.kept.push(Move { at, ..step });
        paged
    }

    fn pack(&self, out: &mut Packer) {
        out.number(self.paged).byte(self.kept.len() as u8);
        let mut before = Move {
            up_to: self.paged,
            at: Time(0),
        };
        for step in &self.kept {
            out.number(step.up_to - before.up_to)
                .number(step.at.ms() - before.at.ms());
            before = *step;
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let paged = from.number()?;
        let count = from.byte()?;
        let mut before = Move {
            up_to: paged,
            at: Time(0),
        };
        let mut kept = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (up_to, at) = (
                before.up_to + from.number()?,
                before.at.plus(from.number()?),
            );
            before = Move { up_to, at };
            kept.push(before);
        }
        Some(Self { kept, paged })
    }
}

/// Moves as bytes, for pages.
pub fn pack_moves(moves: &[Move]) -> Bytes {
    let mut out = Packer::default();
    Moves {
        kept: moves.to_vec(),
        paged: 0,
    }
    .pack(&mut out);
    Bytes(out.finish())
}

/// Moves of a page's bytes.
pub fn unpack_moves(bytes: &Bytes) -> Option<Vec<Move>> {
    Moves::unpack(&mut Unpacker::new(&bytes.0)).map(|moves| moves.kept)
}

/// How far the partner knows of a side's marks while a block keeps receipts back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Veil {
    /// Number of the newest message known to be delivered.
    pub delivered: i64,
    /// Number of the newest message known to be read.
    pub read: i64,
}

/// One person's side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Messages sent.
    pub sent: i64,
    /// Messages sent, by type.
    pub by_type: [i64; TYPES],
    /// Credits paid for them, less what was given back.
    pub spent: i64,
    /// Own messages deleted for both.
    pub deleted: i64,
    /// Messages that this side has hidden from itself alone.
    pub hidden: i64,
    /// Own messages that moderation withholds from the partner, who has not hidden them, and those
    /// that were taken back while they were held: nobody has received them.
    pub withheld: i64,
    /// Messages of the partner that count as unread.
    pub unread: i64,
    /// Up to where this side has read.
    pub read_seq: i64,
    /// Until when the conversation is muted, epoch milliseconds; 0 if it is not.
    pub muted_until: i64,
    /// Theoretical arrival time of the next mark (rate class `default`), epoch milliseconds.
    pub tat: i64,
    /// This side has blocked the partner.
    pub blocks: bool,
    /// Which of the newest messages count as unread.
    pub window: Window,
    /// What was delivered to this side.
    pub delivered: Moves,
    /// What this side has read.
    pub read: Moves,
    /// Key of the message that the newest mark named.
    pub marked: Option<[u8; 16]>,
    /// What the partner knows, while one of the two blocks the other.
    pub veil: Option<Veil>,
}

const BLOCKS: u8 = 1;
const MARKED: u8 = 2;
const VEILED: u8 = 4;
const WITHHELD: u8 = 8;

impl Side {
    /// Number of the newest message that was delivered to this side: reading implies it.
    pub fn delivered_seq(&self) -> i64 {
        self.delivered.reached().max(self.read.reached())
    }

    /// Number of the newest message that the partner knows to be delivered.
    pub fn told_delivered(&self) -> i64 {
        self.veil
            .map_or_else(|| self.delivered_seq(), |veil| veil.delivered)
    }

    /// Number of the newest message that the partner knows to be read.
    pub fn told_read(&self) -> i64 {
        self.veil
            .map_or_else(|| self.read.reached(), |veil| veil.read)
    }

    fn counters(&self) -> impl Iterator<Item = i64> {
        let first = [
            self.sent,
            self.spent,
            self.deleted,
            self.hidden,
            self.unread,
        ];
        let then = [self.read_seq, self.muted_until, self.tat];
        first.into_iter().chain(then).chain(self.by_type)
    }

    fn pack(&self) -> Vec<u8> {
        let mut out = Packer::default();
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        out.byte(
            flag(self.blocks, BLOCKS)
                | flag(self.marked.is_some(), MARKED)
                | flag(self.veil.is_some(), VEILED)
                | flag(self.withheld > 0, WITHHELD),
        );
        self.counters().for_each(|count| {
            out.number(count);
        });
        out.sized(&self.window.bytes());
        self.delivered.pack(&mut out);
        self.read.pack(&mut out);
        if let Some(key) = &self.marked {
            out.raw(key);
        }
        if let Some(veil) = self.veil {
            out.number(veil.delivered).number(veil.read);
        }
        if self.withheld > 0 {
            out.number(self.withheld);
        }
        out.finish()
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut from = Unpacker::new(bytes);
        let flags = from.byte()?;
        let mut number = || from.number();
        let (sent, spent, deleted, hidden) = (number()?, number()?, number()?, number()?);
        let (unread, read_seq, muted_until, tat) = (number()?, number()?, number()?, number()?);
        let by_type = [number()?, number()?, number()?, number()?, number()?];
        let window = Window::of(from.sized()?);
        let (delivered, read) = (Moves::unpack(&mut from)?, Moves::unpack(&mut from)?);
        let marked = match flags & MARKED {
            0 => None,
            _ => Some(from.fixed()?),
        };
        let blocks = flags & BLOCKS != 0;
        let veil = match flags & VEILED {
            0 => None,
            _ => Some(Veil {
                delivered: from.number()?,
                read: from.number()?,
            }),
        };
        let withheld = match flags & WITHHELD {
            0 => 0,
            _ => from.number()?,
        };
        Some(Self {
            sent,
            by_type,
            spent,
            deleted,
            hidden,
            withheld,
            unread,
            read_seq,
            muted_until,
            tat,
            blocks,
            window,
            delivered,
            read,
            marked,
            veil,
        })
    }
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.pack())
    }
}

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        Self::unpack(&bytes).ok_or_else(|| de::Error::custom("side of a conversation"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_marks_never_go_back_whatever_clocks_say() {
        let mut moves = Moves::default();
        for (up_to, at) in [(1, Time(500)), (2, Time(400)), (3, Time(600))] {
            moves.push(Move { up_to, at });
        }
        assert_eq!(moves.find(1), Found::At(Time(500)));
        assert_eq!(moves.find(2), Found::At(Time(500)));
        assert_eq!(moves.find(3), Found::At(Time(600)));
    }
}
