//! The tables' streams, as Lambda gets them, with a stored position per table.

use rusqlite::{Row, params};
use serde_json::{Value, json};
use shared::time::{Now, SystemClock, Time};

use super::grants::{ACCOUNT, REGION};
use super::store::Store;
use super::tables::physical;

/// The identity in the record of an item that TTL deleted.
const TTL_IDENTITY: &str = r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#;

/// Most shifts that are remembered; the older half goes when there are more.
const SHIFTS_MAX: usize = 4_096;
/// A shift that differs less, milliseconds, is the same: the clocks are read one after the other.
const SHIFT_MS: i64 = 500;

type Sql<T> = rusqlite::Result<T>;

/// How far our clock is ahead of the system's, by which the engine numbers records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shift {
    /// Since when, milliseconds of the system's clock.
    since: i64,
    /// How far, milliseconds.
    ms: i64,
}

impl Shift {
    fn at(now: Time) -> Self {
        let since = SystemClock.now().ms();
        Self {
            since,
            ms: now.ms() - since,
        }
    }
}

fn position_key(table: &str) -> String {
    format!("stream:{table}")
}

impl Store {
    fn position(&self, table: &str) -> Sql<i64> {
        let stored = self.get(&position_key(table))?;
        Ok(stored.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Remembers how far our clock is ahead, before a record is written, so that every delivery of
    /// the record tells the same time, however often the clock moves in between.
    pub fn note_shift(&mut self, now: Time) {
        let shift = Shift::at(now);
        if self
            .shifts
            .last()
            .is_some_and(|last| (last.ms - shift.ms).abs() < SHIFT_MS)
        {
            return;
        }
        if self.shifts.len() >= SHIFTS_MAX {
            self.shifts.drain(..SHIFTS_MAX / 2);
        }
        self.shifts.push(shift);
    }

    /// When a record was written, by our clock: its number is in microseconds of the system's.
    fn written_at(&self, sequence: &str, now: Time) -> Time {
        let system = sequence.parse::<i64>().unwrap_or(0) / 1_000;
        let after = self.shifts.partition_point(|shift| shift.since <= system);
        let shift = self.shifts.get(after.saturating_sub(1)).copied();
        Time(system).plus(shift.unwrap_or_else(|| Shift::at(now)).ms)
    }

    /// The next records after the stored position, oldest first.
    pub fn stream_batch(&self, table: &str, max: usize, now: Time) -> Sql<Vec<Value>> {
        let mut select = self.own.prepare_cached(
            "SELECT event_name, keys_json, new_image, old_image, sequence_number,
                    user_identity, event_id
             FROM _stream_records
             WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2
             ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?3",
        )?;
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let name = physical(table);
        let rows = select.query_map(params![name, self.position(table)?, max], |row| {
            let at = self.written_at(row.get_ref(4)?.as_str()?, now);
            record(row, &name, at)
        })?;
        rows.collect()
    }

    /// Stores that everything up to `sequence` is done, and trims it. The newest record stays,
    /// because the engine numbers the next one after it.
    pub fn stream_done(&mut self, table: &str, sequence: i64) -> Sql<()> {
        let name = physical(table);
        let before = self.position(table)?;
        if sequence <= before {
            return Ok(());
        }
        let change = self.own.transaction()?;
        change
            .prepare_cached("INSERT OR REPLACE INTO _local_state (key, value) VALUES (?1, ?2)")?
            .execute(params![position_key(table), sequence.to_string()])?;
        change
            .prepare_cached(
                "DELETE FROM _stream_records
                 WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2
                   AND CAST(sequence_number AS INTEGER) < (
                       SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records
                       WHERE table_name = ?1)",
            )?
            .execute(params![name, sequence])?;
        change.commit()
    }

    /// Marks the newest record of a table as a deletion by TTL.
    pub fn mark_expired(&self, physical: &str) -> Sql<()> {
        let mut update = self.own.prepare_cached(
            "UPDATE _stream_records SET user_identity = ?2
             WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) = (
                 SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records
                 WHERE table_name = ?1)",
        )?;
        update.execute(params![physical, TTL_IDENTITY]).map(drop)
    }
}

fn record(row: &Row<'_>, table: &str, at: Time) -> Sql<Value> {
    let image = |at: usize| -> Sql<Option<Value>> {
        let text: Option<String> = row.get(at)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let length = |at: usize| -> Sql<usize> {
        Ok(row
            .get::<_, Option<String>>(at)?
            .map_or(0, |text| text.len()))
    };
    let sequence: String = row.get(4)?;
    let event_id: Option<String> = row.get(6)?;
    let mut change = json!({
        "ApproximateCreationDateTime": at.seconds(),
        "Keys": image(1)?,
        "SizeBytes": length(1)? + length(2)? + length(3)?,
        "SequenceNumber": sequence,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, at) in [("NewImage", 2), ("OldImage", 3)] {
        if let Some(image) = image(at)? {
            change[name] = image;
        }
    }
    let mut record = json!({
        "eventID": event_id.unwrap_or(sequence),
        "eventName": row.get::<_, String>(0)?,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "eventSourceARN": format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/local"),
        "dynamodb": change,
    });
    if let Some(identity) = image(5)? {
        record["userIdentity"] = identity;
    }
    Ok(record)
}
