//! Figures by the day on which calls began: counted from the log, and kept once no call of the day
//! can be running any more.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::entry::{ALL, CallRow, Entry, QUALITIES, newest};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result};
use crate::messaging::oversight::{LogDay, keep, partition};
use crate::table::{Change, Item, Key, Name, Query, Range, Value};
use crate::time::{DAY_MS, HOUR_MS, Time};

/// A day is kept so long after its end.
const SETTLED_MS: i64 = 6 * HOUR_MS;
/// A row that is written so long after its day makes what is kept of it stale: a worker lives
/// shorter than the difference to [`SETTLED_MS`], and a call shorter than this.
const LATE_MS: i64 = 5 * HOUR_MS;
/// Rows that are read at once.
const CHUNK: usize = 1_000;

/// Sums over calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Calls by the code of their status.
    #[serde(rename = "s")]
    pub statuses: [i64; 9],
    /// Those that were answered.
    #[serde(rename = "a")]
    pub answered: i64,
    /// Those that are over and were connected.
    #[serde(rename = "n")]
    pub connected: i64,
    /// Their connected seconds.
    #[serde(rename = "d")]
    pub seconds: i64,
    /// Started minutes that were billed.
    #[serde(rename = "m")]
    pub minutes: i64,
    /// Credits paid, less what was given back.
    #[serde(rename = "c")]
    pub credits: i64,
    /// Calls by how they sounded, from excellent to poor.
    #[serde(rename = "q")]
    pub qualities: [i64; 4],
}

impl Sums {
    /// Adds a call.
    pub fn count(&mut self, call: &Entry) {
        if let Some(count) = self.statuses.get_mut(call.status as usize) {
            *count += 1;
        }
        let counts = self.qualities.iter_mut().zip(QUALITIES);
        for (count, quality) in counts {
            *count += i64::from(call.quality == Some(quality));
        }
        self.answered += i64::from(call.answered);
        self.connected += i64::from(call.connected);
        self.seconds += call.seconds;
        self.minutes += call.minutes;
        self.credits += call.credits;
    }

    /// Adds other sums.
    pub fn add(&mut self, other: &Self) {
        let statuses = self.statuses.iter_mut().zip(other.statuses);
        statuses.for_each(|(count, by)| *count += by);
        let qualities = self.qualities.iter_mut().zip(other.qualities);
        qualities.for_each(|(count, by)| *count += by);
        self.answered += other.answered;
        self.connected += other.connected;
        self.seconds += other.seconds;
        self.minutes += other.minutes;
        self.credits += other.credits;
    }
}

/// A day on which calls began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallDay {
    /// Such as `2026-01-05`.
    #[serde(rename = "sk")]
    pub date: String,
    /// Raised by every row that came late.
    #[serde(default)]
    pub late: i64,
    /// What its calls came to, once it is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sums: Option<String>,
}

impl Item for CallDay {
    const TABLE: Name = Name::Insight;
    const KIND: &'static str = "Day of calls";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.date)
    }
}

impl LogDay for CallDay {
    const DAYS: &'static str = ALL;

    fn date(&self) -> &str {
        &self.date
    }
}

impl CallDay {
    fn ended(at: Time, now: Time) -> i64 {
        let end = (at.ms().div_euclid(DAY_MS) + 1) * DAY_MS;
        now.ms() - end
    }

    /// Whether a row of the day of `at` may change what is kept of it.
    pub fn is_late(at: Time, now: Time) -> bool {
        Self::ended(at, now) >= LATE_MS
    }

    /// What its calls came to, without those in `live`; calls that are in the log after all are
    /// taken out of it.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn sums(
        &self,
        tables: &Tables,
        live: &mut HashMap<String, Entry>,
        now: Time,
    ) -> Result<Sums> {
        let broken = || INTERNAL_ERROR.because("a day of calls");
        if let Some(sums) = &self.sums {
            return serde_json::from_str(sums).map_err(|_| broken());
        }
        let start = self.start().ok_or_else(broken)?;
        let mut sums = Sums::default();
        let mut count = |hour: &[CallRow]| {
            for (call_id, entry) in newest(hour, start) {
                live.remove(&call_id);
                sums.count(&entry);
            }
        };
        // All versions of a call are in the hour of its ringing, so no more than that is kept.
        let (mut hour, mut after, mut is_over) = (Vec::new(), None, false);
        while !is_over {
            let rows;
            (rows, is_over) = rows_of(tables, start, after.as_deref()).await?;
            after = rows.last().map(|last| last.place.clone());
            for row in rows {
                if hour
                    .last()
                    .is_some_and(|last: &CallRow| last.hour() != row.hour())
                {
                    count(&std::mem::take(&mut hour));
                }
                hour.push(row);
            }
        }
        count(&hour);
        if Self::ended(start, now) >= SETTLED_MS {
            let text = serde_json::to_string(&sums).map_err(|_| broken())?;
            let kept = vec![Change::text("sums", text)];
            keep::<Self>(tables, self.key(), self.late, kept).await?;
        }
        Ok(sums)
    }
}

/// The next rows of a day, in order, and whether they are the last ones.
async fn rows_of(tables: &Tables, day: Time, after: Option<&str>) -> Result<(Vec<CallRow>, bool)> {
    let first = CallRow::place_of(0);
    let from = Value::S(after.unwrap_or(&first).to_owned());
    let until = Value::S(CallRow::place_of(DAY_MS / HOUR_MS));
    let query = Query::of(Name::Insight, partition(ALL, day)).range(Range::Between(from, until));
    let mut rows: Vec<CallRow> = tables.query(query.limit(CHUNK).consistent()).await?;
    let is_over = rows.len() < CHUNK;
    rows.retain(|row| Some(&*row.place) != after);
    Ok((rows, is_over))
}
