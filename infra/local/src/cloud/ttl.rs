//! TTL by our clock: the engine would use the system's.

use dynoxide::actions::delete_item::DeleteItemRequest;
use rusqlite::params;
use serde_json::{Value, json};
use shared::table::{SPECS, TTL_ATTRIBUTE};
use shared::time::Time;

use super::store::Store;
use super::tables::physical;

impl Store {
    /// Deletes the items whose `expires` has passed, with index entries and stream records.
    ///
    /// # Errors
    /// When the database fails; what was deleted before stays deleted.
    pub fn sweep_ttl(&mut self, now: Time) -> Result<usize, String> {
        let mut deleted = 0;
        self.note_shift(now);
        for spec in SPECS.iter().filter(|spec| spec.ttl) {
            let table = physical(spec.table.as_str());
            for (pk, sk) in self
                .expired(&table, now)
                .map_err(|cause| cause.to_string())?
            {
                let request = json!({
                    "TableName": table, "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
                });
                let request: DeleteItemRequest =
                    serde_json::from_value(request).map_err(|cause| cause.to_string())?;
                self.db
                    .delete_item(request)
                    .map_err(|cause| cause.to_string())?;
                if spec.stream {
                    self.mark_expired(&table)
                        .map_err(|cause| cause.to_string())?;
                }
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Every item of a table in DynamoDB's JSON, for auditors: tests that count what is left.
    ///
    /// # Errors
    /// When the database fails.
    pub fn items(&self, table: &str) -> rusqlite::Result<Vec<Value>> {
        let table = physical(table);
        let query = format!("SELECT pk, sk, item_json FROM \"{table}\"");
        let mut select = self.own.prepare_cached(&query)?;
        let items = select.query_map([], |row| {
            let text: String = row.get(2)?;
            let mut item: Value = serde_json::from_str(&text).unwrap_or_default();
            for (at, name) in ["pk", "sk"].into_iter().enumerate() {
                item[name] = json!({ "S": plain(row.get_ref(at)?.as_str()?) });
            }
            Ok(item)
        })?;
        items.collect()
    }

    fn expired(&self, table: &str, now: Time) -> rusqlite::Result<Vec<(String, String)>> {
        let mut select = self.own.prepare_cached(&format!(
            "SELECT pk, sk FROM \"{table}\"
             WHERE CAST(json_extract(item_json, '$.{TTL_ATTRIBUTE}.N') AS INTEGER) <= ?1"
        ))?;
        let keys = select.query_map(params![now.seconds()], |row| {
            Ok((
                plain(row.get_ref(0)?.as_str()?),
                plain(row.get_ref(1)?.as_str()?),
            ))
        })?;
        keys.collect()
    }
}

/// A text key as the engine stores it is `S:` and the text.
fn plain(stored: &str) -> String {
    stored.strip_prefix("S:").unwrap_or(stored).to_owned()
}
