//! Facts: what became true of a message after it was sent, packed into rows.

use serde::{Deserialize, Serialize};

use crate::crypto::{sha256, take};
use crate::messaging::message::Moderation;
use crate::pack::{Bytes, Packer, Unpacker};
use crate::table::{Item, Key, Name};
use crate::time::{DAY_MS, Time};

/// Every state of moderation, in the order of its code.
pub const MODERATIONS: [Moderation; 4] = [
    Moderation::Pending,
    Moderation::Approved,
    Moderation::Flagged,
    Moderation::Blocked,
];

/// The code of a state.
pub fn code_of(moderation: Moderation) -> u8 {
    match moderation {
        Moderation::Pending => 0,
        Moderation::Approved => 1,
        Moderation::Flagged => 2,
        Moderation::Blocked => 3,
    }
}

/// The state of a code.
pub fn moderation_of(code: u8) -> Option<Moderation> {
    MODERATIONS.get(usize::from(code)).copied()
}

/// What became true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// A device of the receiver has it.
    Delivered {
        /// Whole seconds after it was sent.
        seconds: i64,
    },
    /// The receiver has read it.
    Read,
    /// It never reached its receiver.
    Failed,
    /// Moderation says something else.
    Moderated {
        /// What it said.
        from: Moderation,
        /// What it says.
        to: Moderation,
    },
    /// Its price was given back.
    Refunded {
        /// Credits.
        cost: i64,
    },
}

impl FactKind {
    fn code(self) -> u8 {
        match self {
            Self::Delivered { .. } => 0,
            Self::Read => 1,
            Self::Failed => 2,
            Self::Moderated { .. } => 3,
            Self::Refunded { .. } => 4,
        }
    }
}

/// A fact about one message. It follows from the message alone, so it can be told twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What stands for it: equal facts have equal ids.
    pub id: [u8; 8],
    /// Day on which the message was sent.
    pub created_day: i64,
    /// What became true.
    pub kind: FactKind,
    /// When.
    pub at: Time,
}

impl Fact {
    /// A fact about a message that was sent at an instant.
    pub fn of(message_id: &str, created: Time, kind: FactKind, at: Time) -> Self {
        // Moderation may go back and forth; everything else happens once.
        let when = match kind {
            FactKind::Moderated { from, to } => [
                at.ms().to_be_bytes(),
                [code_of(from), code_of(to), 0, 0, 0, 0, 0, 0],
            ]
            .concat(),
            _ => Vec::new(),
        };
        let parts: [&[u8]; 3] = [message_id.as_bytes(), &[0, kind.code()], &when];
        Self {
            id: take(&sha256(&parts)),
            created_day: created.ms().div_euclid(DAY_MS),
            kind,
            at,
        }
    }

    /// The packed form.
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Packer::default();
        out.raw(&self.id)
            .byte(self.kind.code())
            .number(self.created_day);
        match self.kind {
            FactKind::Delivered { seconds } => out.number(seconds),
            FactKind::Refunded { cost } => out.number(cost),
            FactKind::Moderated { from, to } => out.byte(code_of(from) << 4 | code_of(to)),
            FactKind::Read | FactKind::Failed => &mut out,
        };
        out.finish()
    }

    /// Reads the next fact; rows do not keep its instant.
    pub fn read(from: &mut Unpacker<'_>) -> Option<Self> {
        let (id, code, created_day) = (from.fixed()?, from.byte()?, from.number()?);
        let kind = match code {
            0 => FactKind::Delivered {
                seconds: from.number()?,
            },
            1 => FactKind::Read,
            2 => FactKind::Failed,
            3 => {
                let both = from.byte()?;
                FactKind::Moderated {
                    from: moderation_of(both >> 4)?,
                    to: moderation_of(both & 0x0f)?,
                }
            }
            4 => FactKind::Refunded {
                cost: from.number()?,
            },
            _ => return None,
        };
        Some(Self {
            id,
            created_day,
            kind,
            at: Time(created_day * DAY_MS),
        })
    }
}

/// Facts that became true within one hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactRow {
    /// `messages#<date>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `f<hour>#<hash>`
    #[serde(rename = "sk")]
    pub place: String,
    /// Packed.
    pub facts: Bytes,
}

impl Item for FactRow {
    const TABLE: Name = Name::Insight;
    const KIND: &'static str = "Facts about messages";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_and_equal_ones_are_known() {
        let created = Time(1_767_614_400_000);
        let kinds = [
            FactKind::Delivered { seconds: 3 },
            FactKind::Read,
            FactKind::Failed,
            FactKind::Moderated {
                from: Moderation::Approved,
                to: Moderation::Blocked,
            },
            FactKind::Refunded { cost: 2 },
        ];
        let facts: Vec<Fact> = kinds
            .iter()
            .map(|kind| Fact::of("msg_x", created, *kind, created.plus(5)))
            .collect();
        let bytes: Vec<u8> = facts.iter().flat_map(Fact::pack).collect();
        let mut from = Unpacker::new(&bytes);
        for fact in &facts {
            let read = Fact::read(&mut from).expect("a fact");
            assert_eq!((read.id, read.kind), (fact.id, fact.kind));
            assert_eq!(read.created_day, fact.created_day);
        }
        assert!(from.is_empty());
        let later = Fact::of("msg_x", created, kinds[0], created.plus(9));
        assert_eq!(later.id, facts[0].id, "delivered once, whoever tells it");
        let again = Fact::of("msg_x", created, kinds[3], created.plus(9));
        assert_ne!(again.id, facts[3].id, "moderation may go back and forth");
    }
}
