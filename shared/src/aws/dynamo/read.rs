//! Reads: single items, batches, ranges.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{Attributes, Tables, failed, key, row};
use crate::aws::Way;
use crate::aws::expression::Names;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::table::{Item, Key, Name, Query, Row, Value, item_of};

/// Keys per BatchGetItem (AWS limit).
const BATCH_KEYS_MAX: usize = 100;
/// Rounds for keys that a batch left unprocessed.
const BATCH_ROUNDS_MAX: u32 = 5;

impl Tables {
    /// Reads an item; may lag behind the newest write. 0.5 RRU per 4 KB.
    ///
    /// # Errors
    /// 503 and 504 when the database does not answer.
    pub async fn get<T: Item>(&self, key: &Key) -> Result<Option<T>> {
        self.read(T::TABLE, key, false)
            .await?
            .map(item_of)
            .transpose()
    }

    /// Reads an item with all earlier writes. 1 RRU per 4 KB.
    ///
    /// # Errors
    /// 503 and 504 when the database does not answer.
    pub async fn get_consistent<T: Item>(&self, key: &Key) -> Result<Option<T>> {
        self.read(T::TABLE, key, true)
            .await?
            .map(item_of)
            .transpose()
    }

    fn read<'a>(
        &'a self,
        table: Name,
        at: &'a Key,
        consistent: bool,
    ) -> Way<'a, Result<Option<Row>>> {
        Box::pin(async move {
            if !at.can_exist() {
                return Ok(None);
            }
            let answer = self
                .0
                .client
                .get_item()
                .table_name(self.name(table))
                .set_key(Some(key(at)))
                .consistent_read(consistent)
                .send()
                .await
                .map_err(|error| failed(&error))?;
            Ok(answer.item.map(row))
        })
    }

    /// Reads many items of one kind, in the order of the keys; missing ones are left out.
    ///
    /// # Errors
    /// 503 when the database leaves keys unprocessed for too long.
    pub async fn get_many<T: Item>(&self, keys: &[Key]) -> Result<Vec<T>> {
        let mut found: HashMap<Key, Row> = HashMap::new();
        for chunk in keys.chunks(BATCH_KEYS_MAX) {
            self.batch(T::TABLE, chunk, &mut found).await?;
        }
        keys.iter()
            .filter_map(|key| found.remove(key))
            .map(item_of)
            .collect()
    }

    fn batch<'a>(
        &'a self,
        table: Name,
        keys: &'a [Key],
        found: &'a mut HashMap<Key, Row>,
    ) -> Way<'a, Result<()>> {
        Box::pin(async move {
            let mut left: Vec<Attributes> = keys.iter().map(key).collect();
            for round in 0..BATCH_ROUNDS_MAX {
                if left.is_empty() {
                    return Ok(());
                }
                if round > 0 {
                    self.pause(round).await;
                }
                let wanted = KeysAndAttributes::builder()
                    .set_keys(Some(std::mem::take(&mut left)))
                    .build()
                    .map_err(|cause| INTERNAL_ERROR.because(cause))?;
                let request = self
                    .0
                    .client
                    .batch_get_item()
                    .request_items(self.name(table), wanted);
                let answer = request.send().await.map_err(|error| failed(&error))?;
                for item in answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items)
                {
                    let row = row(item);
                    if let Some(key) = key_of(&row) {
                        found.insert(key, row);
                    }
                }
                let unprocessed = answer.unprocessed_keys.unwrap_or_default();
                left = unprocessed
                    .into_values()
                    .flat_map(|rest| rest.keys)
                    .collect();
            }
            Err(UNAVAILABLE.because("keys stayed unprocessed"))
        })
    }

    /// Reads a range of one partition in order, at most `query.limit` items. With an index that
    /// projects keys only, `T` must read from keys alone.
    ///
    /// # Errors
    /// 503 and 504 when the database does not answer.
    pub async fn query<T: Item>(&self, query: Query) -> Result<Vec<T>> {
        self.rows(query).await?.into_iter().map(item_of).collect()
    }

    /// The raw rows of a query.
    ///
    /// # Errors
    /// 503 and 504 when the database does not answer.
    pub fn rows(&self, query: Query) -> Way<'_, Result<Vec<Row>>> {
        Box::pin(async move {
            let mut rows: Vec<Row> = Vec::new();
            let mut start: Option<Attributes> = None;
            loop {
                let mut names = Names::default();
                let keys = names.keys(&query);
                let answer = self
                    .0
                    .client
                    .query()
                    .table_name(self.name(query.table))
                    .set_index_name(query.index.map(|index| index.name.to_owned()))
                    .key_condition_expression(keys)
                    .set_expression_attribute_names(names.names())
                    .set_expression_attribute_values(names.values())
                    .scan_index_forward(!query.backward)
                    .consistent_read(query.consistent)
                    .limit(
                        i32::try_from(query.limit.saturating_sub(rows.len())).unwrap_or(i32::MAX),
                    )
                    .set_exclusive_start_key(start.take())
                    .send()
                    .await
                    .map_err(|error| failed(&error))?;
                rows.extend(answer.items.unwrap_or_default().into_iter().map(row));
                // A page ends early at 1 MB; the caller asked for `limit` items.
                match answer.last_evaluated_key {
                    Some(last) if rows.len() < query.limit => start = Some(last),
                    _ => return Ok(rows),
                }
            }
        })
    }
}

fn key_of(row: &Row) -> Option<Key> {
    match (row.get("pk"), row.get("sk")) {
        (Some(Value::S(pk)), Some(Value::S(sk))) => Some(Key::new(pk, sk)),
        _ => None,
    }
}
