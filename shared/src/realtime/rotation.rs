//! Renewal and clean-up of connections, and the advice for reconnecting: all from the index of due
//! rows, so that a run costs what is due and not what is open.

use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::connection::{
    Connection, ConnectionOwner, ROTATE_JITTER_MS, ROTATE_MS, SHARDS, drop_socket,
};
use super::handshake::PROOF_MS;
use super::push::Push;
use crate::aws::dynamo::Tables;
use crate::aws::queue::{Frames, Queue};
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};
use crate::http::{Call, wire};
use crate::table::{Commit, DUE, Get, Item, Key, Live, Name, Query, Range, Table, Value};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Time, millis};

/// How far a run looks back when it does not know where the last one ended, milliseconds.
const BACK_MS: i64 = 15 * MINUTE_MS;
/// Over how long the reconnects of one minute are spread, milliseconds.
const SPREAD_MS: i64 = 30 * SECOND_MS;
/// After its rotation a connection has at least so long until its rows expire, milliseconds.
const LEFT_MS: i64 = 15 * MINUTE_MS;
/// How far ahead a run looks for the next instant, milliseconds. A connection that is not there yet
/// is due later than that, with five minutes to spare for clocks and the index.
const AHEAD_MS: i64 = ROTATE_MS - ROTATE_JITTER_MS - 5 * MINUTE_MS;
/// Rows of one shard that one run handles; the next run goes on.
const ROWS_MAX: usize = 20_000;
/// Connections of one shard that are counted; beyond, the advice is long enough anyway.
const COUNT_MAX: usize = 100_000;
/// New connections per second that reconnecting clients may need together, below the 500 that the
/// gateway admits.
const PER_SECOND: i64 = 400;
/// How long an instance believes the count, milliseconds.
const KEEP_MS: i64 = MINUTE_MS;
/// Close code: no proof came in time.
const FAILED: u16 = 4001;

/// How far the rotation or the clean-up has come, and how many connections are open.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    #[serde(rename = "sk")]
    what: String,
    /// Instant up to which everything due is done.
    #[serde(default, with = "millis")]
    pub until: Time,
    /// Before this instant nothing can be due, so nobody has to look.
    #[serde(default, with = "millis")]
    pub next: Time,
    /// Connections, extrapolated from one shard.
    #[serde(default)]
    pub count: i64,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Progress {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "progress";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.what)
    }
}

impl Progress {
    fn key_of(what: &str) -> Key {
        Key::new("sockets", what)
    }

    async fn of(tables: &Tables, what: &str) -> Result<Self> {
        let known: Option<Self> = tables.get(&Self::key_of(what)).await?;
        Ok(known.unwrap_or_else(|| Self {
            what: what.to_owned(),
            ..Self::default()
        }))
    }

    /// Notes how far a run has come, if it is any further.
    async fn note(&self, tables: &Tables, next: Self) -> Result<()> {
        if (self.next, self.count) == (next.next, next.count) {
            return Ok(());
        }
        Ok(tables.commit(Commit::new().put(&next)).await?)
    }
}

async fn due<T: Item>(
    tables: &Tables,
    kind: &str,
    shard: u8,
    (from, to, most): (Time, Time, usize),
) -> Result<Vec<T>> {
    let number = |at: Time| Value::N(at.ms().to_string());
    let query = Query::of(Name::Live, format!("{kind}#{shard}"))
        .by(DUE)
        .range(Range::Between(number(from), number(to)))
        .limit(most);
    tables.query(query).await
}

/// The first instant from `from` on at which a connection is due; [`AHEAD_MS`] from now if none is
/// before. 0.5 RRU per shard.
async fn earliest(tables: &Tables, from: Time, now: Time) -> Result<Time> {
    let mut first = now.plus(AHEAD_MS);
    for shard in 0..SHARDS {
        let found: Vec<Connection> = due(tables, "conn", shard, (from, first, 1)).await?;
        first = found.iter().map(|one| one.rotate_at).fold(first, Time::min);
    }
    Ok(first)
}

/// Asks the connections whose instant of rotation has come since the last run to reconnect. A run
/// before the next instant at which one is due reads one row.
///
/// # Errors
/// 503 when table or queue do not answer; the next run does it again, under the same frame ids.
pub async fn rotate(tables: &Tables, frames: &Queue<Frames>, now: Time) -> Result<usize> {
    let last = Progress::of(tables, "rotated").await?;
    if now < last.next {
        return Ok(0);
    }
    let from = last.until.plus(1).max(now.plus(-BACK_MS));
    let (mut told, mut until) = (0, now);
    for shard in 0..SHARDS {
        let due: Vec<Connection> = due(tables, "conn", shard, (from, now, ROWS_MAX)).await?;
        let pushes: Vec<_> = due.iter().map(|one| renewal(one, now)).collect();
        frames.send(&pushes, "rotation").await?;
        told += pushes.len();
        if let (ROWS_MAX.., Some(last)) = (due.len(), due.last()) {
            until = until.min(last.rotate_at.plus(-1));
        }
    }
    let next = match told {
        0 => earliest(tables, now.plus(1), now).await?,
        _ => now,
    };
    let progress = Progress {
        until,
        next,
        expires: now.plus(DAY_MS).seconds(),
        ..last.clone()
    };
    last.note(tables, progress).await?;
    Ok(told)
}

fn renewal(connection: &Connection, now: Time) -> Push {
    let id = &connection.connection_id;
    let [a, b, ..] = crate::crypto::sha256(&[b"spread", id.as_bytes()]);
    let after_ms = i64::from(u16::from_be_bytes([a, b])) * SPREAD_MS / i64::from(u16::MAX);
    let data = json!({ "after_ms": after_ms, "reason": "rotation" });
    Push {
        user_id: connection.user_id.clone(),
        connections: vec![id.clone()],
        frame: wire::frame(&format!("reconnect-{id}"), "reconnect", now, data),
        close: false,
    }
}

/// What a clean-up removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reaped {
    /// Connections past their expiry.
    pub expired: usize,
    /// Connections that never proved anything.
    pub pending: usize,
}

/// Removes rows past their expiry, ends connections without proof, and counts the open ones.
///
/// # Errors
/// 503 when table or queue do not answer; the next run goes on.
pub async fn reap(tables: &Tables, frames: &Queue<Frames>, now: Time) -> Result<Reaped> {
    let last = Progress::of(tables, "count").await?;
    let mut progress = Progress {
        until: now,
        expires: now.plus(DAY_MS).seconds(),
        ..last.clone()
    };
    let mut reaped = Reaped::default();
    for shard in 0..SHARDS {
        let span = (Time(0), now.plus(-PROOF_MS), ROWS_MAX);
        let idle: Vec<ConnectionOwner> = due(tables, "pend", shard, span).await?;
        let away = |one: &ConnectionOwner| {
            Push::farewell_to(&one.user_id, &[one.connection_id()], FAILED, now)
        };
        let pushes: Vec<_> = idle.iter().map(away).collect();
        frames.send(&pushes, "reaping").await?;
        reaped.pending += pushes.len();
    }
    if now >= last.next {
        (reaped.expired, progress.next) = expire(tables, now).await?;
    }
    progress.count = count(tables, now).await?;
    last.note(tables, progress).await?;
    Ok(reaped)
}

/// Removes rows past their expiry; gives their number and the next instant at which one may be.
async fn expire(tables: &Tables, now: Time) -> Result<(usize, Time)> {
    let old = now.plus(-LEFT_MS);
    let (mut expired, mut next) = (0, earliest(tables, old.plus(1), now).await?.plus(LEFT_MS));
    for shard in 0..SHARDS {
        let found: Vec<Connection> = due(tables, "conn", shard, (Time(0), old, ROWS_MAX)).await?;
        for one in &found {
            if one.expires <= now.seconds() {
                drop_socket(tables, &one.user_id, &one.connection_id).await?;
                expired += 1;
            } else {
                next = next.min(Time(one.expires * SECOND_MS));
            }
        }
        if found.len() >= ROWS_MAX {
            next = now;
        }
    }
    Ok((expired, next))
}

/// Counts one shard, another one each time, and takes the others to be like it.
async fn count(tables: &Tables, now: Time) -> Result<i64> {
    let turn = now.ms() / (5 * MINUTE_MS) % i64::from(SHARDS);
    let shard = u8::try_from(turn).unwrap_or_default();
    let span = (Time(0), now.plus(DAY_MS), COUNT_MAX);
    let open: Vec<Connection> = due(tables, "conn", shard, span).await?;
    let open = open
        .iter()
        .filter(|one| one.expires > now.seconds())
        .count();
    let open = i64::try_from(open).unwrap_or(i64::MAX);
    Ok(open.saturating_mul(SHARDS.into()))
}

/// How a client waits before it reconnects: full jitter between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reconnect {
    /// Least wait, seconds.
    pub min_seconds: i64,
    /// Most wait, seconds.
    pub max_seconds: i64,
}

impl Reconnect {
    /// The advice while so many connections are open.
    pub fn among(connections: i64) -> Self {
        Self {
            min_seconds: 1,
            max_seconds: (connections / PER_SECOND).max(5),
        }
    }
}

/// The capability to advise clients; reads the count at most once per minute and instance.
#[derive(Debug, Clone, Copy)]
pub struct Advice(pub Reconnect);

#[derive(Default)]
struct Known(Mutex<Option<(Time, i64)>>);

impl Take<Call> for Advice {
    const GRANTS: &'static [&'static [Grant]] = <Table<Get<Live>> as Take<Call>>::GRANTS;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let known: Arc<Known> = env.part(|_| Known::default());
        let last = *known.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, count)) = last
            && call.now.since(at) < KEEP_MS
        {
            return Ok(Self(Reconnect::among(count)));
        }
        let key = Progress::key_of("count");
        let count = match Tables::of(env).get::<Progress>(&key).await {
            Ok(found) => found.map_or(0, |found| found.count),
            // Advice is no reason to refuse anybody.
            Err(_) => last.map_or(0, |(_, count)| count),
        };
        let mut kept = known.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((call.now, count));
        Ok(Self(Reconnect::among(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_grows_with_the_connections() {
        for (open, seconds) in [(0, 5), (2_000, 5), (4_000, 10), (100_000, 250)] {
            assert_eq!(Reconnect::among(open).max_seconds, seconds);
        }
    }
}
