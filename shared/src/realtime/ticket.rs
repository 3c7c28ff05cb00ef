//! Tickets: single-use rights to open a socket.

use serde::{Deserialize, Serialize};

use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::http::Me;
use crate::relay;
use crate::table::{Item, Key, Name};
use crate::time::{SECOND_MS, Time, millis};

/// How long a ticket opens a socket.
pub const TICKET_SECONDS: i64 = 30;

/// A single-use right to open a socket; only its hash is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ticket {
    #[serde(rename = "pk")]
    hash: String,
    /// Whose socket it opens.
    pub user_id: String,
    /// The session that asked for it.
    pub session_id: String,
    /// Device or session.
    pub slot: String,
    /// Device that is not the session's own and so has to be looked at by itself.
    #[serde(default)]
    pub device_id: Option<String>,
    #[serde(with = "millis")]
    ends_at: Time,
    expires: i64,
}

impl Item for Ticket {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "ticket";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.hash, "ticket")
    }
}

impl Ticket {
    /// A ticket for the caller, or for a device of theirs; `secret` goes to the client only.
    pub fn of(me: &Me, device_id: Option<String>, secret: &[u8; 32], now: Time) -> Self {
        let ends_at = now.plus(TICKET_SECONDS * SECOND_MS);
        Self {
            hash: Self::hash_of(secret),
            user_id: me.user_id.clone(),
            session_id: me.session_id.clone(),
            slot: device_id.as_deref().unwrap_or(me.slot()).to_owned(),
            device_id,
            ends_at,
            expires: ends_at.seconds() + 60,
        }
    }

    /// Whether it opens a socket at this instant.
    pub fn is_open(&self, now: Time) -> bool {
        self.ends_at > now
    }

    /// Where the ticket of a secret lies.
    pub fn key_of(secret: &[u8]) -> Key {
        Key::new(Self::hash_of(secret), "ticket")
    }

    fn hash_of(secret: &[u8]) -> String {
        format!(
            "ticket#{}",
            crate::crypto::encode(&crate::crypto::sha256(&[secret]))
        )
    }
}

/// The device that the caller acts for, unless it is the session's own: an active one of theirs.
///
/// # Errors
/// 404 `DEVICE_NOT_FOUND`.
pub async fn other_device(
    tables: &Tables,
    me: &Me,
    device_id: Option<String>,
) -> Result<Option<String>> {
    match device_id.filter(|device| me.device_id.as_ref() != Some(device)) {
        Some(device) => {
            let found = relay::active(tables, &me.user_id, &device).await?;
            Ok(Some(found.device_id))
        }
        None => Ok(None),
    }
}
