//! Privacy: legal holds, which keep what belongs to a person from being removed.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`LegalHold`] | data | `usr_…` | `hold#hld_…` |

use serde::{Deserialize, Serialize};

use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{Item, Key, Name, Query};
use crate::time::{Time, millis};

/// What the sort keys of holds begin with.
const PREFIX: &str = "hold#";
/// Holds of one person that are looked at.
const HOLDS_MAX: usize = 1_000;

/// A legal hold on a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LegalHold {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// `hld_…`
    pub hold_id: String,
    /// Why.
    pub reason: String,
    /// Admin who placed it.
    pub placed_by: String,
    /// When.
    #[serde(with = "millis")]
    pub placed_at: Time,
    /// When it ended.
    #[serde(default, with = "millis::option")]
    pub released_at: Option<Time>,
}

impl Item for LegalHold {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Legal hold";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.user_id, format!("{PREFIX}{}", self.hold_id))
    }
}

/// Whether a person is under a legal hold.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn is_held(tables: &Tables, user_id: &str) -> Result<bool> {
    let query = Query::of(Name::Data, user_id).prefix(PREFIX);
    let holds: Vec<LegalHold> = tables.query(query.limit(HOLDS_MAX).consistent()).await?;
    Ok(holds.iter().any(|hold| hold.released_at.is_none()))
}
