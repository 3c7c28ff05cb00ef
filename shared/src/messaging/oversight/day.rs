//! Days of a log: known once something lies in them, and stale once something came late.

use super::log::date_of;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{Change, Commit, Item, Key, Name, Query, Range, Value};
use crate::time::Time;

/// A day whose figures are kept in `sums`, with the count `late` of rows that came after that.
pub trait LogDay: Item + Sync {
    /// Partition of all days of the log.
    const DAYS: &'static str;

    /// Such as `2026-01-05`.
    fn date(&self) -> &str;

    /// Where the day of a date lies.
    fn key_of(date: &str) -> Key {
        Key::new(Self::DAYS, date)
    }

    /// The first instant of the day.
    fn start(&self) -> Option<Time> {
        Time::parse(&format!("{}T00:00:00Z", self.date()))
    }

    /// Makes a day known. A day that is known costs a look.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    fn open(tables: &Tables, date: &str) -> impl Future<Output = Result<()>> + Send {
        async move {
            let key = Self::key_of(date);
            if tables.get::<Self>(&key).await?.is_some() {
                return Ok(());
            }
            let changes = vec![Change::Add("late".into(), 0)];
            let known = Commit::new().update::<Self>(key, changes, None);
            Ok(tables.commit(known).await?)
        }
    }

    /// What is kept of the day of `at` counts no more.
    fn stale(at: Time) -> Commit {
        let changes = vec![Change::Add("late".into(), 1), Change::Remove("sums".into())];
        Commit::new().update::<Self>(Self::key_of(&date_of(at)), changes, None)
    }

    /// Days of a period, newest first, at most `limit`.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    fn list(
        tables: &Tables,
        (from, to): (Option<Time>, Time),
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self>>> + Send {
        async move {
            let (first, last) = (from.map_or_else(|| "0".to_owned(), date_of), date_of(to));
            if first > last {
                return Ok(Vec::new());
            }
            let range = Range::Between(Value::S(first), Value::S(last));
            let query = Query::of(Name::Insight, Self::DAYS).range(range).backward();
            tables.query(query.limit(limit).consistent()).await
        }
    }
}
