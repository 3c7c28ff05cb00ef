//! Natural keys: (kind, reference, posting) is booked once for ever.

use serde::{Deserialize, Serialize};

use super::codes::Kind;
use super::entry::Entry;
use crate::table::{Item, Key, Name};

/// Proof that something was booked. A message charge needs none, because the message's own row is
/// it, and neither does what happens under a hold: it is in the wallet, and its call goes through
/// each of its states once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Once {
    /// `once#<kind>:<reference>:<posting>`
    #[serde(rename = "pk")]
    pub natural: String,
    /// Number of the first row, in the wallet whose commit wrote this.
    pub row: i64,
}

impl Item for Once {
    const TABLE: Name = Name::Ledger;
    const KIND: &'static str = "Natural key of a booking";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.natural, "once")
    }
}

impl Once {
    /// The proof for the first row of a transaction, if its kind needs one.
    pub fn of(first: &Entry) -> Option<Self> {
        let (kind, id) = (first.kind.as_str(), &first.reference.id);
        let elsewhere = matches!(
            first.kind,
            Kind::MessageCharge
                | Kind::CallHold
                | Kind::CallHoldExtend
                | Kind::CallCharge
                | Kind::CallRelease
        );
        (!elsewhere).then(|| Self {
            natural: format!("once#{kind}:{id}:{}", first.posting_no()),
            row: first.seq,
        })
    }
}
