//! Figures by hour and day: counted from the rows, and kept once the period is over.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::day::LogDay;
use super::fact::{Fact, FactRow};
use super::log::{ALL, Entry, LogRow, partition, place_of};
use super::sums::{Tally, became, merge, sent};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::pack::{Bytes, Unpacker};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Query, Range, Value};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time};

/// A period is kept so long after its end.
const SETTLED_MS: i64 = 5 * MINUTE_MS;
/// A row that is written so long after its hour makes what is kept of it stale. A worker lives
/// shorter than the difference to [`SETTLED_MS`].
const LATE_MS: i64 = 2 * MINUTE_MS;
/// Most rows of one hour that are read.
const ROWS_MAX: usize = 1_000_000;
/// Most bytes of senders that an hour keeps; with more it is counted every time.
const SENDERS_BYTES_MAX: usize = 300_000;

/// Whether a row of the hour may change what is kept of it.
pub fn is_late(hour: Time, now: Time) -> bool {
    let start = hour.ms().div_euclid(HOUR_MS) * HOUR_MS;
    now.ms() >= start + HOUR_MS + LATE_MS
}

fn json(tally: &Tally) -> Result<String> {
    serde_json::to_string(tally).map_err(|cause| INTERNAL_ERROR.because(cause))
}

fn read(text: &str) -> Result<Tally> {
    serde_json::from_str(text).map_err(|cause| INTERNAL_ERROR.because(cause))
}

/// A day on which something happened to messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayTally {
    /// Such as `2026-01-05`.
    #[serde(rename = "sk")]
    pub date: String,
    /// Raised by every row that came late.
    #[serde(default)]
    pub late: i64,
    /// What happened on it, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sums: Option<String>,
}

impl Item for DayTally {
    const TABLE: Name = Name::Insight;
    const KIND: &'static str = "Day of messages";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.date)
    }
}

impl LogDay for DayTally {
    const DAYS: &'static str = "messages";

    fn date(&self) -> &str {
        &self.date
    }
}

impl DayTally {
    /// What happened on the day.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn tally(&self, tables: &Tables, now: Time) -> Result<Tally> {
        if let Some(sums) = &self.sums {
            return read(sums);
        }
        let start = self
            .start()
            .ok_or_else(|| INTERNAL_ERROR.because("date of a day"))?;
        let mut tally = Tally::new();
        for hour in 0..24 {
            let at = start.plus(hour * HOUR_MS);
            if at <= now {
                merge(&mut tally, &HourTally::of(tables, at, now).await?.tally()?);
            }
        }
        if now.ms() >= start.ms() + DAY_MS + SETTLED_MS {
            let kept = vec![Change::text("sums", json(&tally)?)];
            keep::<Self>(tables, self.key(), self.late, kept).await?;
        }
        Ok(tally)
    }
}

/// Stores what was counted, unless a row came late since it was read.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn keep<T: Item>(tables: &Tables, key: Key, late: i64, kept: Vec<Change>) -> Result<()> {
    let same = match late {
        0 => Condition::Any(vec![
            Condition::Missing("late"),
            Condition::number("late", 0),
        ]),
        late => Condition::number("late", late),
    };
    let commit = Commit::new().update::<T>(key, kept, Some((same, &UNAVAILABLE)));
    match tables.commit(commit).await {
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// An hour of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HourTally {
    /// `messages#<date>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `h<hour>`
    #[serde(rename = "sk")]
    pub place: String,
    /// Raised by every row that came late.
    #[serde(default)]
    pub late: i64,
    /// What happened in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sums: Option<String>,
    /// Messages that were sent in it.
    #[serde(default)]
    pub sent: i64,
    /// What stands for their senders, eight bytes each, in order.
    #[serde(default)]
    pub senders: Bytes,
}

impl Item for HourTally {
    const TABLE: Name = Name::Insight;
    const KIND: &'static str = "Hour of messages";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.place)
    }
}

impl HourTally {
    /// The hour of the day, 0–23.
    pub const fn hour_of(at: Time) -> i64 {
        at.ms().rem_euclid(DAY_MS) / HOUR_MS
    }

    fn key_at(at: Time) -> Key {
        Key::new(partition(ALL, at), format!("h{:02}", Self::hour_of(at)))
    }

    /// What is kept of the hour counts no more.
    pub fn stale(at: Time) -> Commit {
        let remove = |name: &str| Change::Remove(name.to_owned());
        let changes = vec![
            Change::Add("late".into(), 1),
            remove("sums"),
            remove("sent"),
            remove("senders"),
        ];
        Commit::new().update::<Self>(Self::key_at(at), changes, None)
    }

    /// The hour that begins at an instant, as it was kept or counted now.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn of(tables: &Tables, at: Time, now: Time) -> Result<Self> {
        let key = Self::key_at(at);
        let known: Option<Self> = tables.get_consistent(&key).await?;
        let late = match known {
            Some(kept) if kept.sums.is_some() => return Ok(kept),
            known => known.map_or(0, |known| known.late),
        };
        let (entries, facts) = rows(tables, at).await?;
        let mut tally = Tally::new();
        entries.iter().for_each(|entry| sent(&mut tally, entry));
        facts.iter().for_each(|fact| became(&mut tally, fact));
        let senders: BTreeSet<u64> = entries.iter().map(|entry| entry.sender).collect();
        let hour = Self {
            partition: key.pk.clone(),
            place: key.sk.clone(),
            late,
            sums: Some(json(&tally)?),
            sent: i64::try_from(entries.len()).unwrap_or(i64::MAX),
            senders: Bytes(senders.iter().flat_map(|tag| tag.to_be_bytes()).collect()),
        };
        let settled = now.ms() >= at.ms() + HOUR_MS + SETTLED_MS;
        if settled && hour.senders.0.len() <= SENDERS_BYTES_MAX {
            let kept = vec![
                Change::text("sums", hour.sums.clone().unwrap_or_default()),
                Change::number("sent", hour.sent),
                Change::Set("senders".into(), Value::B(hour.senders.0.clone())),
            ];
            keep::<Self>(tables, key, late, kept).await?;
        }
        Ok(hour)
    }

    /// What happened in it.
    ///
    /// # Errors
    /// 500 when it cannot be read.
    pub fn tally(&self) -> Result<Tally> {
        self.sums.as_deref().map_or_else(|| Ok(Tally::new()), read)
    }

    /// What stands for the senders in it.
    pub fn senders(&self) -> impl Iterator<Item = u64> + '_ {
        let tags = self.senders.0.chunks_exact(8);
        tags.filter_map(|tag| Some(u64::from_be_bytes(tag.try_into().ok()?)))
    }
}

/// Messages and facts of an hour, each once.
async fn rows(tables: &Tables, hour: Time) -> Result<(Vec<Entry>, Vec<Fact>)> {
    let day = Time(hour.ms().div_euclid(DAY_MS) * DAY_MS);
    let minute = HourTally::hour_of(hour) * 60;
    let pk = partition(ALL, hour);
    let range = Range::Between(Value::S(place_of(minute)), Value::S(place_of(minute + 60)));
    let query = Query::of(Name::Insight, &*pk).range(range).limit(ROWS_MAX);
    let logged: Vec<LogRow> = tables.query(query.consistent()).await?;
    let mut known = HashSet::new();
    let entries = logged.iter().flat_map(|row| row.read(day));
    let entries = entries.filter(|entry| known.insert(entry.key)).collect();
    let query = Query::of(Name::Insight, pk).prefix(format!("f{:02}#", minute / 60));
    let told: Vec<FactRow> = tables.query(query.limit(ROWS_MAX).consistent()).await?;
    let mut known = HashSet::new();
    let mut facts = Vec::new();
    for row in &told {
        let mut from = Unpacker::new(&row.facts.0);
        while let Some(fact) = Fact::read(&mut from) {
            if known.insert(fact.id) {
                facts.push(fact);
            }
        }
    }
    Ok((entries, facts))
}

/// Messages sent within an hour from an instant on, with what stands for their senders.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn sent_since(tables: &Tables, since: Time) -> Result<(i64, BTreeSet<u64>)> {
    let (entries, _) = rows(tables, since).await?;
    let late = entries.into_iter().filter(|entry| entry.at > since);
    let senders: Vec<u64> = late.map(|entry| entry.sender).collect();
    let count = i64::try_from(senders.len()).unwrap_or(i64::MAX);
    Ok((count, senders.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_late_from_when_its_hour_may_be_kept() {
        let within = Time(10 * HOUR_MS + 5);
        let kept = Time(11 * HOUR_MS + LATE_MS);
        assert!(!is_late(within, within));
        assert!(!is_late(within, kept.plus(-1)));
        assert!(is_late(within, kept));
    }
}
