//! Connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ticket::Ticket;
use crate::accounts::session::Session;
use crate::aws::dynamo::Tables;
use crate::error::{Result, UNAUTHENTICATED, UNAVAILABLE};
use crate::relay::Device;
use crate::table::{Commit, Condition, Item, Key, Name, Query};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Time, millis};

/// When a connection is asked to reconnect, after it opened; jitter of ± 5 minutes on top.
const ROTATE_MS: i64 = 110 * MINUTE_MS;
/// Jitter around [`ROTATE_MS`].
const ROTATE_JITTER_MS: i64 = 5 * MINUTE_MS;
/// When a connection's rows end, after it opened; the gateway ends it after 2 hours.
const CONNECTION_MS: i64 = 2 * HOUR_MS + 10 * MINUTE_MS;
/// How long a `$connect` may take, the gateway's limit for a function.
const CONNECTING_MS: i64 = 29 * SECOND_MS;
/// How often a client should ping.
pub const PING_SECONDS: i64 = 240;
/// Most slots of a person; one more replaces the oldest.
pub const SLOTS_MAX: usize = 10;

/// How a client waits before it reconnects: full jitter between the two.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Reconnect {
    /// Least wait, seconds.
    pub min_seconds: i64,
    /// Most wait, seconds.
    pub max_seconds: i64,
}

/// The advice given while few connections exist (AWS admits 500 new ones per second).
pub const RECONNECT: Reconnect = Reconnect {
    min_seconds: 1,
    max_seconds: 5,
};

/// Place of a connection in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No proof yet; only `auth.*` frames.
    Pending,
    /// Proven.
    Ready,
}

/// A connection of a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connection {
    #[serde(rename = "pk")]
    user_id: String,
    /// Id given by the gateway.
    pub connection_id: String,
    /// Session whose right it uses.
    pub session_id: String,
    /// Device or session; one connection each.
    pub slot: String,
    /// When it opened.
    #[serde(with = "millis")]
    pub connected_at: Time,
    /// When it is asked to reconnect.
    #[serde(with = "millis")]
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

    fn key_of(user_id: &str, connection_id: &str) -> Key {
        Key::new(user_id, format!("{}{connection_id}", Self::PREFIX))
    }
}

impl Item for Connection {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "connection";

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.connection_id)
    }
}

/// Whose a connection is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectionOwner {
    #[serde(rename = "pk")]
    key: String,
    /// The person.
    pub user_id: String,
    /// Session whose right it uses.
    pub session_id: String,
    /// Device that is not the session's own and so has to be looked at by itself.
    #[serde(default)]
    pub device_id: Option<String>,
    /// Proven or not.
    pub state: State,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl ConnectionOwner {
    /// Where the owner of a connection lies.
    pub fn key_of(connection_id: &str) -> Key {
        Key::new(format!("conn#{connection_id}"), "owner")
    }
}

impl Item for ConnectionOwner {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "connection owner";

    fn key(&self) -> Key {
        Key::new(&self.key, "owner")
    }
}

/// Turns a ticket into a connection, in one transaction that removes the ticket, and returns the
/// connections that this one replaces.
///
/// # Errors
/// 401 for an unknown, used or old ticket and for one of a session that ended.
pub async fn admit_socket(
    tables: &Tables,
    ticket: &str,
    connection_id: &str,
    jitter: u16,
    now: Time,
) -> Result<Opened> {
    let secret = crate::crypto::decode(ticket).ok_or(UNAUTHENTICATED)?;
    let key = Ticket::key_of(&secret);
    let ticket: Option<Ticket> = tables.get_consistent(&key).await?;
    let ticket = ticket
        .filter(|ticket| ticket.is_open(now))
        .ok_or(UNAUTHENTICATED)?;
    let session_key = Session::key_of(&ticket.user_id, &ticket.session_id);
    let session: Option<Session> = tables.get_consistent(&session_key).await?;
    session
        .filter(|session| session.is_live(now))
        .ok_or(UNAUTHENTICATED)?;
    let others = Connection::of_user_now(tables, &ticket.user_id, now).await?;
    let (connection, owner) = rows(&ticket, connection_id, jitter, now);
    let commit = Commit::new()
        .delete::<Ticket>(key, Some((Condition::Present, &UNAUTHENTICATED)))
        .check::<Session>(session_key, not_revoked(), &UNAUTHENTICATED)
        .put(&connection)
        .put(&owner);
    let commit = match &ticket.device_id {
        Some(device) => {
            let device = Device::key_of(&ticket.user_id, device);
            commit.check::<Device>(device, Device::stands(), &UNAUTHENTICATED)
        }
        None => commit,
    };
    tables.commit(commit).await?;
    let replaced = replaced(&connection, others, now);
    Ok(Opened {
        user_id: ticket.user_id,
        replaced,
    })
}

/// A socket that has been opened.
#[derive(Debug)]
pub struct Opened {
    /// Whose it is.
    pub user_id: String,
    /// Connections that give way to it.
    pub replaced: Vec<Connection>,
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

/// That a session has not been revoked, at the very instant of a commit.
fn not_revoked() -> Condition {
    Condition::All(vec![Condition::Present, Condition::Missing("revoked_at")])
}

fn rows(
    ticket: &Ticket,
    connection_id: &str,
    jitter: u16,
    now: Time,
) -> (Connection, ConnectionOwner) {
    let expires = now.plus(CONNECTION_MS).seconds();
    let shift = i64::from(jitter) * 2 * ROTATE_JITTER_MS / i64::from(u16::MAX);
    let connection = Connection {
        user_id: ticket.user_id.clone(),
        connection_id: connection_id.to_owned(),
        session_id: ticket.session_id.clone(),
        slot: ticket.slot.clone(),
        connected_at: now,
        rotate_at: now.plus(ROTATE_MS - ROTATE_JITTER_MS + shift),
        expires,
    };
    let owner = ConnectionOwner {
        key: format!("conn#{connection_id}"),
        user_id: ticket.user_id.clone(),
        session_id: ticket.session_id.clone(),
        device_id: ticket.device_id.clone(),
        state: State::Ready,
        expires,
    };
    (connection, owner)
}

/// Which of the others give way: older ones of the slot, unless they are being rotated and live
/// on until the newer has resumed; and the oldest beyond [`SLOTS_MAX`].
fn replaced(new: &Connection, others: Vec<Connection>, now: Time) -> Vec<Connection> {
    let (same, mut rest): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|other| other.slot == new.slot);
    let mut away: Vec<_> = same
        .into_iter()
        .filter(|other| other.rotate_at > now)
        .collect();
    rest.sort_by_key(|other| std::cmp::Reverse(other.connected_at));
    away.extend(rest.into_iter().skip(SLOTS_MAX - 1));
    away
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

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(id: &str, slot: &str, at: i64) -> Connection {
        Connection {
            user_id: "usr".into(),
            connection_id: id.into(),
            session_id: "ses".into(),
            slot: slot.into(),
            connected_at: Time(at),
            rotate_at: Time(at + ROTATE_MS),
            expires: 0,
        }
    }

    #[test]
    fn a_newer_connection_replaces_the_older_of_its_slot() {
        let new = connection("c", "phone", 10);
        let others = vec![connection("a", "phone", 1), connection("b", "laptop", 2)];
        let away = replaced(&new, others, Time(10));
        assert_eq!(
            away.iter()
                .map(|one| one.connection_id.as_str())
                .collect::<Vec<_>>(),
            ["a"]
        );
    }

    #[test]
    fn a_rotating_connection_lives_on_until_the_newer_has_resumed() {
        let new = connection("c", "phone", ROTATE_MS + 1);
        let away = replaced(&new, vec![connection("a", "phone", 1)], Time(ROTATE_MS + 1));
        assert!(away.is_empty());
    }

    #[test]
    fn the_eleventh_slot_replaces_the_oldest() {
        let others = (0..10)
            .map(|n| connection(&n.to_string(), &format!("slot{n}"), n))
            .collect();
        let away = replaced(&connection("new", "slot10", 50), others, Time(50));
        assert_eq!(
            away.iter()
                .map(|one| one.connection_id.as_str())
                .collect::<Vec<_>>(),
            ["0"]
        );
    }
}
