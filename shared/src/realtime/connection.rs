//! Connections: the rows, their life, and how they are found.

use serde::{Deserialize, Serialize};

use super::strikes::Strikes;
use crate::aws::dynamo::Tables;
use crate::error::{Result, UNAVAILABLE};
use crate::table::{Commit, Item, Key, Name, Query};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Time, millis};

/// When a connection is asked to reconnect, after it opened; jitter of ± 5 minutes on top.
pub(super) const ROTATE_MS: i64 = 110 * MINUTE_MS;
/// Jitter around [`ROTATE_MS`].
pub(super) const ROTATE_JITTER_MS: i64 = 5 * MINUTE_MS;
/// When a connection's rows end, after it opened; the gateway ends it after 2 hours.
pub(super) const CONNECTION_MS: i64 = 2 * HOUR_MS + 10 * MINUTE_MS;
/// How long a `$connect` may take, the gateway's limit for a function.
const CONNECTING_MS: i64 = 29 * SECOND_MS;
/// How often a client should ping.
pub const PING_SECONDS: i64 = 240;
/// Partitions of the index of connections by the instant at which something is due. The gateway
/// admits 500 connections per second, so each takes a quarter of the writes that it could.
pub const SHARDS: u8 = 4;

/// Place of a connection in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No proof yet; only `auth.*` frames.
    Pending,
    /// Proven.
    Ready,
}

/// A proven connection of a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// Id given by the gateway.
    pub connection_id: String,
    /// Session whose right it uses.
    pub session_id: String,
    /// Device or session; one connection each.
    pub slot: String,
    /// When it opened.
    #[serde(with = "millis")]
    pub connected_at: Time,
    /// `conn#0` … `conn#3`: partition of the index of due rows.
    pub due_shard: String,
    /// When it is asked to reconnect.
    #[serde(rename = "due_at", with = "millis")]
    pub rotate_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Connection {
    /// Sort keys of all connections of a person begin so.
    pub const PREFIX: &'static str = "conn#";

    /// The live connections of a person; one that opened just now may be missing. 0.5 RRU.
    ///
    /// # Errors
    /// 503 when the table does not answer.
    pub async fn of_user(tables: &Tables, user_id: &str, now: Time) -> Result<Vec<Self>> {
        Self::found(tables, Query::of(Name::Live, user_id), now).await
    }

    /// All live connections of a person. 1 RRU.
    ///
    /// # Errors
    /// 503 when the table does not answer.
    pub async fn of_user_now(tables: &Tables, user_id: &str, now: Time) -> Result<Vec<Self>> {
        Self::found(tables, Query::of(Name::Live, user_id).consistent(), now).await
    }

    async fn found(tables: &Tables, query: Query, now: Time) -> Result<Vec<Self>> {
        let query = query.prefix(Self::PREFIX);
        let found: Vec<Self> = tables.query(query).await?;
        Ok(found
            .into_iter()
            .filter(|one| one.expires > now.seconds())
            .collect())
    }

    /// Where a connection of a person lies.
    pub fn key_of(user_id: &str, connection_id: &str) -> Key {
        Key::new(user_id, format!("{}{connection_id}", Self::PREFIX))
    }
}

impl Item for Connection {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "connection";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.connection_id)
    }
}

/// Whose a connection is, or may become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionOwner {
    /// `conn#…`
    #[serde(rename = "pk")]
    pub key: String,
    /// The person; of a pending one the owner of the device that it names.
    pub user_id: String,
    /// Session whose right it uses; none before the proof.
    #[serde(default)]
    pub session_id: Option<String>,
    /// Device that is not the session's own and so has to be looked at by itself; of a pending one
    /// the device that it names.
    #[serde(default)]
    pub device_id: Option<String>,
    /// Proven or not.
    pub state: State,
    /// When it opened.
    #[serde(with = "millis")]
    pub connected_at: Time,
    /// What a pending one has to sign.
    #[serde(default)]
    pub challenge: Option<Challenge>,
    /// Older connections of the slot that live on until this one has resumed.
    #[serde(default)]
    pub elders: Vec<String>,
    /// What it did wrong lately.
    #[serde(default)]
    pub strikes: Option<Strikes>,
    /// `pend#0` … `pend#3` while it is pending: partition of the index of due rows.
    #[serde(default)]
    pub due_shard: Option<String>,
    /// When it opened, while it is pending.
    #[serde(default, with = "millis::option")]
    pub due_at: Option<Time>,
    /// TTL, epoch seconds.
    pub expires: i64,
}

/// What a device has to sign, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Challenge {
    /// 32 random bytes in base64url.
    pub nonce: String,
    /// End of its validity.
    #[serde(with = "millis")]
    pub ends_at: Time,
}

impl ConnectionOwner {
    /// Where the owner of a connection lies.
    pub fn key_of(connection_id: &str) -> Key {
        Key::new(format!("conn#{connection_id}"), "owner")
    }

    /// Id given by the gateway.
    pub fn connection_id(&self) -> &str {
        self.key.strip_prefix("conn#").unwrap_or_default()
    }
}

impl Item for ConnectionOwner {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "connection owner";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.key, "owner")
    }
}

/// Partition of the index of due rows for a connection.
pub(super) fn shard(kind: &str, connection_id: &str) -> String {
    let [first, ..] = crate::crypto::sha256(&[connection_id.as_bytes()]);
    format!("{kind}#{}", first % SHARDS)
}

/// The rights that a connection uses.
#[derive(Debug, Clone)]
pub(super) struct Right {
    pub user_id: String,
    pub session_id: String,
    /// Device or session.
    pub slot: String,
    /// Device that is not the session's own.
    pub device_id: Option<String>,
}

/// Both rows of a proven connection.
pub(super) fn rows(
    right: &Right,
    connection_id: &str,
    jitter: u16,
    (connected_at, now): (Time, Time),
) -> (Connection, ConnectionOwner) {
    let expires = connected_at.plus(CONNECTION_MS).seconds();
    let shift = i64::from(jitter) * 2 * ROTATE_JITTER_MS / i64::from(u16::MAX);
    let connection = Connection {
        user_id: right.user_id.clone(),
        connection_id: connection_id.to_owned(),
        session_id: right.session_id.clone(),
        slot: right.slot.clone(),
        connected_at: now,
        due_shard: shard("conn", connection_id),
        rotate_at: connected_at.plus(ROTATE_MS - ROTATE_JITTER_MS + shift),
        expires,
    };
    let owner = ConnectionOwner {
        key: format!("conn#{connection_id}"),
        user_id: right.user_id.clone(),
        session_id: Some(right.session_id.clone()),
        device_id: right.device_id.clone(),
        state: State::Ready,
        connected_at,
        challenge: None,
        elders: Vec::new(),
        strikes: None,
        due_shard: None,
        due_at: None,
        expires,
    };
    (connection, owner)
}

/// Removes the rows of a connection that the gateway calls gone, unless it is so young that its
/// `$connect` may not have returned: until then the gateway calls it gone as well.
///
/// # Errors
/// 503 for a young connection, so that its frame is posted again, and when the table does not
/// answer.
pub async fn drop_gone(
    tables: &Tables,
    user_id: &str,
    connection_id: &str,
    now: Time,
) -> Result<()> {
    let key = Connection::key_of(user_id, connection_id);
    let young = now.plus(-CONNECTING_MS);
    match tables.get_consistent::<Connection>(&key).await? {
        Some(connection) if connection.connected_at > young => {
            Err(UNAVAILABLE.because("a connection that is still opening"))
        }
        _ => drop_socket(tables, user_id, connection_id).await,
    }
}

/// Removes the rows of a connection by its id alone, when the gateway says that it ended.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn forget_socket(tables: &Tables, connection_id: &str) -> Result<()> {
    let key = ConnectionOwner::key_of(connection_id);
    match tables.get_consistent::<ConnectionOwner>(&key).await? {
        Some(owner) => drop_socket(tables, &owner.user_id, connection_id).await,
        None => Ok(()),
    }
}

/// Removes the rows of a connection; ones that are gone already are fine.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn drop_socket(tables: &Tables, user_id: &str, connection_id: &str) -> Result<()> {
    let commit = Commit::new()
        .delete::<Connection>(Connection::key_of(user_id, connection_id), None)
        .delete::<ConnectionOwner>(ConnectionOwner::key_of(connection_id), None);
    Ok(tables.commit(commit).await?)
}
