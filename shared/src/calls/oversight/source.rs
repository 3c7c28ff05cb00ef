//! Calls newest first: from the log and the live ones, or from the two indexes of one person.

use std::collections::VecDeque;

use super::day::CallDay;
use super::entry::{ALL, CallRow, newest};
use super::live::Live;
use crate::aws::dynamo::Tables;
use crate::calls::call::Call;
use crate::calls::history::{Filter, Place, references};
use crate::calls::words::{CallType, Status};
use crate::error::Result;
use crate::messaging::oversight::LogDay;
use crate::messaging::oversight::partition;
use crate::table::{Name, Query, Range, Value};
use crate::time::{DAY_MS, HOUR_MS, Time};

/// Rows of the log that are read at once.
const CHUNK: usize = 300;
/// Rows of one hour, at most.
const HOUR_ROWS_MAX: usize = 100_000;
/// Days that are looked up at once.
const DAYS: usize = 30;

/// A call that was found, with its row where that is read already.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its place in the order.
    pub place: Place,
    /// What it is and how far it came, where that is known.
    pub known: Option<(CallType, Status)>,
    /// Itself as it is now.
    pub row: Option<Call>,
}

impl Hit {
    /// A call of which nothing else is known.
    pub const fn at(place: Place) -> Self {
        Self {
            place,
            known: None,
            row: None,
        }
    }

    /// A call whose row is known.
    pub fn of(call: Call) -> Self {
        Self {
            place: Place {
                at: call.initiated_at.ms(),
                id: call.call_id.clone(),
            },
            known: Some((call.call_type, call.status)),
            row: Some(call),
        }
    }
}

/// Which calls are looked at: begun from `from` on, before `to`, and behind a place.
#[derive(Clone, Debug)]
pub struct Period {
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub to: Time,
    /// Behind this place.
    pub behind: Option<Place>,
}

impl Period {
    /// Whether a call lies in it.
    pub fn has(&self, place: &Place) -> bool {
        place.at < self.to.ms()
            && self.from.is_none_or(|from| place.at >= from.ms())
            && self.behind.as_ref().is_none_or(|behind| place < behind)
    }

    /// The newest instant of which something may lie in it.
    pub fn newest(&self) -> Time {
        let last = self.to.plus(-1);
        let behind = self.behind.as_ref();
        behind.map_or(last, |behind| last.min(Time(behind.at)))
    }
}

/// Where calls come from.
pub enum Source<'a> {
    /// The log, and what is not over.
    Log(Log<'a>),
    /// One person.
    Person(Person<'a>),
}

impl Source<'_> {
    /// The next calls, at most `limit`; none at the end.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Hit>> {
        match self {
            Self::Log(log) => log.next(limit).await,
            Self::Person(person) => person.next(limit).await,
        }
    }
}

/// The calls of one person.
pub struct Person<'a> {
    tables: &'a Tables,
    user_id: &'a str,
    period: Period,
    after: Place,
    is_over: bool,
}

impl<'a> Person<'a> {
    /// The calls of a person from the newest one of the period on.
    pub fn new(tables: &'a Tables, user_id: &'a str, period: Period) -> Self {
        let first = Place {
            at: period.to.ms(),
            id: String::new(),
        };
        let after = period
            .behind
            .clone()
            .map_or(first.clone(), |behind| behind.min(first));
        // Nothing happened before 1970, and the index takes no such bounds.
        let is_over = after.at < 0;
        Self {
            tables,
            user_id,
            period,
            after,
            is_over,
        }
    }

    async fn next(&mut self, limit: usize) -> Result<Vec<Hit>> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let which = (Filter::All, limit);
        let after = Some(&self.after);
        let (found, more) = references(self.tables, self.user_id, which, after).await?;
        let count = found.len();
        let places = found.into_iter().map(|one| Place {
            at: one.rang_at,
            id: one.call_id,
        });
        let places: Vec<Place> = places.filter(|place| self.period.has(place)).collect();
        self.is_over = !more || places.len() < count || places.is_empty();
        if let Some(last) = places.last() {
            self.after = last.clone();
        }
        Ok(places.into_iter().map(Hit::at).collect())
    }
}

/// The log of all calls, read backwards in time, together with the live ones.
pub struct Log<'a> {
    tables: &'a Tables,
    period: Period,
    live: Live<'a>,
    days: VecDeque<Time>,
    /// The day before which days are to be looked up; none when there are no more.
    older: Option<Time>,
    /// The day that is being read, and the hour below which nothing is read.
    day: Option<(Time, i64)>,
    ready: VecDeque<Hit>,
}

fn newest_first(hits: impl Iterator<Item = Hit>, period: &Period) -> VecDeque<Hit> {
    let mut hits: Vec<Hit> = hits.filter(|hit| period.has(&hit.place)).collect();
    hits.sort_by(|one, other| other.place.cmp(&one.place));
    hits.into()
}

impl<'a> Log<'a> {
    /// A log from the newest call of the period on.
    pub fn new(tables: &'a Tables, period: Period) -> Self {
        Self {
            tables,
            live: Live::new(tables, period.clone()),
            older: Some(period.newest()),
            period,
            days: VecDeque::new(),
            day: None,
            ready: VecDeque::new(),
        }
    }

    async fn next(&mut self, limit: usize) -> Result<Vec<Hit>> {
        let mut found = Vec::new();
        while found.len() < limit {
            // Before the log is read: what ends in between is found there.
            let running = self.live.first().await?.cloned();
            while self.ready.is_empty() && (self.day.is_some() || self.turn().await?) {
                self.fill().await?;
            }
            let logged = self.ready.front().map(|hit| &hit.place);
            let hit = match running.as_ref() > logged {
                true => self.live.pop().map(Hit::at),
                false => {
                    // What has just ended may be in both.
                    if running.is_some() && running.as_ref() == logged {
                        self.live.pop();
                    }
                    self.ready.pop_front()
                }
            };
            let Some(hit) = hit else { break };
            found.push(hit);
        }
        Ok(found)
    }

    /// Goes to the next older day, if there is one.
    async fn turn(&mut self) -> Result<bool> {
        if self.days.is_empty() {
            let Some(older) = self.older else {
                return Ok(false);
            };
            let found = CallDay::list(self.tables, (self.period.from, older), DAYS).await?;
            let starts: Vec<Time> = found.iter().filter_map(CallDay::start).collect();
            let last = starts.last().filter(|_| found.len() == DAYS);
            self.older = last.map(|last| last.plus(-1));
            self.days.extend(starts);
        }
        let Some(start) = self.days.pop_front() else {
            return Ok(false);
        };
        let newest = self.period.newest().since(start) / HOUR_MS;
        self.day = Some((start, newest.min(DAY_MS / HOUR_MS - 1) + 1));
        Ok(true)
    }

    /// Reads whole hours of the day.
    async fn fill(&mut self) -> Result<()> {
        let Some((start, mut below)) = self.day.take() else {
            return Ok(());
        };
        let place = |hour: i64| Value::S(CallRow::place_of(hour));
        let pk = partition(ALL, start);
        let range = Range::Between(place(0), place(below));
        let query = Query::of(Name::Insight, &*pk).range(range).backward();
        let mut rows: Vec<CallRow> = self.tables.query(query.limit(CHUNK).consistent()).await?;
        let is_over = rows.len() < CHUNK;
        let first = rows.last().and_then(CallRow::hour).unwrap_or(0);
        if !is_over {
            // The chunk may have cut its last hour.
            let newest = rows.first().and_then(CallRow::hour);
            rows.retain(|row| row.hour() != Some(first));
            below = first + 1;
            if newest == Some(first) {
                let range = Range::Between(place(first), place(first + 1));
                let query = Query::of(Name::Insight, pk).range(range).consistent();
                rows = self.tables.query(query.limit(HOUR_ROWS_MAX)).await?;
                below = first;
            }
        }
        let hits = newest(&rows, start).into_values().map(|entry| Hit {
            place: Place {
                at: entry.at.ms(),
                id: entry.call_id,
            },
            known: Some((entry.kind, entry.status)),
            row: None,
        });
        self.ready.extend(newest_first(hits, &self.period));
        if !is_over && below > 0 {
            self.day = Some((start, below));
        }
        Ok(())
    }
}

/// Reads the rows that are not known yet, as they are now. What is gone is left out.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn resolve(tables: &Tables, hits: Vec<Hit>, now: Time) -> Result<Vec<Call>> {
    let unread = hits.iter().filter(|hit| hit.row.is_none());
    let keys: Vec<_> = unread.map(|hit| Call::key_of(&hit.place.id)).collect();
    let mut found = tables.get_many::<Call>(&keys).await?.into_iter().peekable();
    let mut calls = Vec::with_capacity(hits.len());
    for hit in hits {
        let same = |call: &Call| call.call_id == hit.place.id;
        match hit.row {
            Some(call) => calls.push(call),
            None => calls.extend(found.next_if(same).map(|call| call.seen(now))),
        }
    }
    Ok(calls)
}
