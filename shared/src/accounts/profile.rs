//! The empty profile that comes with each account.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Profile`] | data | `usr_…` | `profile` |

use serde::{Deserialize, Serialize};

use crate::table::{Item, Key, Name};
use crate::time::{Time, millis};

/// What others see of a person; filled in by the person later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// `usr_…`
    pub user_id: String,
    /// Registration.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Optimistic lock, from 1.
    pub version: i64,
}

impl Item for Profile {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Profile";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.user_id, "profile")
    }
}
