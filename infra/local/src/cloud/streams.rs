//! The tables' streams, as Lambda gets them, with a stored position per table.

use rusqlite::{Row, params};
use serde_json::{Value, json};
use shared::time::{Now, SystemClock, Time};

use super::grants::{ACCOUNT, REGION};
use super::store::Store;
use super::tables::physical;

/// The identity in the record of an item that TTL deleted.
const TTL_IDENTITY: &str = r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#;

type Sql<T> = rusqlite::Result<T>;

fn position_key(table: &str) -> String {
    format!("stream:{table}")
}

impl Store {
    fn position(&self, table: &str) -> Sql<i64> {
        let stored = self.get(&position_key(table))?;
        Ok(stored.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// The next records after the stored position, oldest first.
    pub fn stream_batch(&self, table: &str, max: usize, now: Time) -> Sql<Vec<Value>> {
        let mut select = self.own.prepare_cached(
            "SELECT event_name, keys_json, new_image, old_image, sequence_number, created_at,
                    user_identity, event_id
             FROM _stream_records
             WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2
             ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?3",
        )?;
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        // The engine stamps records with the system's clock; ours may be elsewhere.
        let shift = now.ms() - SystemClock.now().ms();
        let name = physical(table);
        let rows = select.query_map(params![name, self.position(table)?, max], |row| {
            record(row, &name, shift)
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

fn record(row: &Row<'_>, table: &str, shift_ms: i64) -> Sql<Value> {
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
    let created = row.get::<_, i64>(5)? + shift_ms.div_euclid(1_000);
    let event_id: Option<String> = row.get(7)?;
    let mut change = json!({
        "ApproximateCreationDateTime": created,
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
    if let Some(identity) = image(6)? {
        record["userIdentity"] = identity;
    }
    Ok(record)
}
