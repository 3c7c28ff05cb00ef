//! Opening a socket, and which older ones give way to it.

use super::connection::{Connection, ConnectionOwner, Right, State, rows, shard};
use super::push::Push;
use super::ticket::Ticket;
use crate::accounts::session::Session;
use crate::aws::dynamo::Tables;
use crate::aws::queue::{Frames, Queue};
use crate::error::{Result, UNAUTHENTICATED};
use crate::http::limit::Activity;
use crate::id::is_id;
use crate::relay::{Device, DeviceOwner};
use crate::table::{Commit, Condition};
use crate::time::{MINUTE_MS, Time};

/// Most slots of a person; one more replaces the least recently active.
pub const SLOTS_MAX: usize = 10;
/// How long a connection that is being rotated lives on beside its successor, seconds.
const OVERLAP_SECONDS: i32 = 30;
/// How long the row of a connection without proof is kept at most, milliseconds.
const PENDING_MS: i64 = 10 * MINUTE_MS;
/// Close code: another connection of the slot took its place.
const REPLACED: u16 = 4009;

/// Turns a ticket into a connection, in one transaction that removes the ticket, and lets older
/// connections go.
///
/// # Errors
/// 401 for an unknown, used or old ticket and for one of a session or device that ended.
pub async fn admit_socket(
    tables: &Tables,
    frames: &Queue<Frames>,
    ticket: &str,
    connection_id: &str,
    (jitter, now): (u16, Time),
) -> Result<()> {
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
    let right = Right {
        user_id: ticket.user_id,
        session_id: ticket.session_id,
        slot: ticket.slot,
        device_id: ticket.device_id,
    };
    let (connection, owner) = rows(&right, connection_id, jitter, (now, now));
    let spent = Commit::new().delete::<Ticket>(key, Some((Condition::Present, &UNAUTHENTICATED)));
    establish(tables, frames, (connection, owner), &right, spent, now).await
}

/// Writes the rows of a proven connection beside the end of what proved it, and tells the
/// connections that give way.
pub(super) async fn establish(
    tables: &Tables,
    frames: &Queue<Frames>,
    (connection, mut owner): (Connection, ConnectionOwner),
    right: &Right,
    proof: Commit,
    now: Time,
) -> Result<()> {
    let mut others = Connection::of_user_now(tables, &right.user_id, now).await?;
    others.retain(|other| other.connection_id != connection.connection_id);
    let activity = match others.len() >= SLOTS_MAX {
        true => tables.get(&Activity::key_of(&right.user_id)).await?,
        false => None,
    };
    let leaving = displace(&connection, others, activity.as_ref(), now);
    owner.elders = leaving.later.iter().map(id_of).collect();
    let session_key = Session::key_of(&right.user_id, &right.session_id);
    let mut commit = proof
        .check::<Session>(session_key, not_revoked(), &UNAUTHENTICATED)
        .put(&connection);
    if owner.connected_at == connection.connected_at {
        commit = commit.put(&owner);
    } else {
        // The row of a connection that was pending changes only once.
        let pending = Condition::text("state", "pending");
        commit = commit.replace(&owner, pending, &UNAUTHENTICATED);
    }
    if let Some(device) = &right.device_id {
        let device = Device::key_of(&right.user_id, device);
        commit = commit.check::<Device>(device, Device::stands(), &UNAUTHENTICATED);
    }
    tables.commit(commit).await?;
    leaving.tell(frames, &right.user_id, now).await
}

fn id_of(connection: &Connection) -> String {
    connection.connection_id.clone()
}

/// Notes a connection that still has to prove which device it is.
///
/// # Errors
/// 401 for a device that never was.
pub async fn expect_proof(
    tables: &Tables,
    device_id: &str,
    connection_id: &str,
    now: Time,
) -> Result<()> {
    if !is_id("dev", device_id) {
        return Err(UNAUTHENTICATED.into());
    }
    let device: Option<DeviceOwner> = tables.get(&DeviceOwner::key_of(device_id)).await?;
    let device = device.ok_or(UNAUTHENTICATED)?;
    let pending = ConnectionOwner {
        key: format!("conn#{connection_id}"),
        user_id: device.user_id,
        session_id: None,
        device_id: Some(device_id.to_owned()),
        state: State::Pending,
        connected_at: now,
        challenge: None,
        elders: Vec::new(),
        strikes: None,
        due_shard: Some(shard("pend", connection_id)),
        due_at: Some(now),
        expires: now.plus(PENDING_MS).seconds(),
    };
    Ok(tables.commit(Commit::new().put(&pending)).await?)
}

/// That a session has not been revoked, at the very instant of a commit.
fn not_revoked() -> Condition {
    Condition::All(vec![Condition::Present, Condition::Missing("revoked_at")])
}

/// Connections that give way to a newer one.
#[derive(Debug, Default, PartialEq)]
struct Leaving {
    /// At once.
    now: Vec<Connection>,
    /// When the newer one has resumed, at most 30 s from now.
    later: Vec<Connection>,
}

impl Leaving {
    async fn tell(&self, frames: &Queue<Frames>, user_id: &str, now: Time) -> Result<()> {
        if !self.now.is_empty() {
            let push = Push::farewell(user_id, &self.now, REPLACED, now);
            frames.send(&[push], CAUSE).await?;
        }
        if !self.later.is_empty() {
            let push = Push::farewell(user_id, &self.later, REPLACED, now);
            frames.send_later(&[push], OVERLAP_SECONDS, CAUSE).await?;
        }
        Ok(())
    }
}

/// Request id of what an opened socket causes.
const CAUSE: &str = "socket";

/// Which of the others give way: older ones of the slot, at once or, past their instant of
/// rotation, when the newer has resumed; and beyond [`SLOTS_MAX`] the least recently active.
fn displace(
    new: &Connection,
    others: Vec<Connection>,
    activity: Option<&Activity>,
    now: Time,
) -> Leaving {
    let (same, mut rest): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|other| other.slot == new.slot);
    let (later, mut away): (Vec<_>, Vec<_>) =
        same.into_iter().partition(|other| other.rotate_at <= now);
    let active = |other: &Connection| {
        let seen = activity.and_then(|activity| activity.of_slot(&other.slot));
        seen.unwrap_or(other.connected_at).max(other.connected_at)
    };
    rest.sort_by_key(|other| (std::cmp::Reverse(active(other)), id_of(other)));
    away.extend(rest.into_iter().skip(SLOTS_MAX - 1));
    Leaving { now: away, later }
}

/// Ends the older connections of the slot that waited for this one to resume.
///
/// # Errors
/// 503 when table or queue do not answer.
pub async fn relieve_elders(
    tables: &Tables,
    frames: &Queue<Frames>,
    connection_id: &str,
    now: Time,
) -> Result<()> {
    let key = ConnectionOwner::key_of(connection_id);
    let owner: Option<ConnectionOwner> = tables.get(&key).await?;
    let Some(owner) = owner.filter(|owner| !owner.elders.is_empty()) else {
        return Ok(());
    };
    let elders: Vec<_> = owner.elders.iter().map(String::as_str).collect();
    let push = Push::farewell_to(&owner.user_id, &elders, REPLACED, now);
    frames.send(&[push], CAUSE).await
}

#[cfg(test)]
mod tests {
    use super::super::connection::ROTATE_MS;
    use super::*;

    fn connection(id: &str, slot: &str, at: i64) -> Connection {
        Connection {
            user_id: "usr".into(),
            connection_id: id.into(),
            session_id: "ses".into(),
            slot: slot.into(),
            connected_at: Time(at),
            due_shard: shard("conn", id),
            rotate_at: Time(at + ROTATE_MS),
            expires: 0,
        }
    }

    fn ids(connections: &[Connection]) -> Vec<String> {
        connections.iter().map(id_of).collect()
    }

    #[test]
    fn a_newer_connection_replaces_the_older_of_its_slot() {
        let new = connection("c", "phone", 10);
        let others = vec![connection("a", "phone", 1), connection("b", "laptop", 2)];
        let leaving = displace(&new, others, None, Time(10));
        assert_eq!(ids(&leaving.now), ["a"]);
        assert!(leaving.later.is_empty());
    }

    #[test]
    fn a_rotating_connection_lives_on_until_the_newer_has_resumed() {
        let now = Time(ROTATE_MS + 1);
        let new = connection("c", "phone", now.ms());
        let leaving = displace(&new, vec![connection("a", "phone", 1)], None, now);
        assert!(leaving.now.is_empty());
        assert_eq!(ids(&leaving.later), ["a"]);
    }

    #[test]
    fn the_eleventh_slot_replaces_the_least_recently_active() {
        let others = || -> Vec<_> {
            let slot = |n: i64| connection(&n.to_string(), &format!("slot{n}"), n);
            (0..10).map(slot).collect()
        };
        let new = connection("new", "slot10", 50);
        let leaving = displace(&new, others(), None, Time(50));
        assert_eq!(ids(&leaving.now), ["0"], "nobody was active: the oldest");
        let activity = serde_json::json!({
            "pk": "usr", "slots": { "slot0": 40, "slot1": 45 }, "expires": 0,
        });
        let activity: Activity = serde_json::from_value(activity).expect("an activity");
        let leaving = displace(&new, others(), Some(&activity), Time(50));
        assert_eq!(ids(&leaving.now), ["2"]);
    }
}
