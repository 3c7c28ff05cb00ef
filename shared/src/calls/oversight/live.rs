//! Calls that are not over, newest first, as their index shows them.

use std::collections::{HashMap, VecDeque};

use super::entry::Entry;
use super::source::Period;
use crate::aws::dynamo::Tables;
use crate::calls::call::{Call, LIVE_SHARDS, RING_SECONDS};
use crate::calls::history::Place;
use crate::calls::sweep::CallRef;
use crate::calls::words::{CallType, Status};
use crate::error::Result;
use crate::table::{LIVE_CALLS, Name, Query, Range, Value};
use crate::time::{SECOND_MS, Time};

/// References of a shard that are read first …
const CHUNK: usize = 150;
/// … and at once, if many are wanted.
const CHUNK_MAX: usize = 5_000;
/// The index tells the end of the ringing, which is always so long after its beginning.
const RING_MS: i64 = RING_SECONDS * SECOND_MS;
/// Running calls that figures count one by one, newest first.
const READ_MAX: usize = 10_000;
/// Running calls that figures count at all, newest first.
const COUNTED_MAX: usize = 200_000;
/// Rows that are read before they are counted.
const ROWS: usize = 1_000;

/// What is read of one shard.
struct Shard {
    ready: VecDeque<Place>,
    /// The newest end of ringing that is not read; none when there is nothing more.
    until: Option<i64>,
    limit: usize,
}

impl Shard {
    /// Reads some more, whole instants: the index does not order the calls of one.
    async fn fill(&mut self, tables: &Tables, pk: &str, period: &Period) -> Result<()> {
        while let Some(until) = self.until.filter(|_| self.ready.is_empty()) {
            let number = |number: i64| Value::N(number.to_string());
            let query = Query::of(Name::Data, pk)
                .by(LIVE_CALLS)
                .range(Range::Between(number(rung(period)), number(until)))
                .backward()
                .limit(self.limit);
            let list: Vec<CallRef> = tables.query(query).await?;
            let is_cut = list.len() == self.limit;
            let cut = list.last().filter(|_| is_cut).map(|last| last.live_at);
            self.until = cut;
            let whole = list.into_iter().filter(|one| Some(one.live_at) != cut);
            let places = whole.map(|one| Place {
                at: one.live_at - RING_MS,
                id: one.call_id,
            });
            let mut places: Vec<Place> = places.collect();
            self.limit = match places.is_empty() {
                true => self.limit * 2,
                false => (self.limit * 2).min(CHUNK_MAX),
            };
            places.retain(|place| period.has(place));
            places.sort_by(|one, other| other.cmp(one));
            self.ready = places.into();
        }
        Ok(())
    }
}

/// The first end of ringing in a period.
fn rung(period: &Period) -> i64 {
    period.from.map_or(0, |from| from.plus(RING_MS).ms().max(0))
}

/// The calls of a period that are not over, read piece by piece. What has just ended may still be
/// among them.
pub struct Live<'a> {
    tables: &'a Tables,
    period: Period,
    shards: Vec<Shard>,
}

impl<'a> Live<'a> {
    /// From the newest call of the period on.
    pub fn new(tables: &'a Tables, period: Period) -> Self {
        let until = period.newest().plus(RING_MS).ms();
        let shard = |_| Shard {
            ready: VecDeque::new(),
            until: Some(until).filter(|until| *until >= rung(&period)),
            limit: CHUNK,
        };
        Self {
            tables,
            shards: (0..LIVE_SHARDS).map(shard).collect(),
            period,
        }
    }

    /// The next one, which stays the next.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn first(&mut self) -> Result<Option<&Place>> {
        for (number, shard) in (0..LIVE_SHARDS).zip(&mut self.shards) {
            if shard.ready.is_empty() && shard.until.is_some() {
                let pk = Call::live_partition(number);
                shard.fill(self.tables, &pk, &self.period).await?;
            }
        }
        let heads = self.shards.iter().map(|shard| shard.ready.front());
        Ok(heads.max().flatten())
    }

    /// Takes what [`Self::first`] told.
    pub fn pop(&mut self) -> Option<Place> {
        let heads = self.shards.iter_mut();
        let next = heads.max_by(|one, other| one.ready.front().cmp(&other.ready.front()));
        next?.ready.pop_front()
    }

    /// At most so many.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        while found.len() < limit && self.first().await?.is_some() {
            found.extend(self.pop());
        }
        Ok(found)
    }
}

/// What figures say of a call whose row was not read: after its ringing and the wait for media
/// whatever is not over is connected.
fn connected(place: Place) -> (String, Entry) {
    let entry = Entry {
        call_id: place.id.clone(),
        at: Time(place.at),
        version: 0,
        kind: CallType::Audio,
        status: Status::Connected,
        answered: true,
        connected: false,
        quality: None,
        seconds: 0,
        minutes: 0,
        credits: 0,
    };
    (place.id, entry)
}

/// What figures say of the calls of a period that are not over, by their ids, and whether that is
/// not of each one: of many the newest 10,000 are read, and the older ones taken as connected.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn running(
    tables: &Tables,
    period: Period,
    now: Time,
) -> Result<(HashMap<String, Entry>, bool)> {
    let mut live = Live::new(tables, period);
    let mut found = HashMap::new();
    let newest = live.next(READ_MAX).await?;
    for some in newest.chunks(ROWS) {
        let keys: Vec<_> = some.iter().map(|place| Call::key_of(&place.id)).collect();
        let calls: Vec<Call> = tables.get_many(&keys).await?;
        let open = calls.iter().filter(|call| !call.status.is_terminal());
        found.extend(open.map(|call| (call.call_id.clone(), Entry::of(&call.seen(now)))));
    }
    let older = live.next(COUNTED_MAX - READ_MAX).await?;
    let is_capped = !older.is_empty();
    found.extend(older.into_iter().map(connected));
    Ok((found, is_capped))
}
