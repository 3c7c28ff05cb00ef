//! Messages newest first, from the minute log or from one person's conversations.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::day::LogDay;
use super::log::{Entry, LogRow, day_of, minute_of, partition, place_of};
use super::strand::Strands;
use super::tally::DayTally;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::messaging::archive::Shelf;
use crate::messaging::head::Head;
use crate::messaging::message::Message;
use crate::table::{Item, Key, Name, Query, Range, Value};
use crate::time::{DAY_MS, Time};

/// Rows of the log that are read at once.
const CHUNK: usize = 200;
/// Rows of one minute, at most.
const MINUTE_ROWS_MAX: usize = 100_000;
/// Days that are looked up at once.
const DAYS: usize = 30;

/// A place in the order of all messages: newest first, then by conversation and number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Epoch milliseconds at which the message was sent.
    pub at: i64,
    /// `cnv_…`
    pub id: String,
    /// Its number.
    pub seq: i64,
}

/// A message that was found, with its row where that is read already.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its place in the order.
    pub place: Position,
    /// Where it lies.
    pub key: Key,
    /// Itself.
    pub row: Option<Message>,
}

impl Hit {
    /// A message whose row is known.
    pub fn of(message: Message) -> Self {
        Self {
            place: Position {
                at: message.created_at.ms(),
                id: message.conversation_id.clone(),
                seq: message.seq,
            },
            key: message.key(),
            row: Some(message),
        }
    }

    fn logged(entry: &Entry) -> Self {
        Self {
            place: Position {
                at: entry.at.ms(),
                id: entry.conversation_id(),
                seq: entry.seq,
            },
            key: entry.row(),
            row: None,
        }
    }
}

/// Which messages are looked at: sent from `from` on, before `to`, and behind a place.
#[derive(Clone, Debug)]
pub struct Period {
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub to: Time,
    /// Behind this place.
    pub behind: Option<Position>,
}

impl Period {
    /// Whether a message lies in it.
    pub fn has(&self, place: &Position) -> bool {
        place.at < self.to.ms()
            && self.from.is_none_or(|from| place.at >= from.ms())
            && self.behind.as_ref().is_none_or(|behind| place < behind)
    }

    /// The newest instant of which something may lie in it.
    pub fn newest(&self) -> Time {
        let last = self.to.plus(-1);
        self.behind
            .as_ref()
            .map_or(last, |behind| last.min(Time(behind.at)))
    }
}

/// Where messages come from.
pub enum Source<'a> {
    /// The minute log.
    Log(Log<'a>),
    /// One person's conversations.
    Person(Strands<'a>),
}

impl Source<'_> {
    /// The next messages, at most `limit`; none at the end.
    ///
    /// # Errors
    /// 503 when a service does not answer.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Hit>> {
        match self {
            Self::Log(log) => log.next(limit).await,
            Self::Person(strands) => strands.next(limit).await,
        }
    }
}

/// The day that is being read.
struct Day {
    start: Time,
    /// Rows below this place are not read.
    below: i64,
    gone: HashSet<[u8; 16]>,
}

/// The minute log, read backwards in time.
pub struct Log<'a> {
    tables: &'a Tables,
    log: &'static str,
    period: Period,
    days: VecDeque<Time>,
    /// The day before which days are to be looked up; none when there are no more.
    older: Option<Time>,
    day: Option<Day>,
    ready: VecDeque<Hit>,
}

impl<'a> Log<'a> {
    /// A log from the newest message of the period on.
    pub fn new(tables: &'a Tables, log: &'static str, period: Period) -> Self {
        Self {
            tables,
            log,
            older: Some(period.newest()),
            period,
            days: VecDeque::new(),
            day: None,
            ready: VecDeque::new(),
        }
    }

    async fn next(&mut self, limit: usize) -> Result<Vec<Hit>> {
        while self.ready.len() < limit {
            if self.day.is_none() && !self.turn().await? {
                break;
            }
            self.fill().await?;
        }
        let count = self.ready.len().min(limit);
        Ok(self.ready.drain(..count).collect())
    }

    /// Goes to the next older day, if there is one.
    async fn turn(&mut self) -> Result<bool> {
        if self.days.is_empty() {
            let Some(older) = self.older else {
                return Ok(false);
            };
            let found = DayTally::list(self.tables, (self.period.from, older), DAYS).await?;
            let starts: Vec<Time> = found.iter().filter_map(DayTally::start).collect();
            let last = starts.last().filter(|_| found.len() == DAYS);
            self.older = last.map(|last| last.plus(-1));
            self.days.extend(starts);
        }
        let Some(start) = self.days.pop_front() else {
            return Ok(false);
        };
        let newest = self.period.newest();
        let below = match day_of(newest) == day_of(start) {
            true => minute_of(newest) + 1,
            false => DAY_MS / crate::time::MINUTE_MS,
        };
        let query = Query::of(Name::Insight, partition(self.log, start)).prefix("x");
        let gone: Vec<LogRow> = self.tables.query(query.limit(MINUTE_ROWS_MAX)).await?;
        let gone = gone.iter().flat_map(|row| row.read(start));
        self.day = Some(Day {
            start,
            below,
            gone: gone.map(|entry| entry.key).collect(),
        });
        Ok(true)
    }

    /// Reads whole minutes of the day.
    async fn fill(&mut self) -> Result<()> {
        let Some(mut day) = self.day.take() else {
            return Ok(());
        };
        let place = |minute: i64| Value::S(place_of(minute));
        let pk = partition(self.log, day.start);
        let range = Range::Between(place(0), place(day.below));
        let query = Query::of(Name::Insight, &*pk).range(range).backward();
        let mut rows: Vec<LogRow> = self.tables.query(query.limit(CHUNK).consistent()).await?;
        let is_over = rows.len() < CHUNK;
        let first = rows.last().and_then(LogRow::minute).unwrap_or(0);
        if !is_over {
            // The chunk may have cut its last minute.
            let newest = rows.first().and_then(LogRow::minute);
            rows.retain(|row| row.minute() != Some(first));
            day.below = first + 1;
            if newest == Some(first) {
                let range = Range::Between(place(first), place(first + 1));
                let query = Query::of(Name::Insight, pk).range(range).consistent();
                rows = self.tables.query(query.limit(MINUTE_ROWS_MAX)).await?;
                day.below = first;
            }
        }
        let mut known = HashSet::new();
        let entries = rows.iter().flat_map(|row| row.read(day.start));
        let entries = entries.filter(|entry| !day.gone.contains(&entry.key));
        let entries = entries.filter(|entry| known.insert(entry.key));
        let hits = entries.map(|entry| Hit::logged(&entry));
        let mut hits: Vec<Hit> = hits.filter(|hit| self.period.has(&hit.place)).collect();
        hits.sort_by(|one, other| other.place.cmp(&one.place));
        self.ready.extend(hits);
        if !is_over && day.below > 0 {
            self.day = Some(day);
        }
        Ok(())
    }
}

/// Reads the rows that are not known yet; from the archive where they rest there. What is gone for
/// good is left out.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn resolve(tables: &Tables, shelf: &Shelf, hits: Vec<Hit>) -> Result<Vec<Hit>> {
    let missing = |hits: &[Hit]| -> Vec<Key> {
        let unread = hits.iter().filter(|hit| hit.row.is_none());
        unread.map(|hit| hit.key.clone()).collect()
    };
    let found: Vec<Message> = tables.get_many(&missing(&hits)).await?;
    let mut rows: BTreeMap<Key, Message> = BTreeMap::new();
    rows.extend(found.into_iter().map(|row| (row.key(), row)));
    let mut resting: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for hit in hits.iter().filter(|hit| hit.row.is_none()) {
        if !rows.contains_key(&hit.key) {
            let span = resting.entry(hit.place.id.clone());
            let span = span.or_insert((hit.place.seq, hit.place.seq));
            *span = (span.0.min(hit.place.seq), span.1.max(hit.place.seq));
        }
    }
    for (id, (first, last)) in resting {
        let head: Option<Head> = tables.get_consistent(&Head::key_of(&id)).await?;
        let Some(head) = head else { continue };
        let many = usize::try_from(last - first + 1).unwrap_or(1);
        let chunk = shelf.chunk(tables, &head, (first - 1, false), many).await?;
        rows.extend(chunk.into_iter().map(|row| (row.key(), row)));
    }
    let filled = hits.into_iter().filter_map(|mut hit| {
        if hit.row.is_none() {
            hit.row = Some(rows.get(&hit.key)?.clone());
        }
        Some(hit)
    });
    Ok(filled.collect())
}
