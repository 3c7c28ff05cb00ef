//! Delivered and read: marks move a side's watermarks, and every move is kept.

use serde::{Deserialize, Serialize};

use super::head::{Head, Who};
use super::side::{Found, Move, Moves, pack_moves};
use super::views::Marks;
use crate::error::UNAVAILABLE;
use crate::pack::Bytes;
use crate::table::{Commit, Item, Key, Name};
use crate::time::Time;

/// Which of the two marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A device has it.
    Delivered,
    /// The person has read it.
    Read,
}

impl Mark {
    const fn letter(self) -> char {
        match self {
            Self::Delivered => 'd',
            Self::Read => 'r',
        }
    }
}

/// Moves that have left the head; written before the head forgets them, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MovesPage {
    /// `cnv_…`
    #[serde(rename = "pk")]
    pub conversation_id: String,
    /// `moves#<side><mark>#<number of its last move, 16 digits>`
    #[serde(rename = "sk")]
    pub place: String,
    /// Packed, oldest first.
    pub moves: Bytes,
}

impl Item for MovesPage {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Older marks";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.conversation_id, &*self.place)
    }
}

impl MovesPage {
    /// Sort key of the page of one side and mark whose last move reaches this message.
    pub fn sk_of(who: Who, mark: Mark, up_to: i64) -> String {
        format!("moves#{}{}#{up_to:016}", who.letter(), mark.letter())
    }
}

/// A mark that moves something.
#[derive(Debug)]
pub struct Marked {
    /// The head afterwards.
    pub head: Head,
    /// A page to be written before it.
    pub page: Option<MovesPage>,
    /// Unread messages that it passed over.
    pub passed: i64,
    before: Head,
}

impl Marked {
    /// The one conditional write of a mark.
    pub fn commit(&self) -> Commit {
        Commit::new().replace(&self.head, self.before.unchanged(), &UNAVAILABLE)
    }
}

/// What a wish to mark as read leads to.
#[derive(Debug)]
pub enum Reading {
    /// Everything was read before.
    Nothing,
    /// The window does not reach so far: count the unread messages of these numbers, both
    /// included, and ask again.
    Recount(i64, i64),
    /// This is to be written.
    Moves(Box<Marked>),
}

impl Head {
    /// Marks everything up to `seq` as delivered to `me`; `None` when it was before.
    pub fn deliver(&self, me: Who, seq: i64, key: [u8; 16], now: Time) -> Option<Marked> {
        if seq <= self.side(me).delivered_seq() {
            return None;
        }
        let mut head = self.next(now);
        head.side_mut(me).marked = Some(key);
        let page = head.push(me, Mark::Delivered, seq, now);
        Some(Marked {
            head,
            page,
            passed: 0,
            before: self.clone(),
        })
    }

    /// Marks everything up to `up_to` as read by `me`. `key` is the message that the mark named;
    /// `passed` the count that [`Reading::Recount`] asked for.
    pub fn read(
        &self,
        me: Who,
        up_to: i64,
        key: Option<[u8; 16]>,
        passed: Option<i64>,
        now: Time,
    ) -> Reading {
        let (side, up_to) = (self.side(me), up_to.min(self.seq_for(me)));
        let told = up_to > side.read.reached();
        if up_to <= side.read_seq && !told {
            return Reading::Nothing;
        }
        let reached = up_to.max(side.read_seq);
        let counted = passed.map(|passed| side.unread - passed);
        let Some(left) = self.unread_beyond(me, reached).or(counted) else {
            return Reading::Recount(side.read_seq + 1, reached);
        };
        let mut head = self.next(now);
        let passed = side.unread - left;
        let newer = head.last_seq - reached;
        let side = head.side_mut(me);
        (side.read_seq, side.unread) = (reached, left);
        side.window = side.window.newest(newer);
        let mut page = None;
        if told {
            side.marked = key;
            page = head.push(me, Mark::Read, up_to, now);
        }
        Reading::Moves(Box::new(Marked {
            head,
            page,
            passed,
            before: self.clone(),
        }))
    }

    /// Unread messages of `me` beyond a number, if the head alone can tell.
    fn unread_beyond(&self, me: Who, seq: i64) -> Option<i64> {
        let (side, newer) = (self.side(me), self.last_seq - seq);
        // Nothing but unread messages of the partner follows what was read.
        let all = side.unread == self.last_seq - side.read_seq;
        match (seq == side.read_seq || side.unread == 0, all) {
            (true, _) => Some(side.unread),
            (_, true) => Some(newer),
            _ => side.window.count(newer),
        }
    }

    fn push(&mut self, who: Who, mark: Mark, up_to: i64, at: Time) -> Option<MovesPage> {
        let conversation_id = self.conversation_id.clone();
        let list = self.side_mut(who).moves_mut(mark);
        let moves = list.push(Move { up_to, at })?;
        let place = MovesPage::sk_of(who, mark, moves.last()?.up_to);
        Some(MovesPage {
            conversation_id,
            place,
            moves: pack_moves(&moves),
        })
    }
}

impl super::side::Side {
    /// The moves of one mark.
    pub fn moves(&self, mark: Mark) -> &Moves {
        match mark {
            Mark::Delivered => &self.delivered,
            Mark::Read => &self.read,
        }
    }

    fn moves_mut(&mut self, mark: Mark) -> &mut Moves {
        match mark {
            Mark::Delivered => &mut self.delivered,
            Mark::Read => &mut self.read,
        }
    }

    /// When a message to this side was delivered and read; `older` are the moves of pages, oldest
    /// first, for messages that the head no longer tells.
    pub fn marks(&self, seq: i64, older: &OlderMoves) -> Marks {
        let find = |moves: &Moves, older: &[Move]| match moves.find(seq) {
            Found::At(at) => Some(at),
            Found::Never => None,
            Found::Paged => older
                .iter()
                .find(|step| step.up_to >= seq)
                .map(|step| step.at),
        };
        let delivered = find(&self.delivered, &older.delivered);
        let read_at = find(&self.read, &older.read);
        // Reading implies delivery: the first of the two instants counts.
        let delivered_at = delivered.into_iter().chain(read_at).min();
        Marks {
            delivered_at,
            read_at,
        }
    }

    /// The same as the partner knows it.
    pub fn told(&self, seq: i64, older: &OlderMoves) -> Marks {
        let marks = self.marks(seq, older);
        Marks {
            delivered_at: marks.delivered_at.filter(|_| seq <= self.told_delivered()),
            read_at: marks.read_at.filter(|_| seq <= self.told_read()),
        }
    }
}

/// Moves of one side that were read from pages, oldest first.
#[derive(Clone, Debug, Default)]
pub struct OlderMoves {
    /// Deliveries.
    pub delivered: Vec<Move>,
    /// Readings.
    pub read: Vec<Move>,
}
