//! DynamoDB: carries queries and commits out, owns the conflict loop, and turns every refusal
//! into one typed outcome.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, KeysAndAttributes, Put,
    ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::expression::{Names, attribute};
use crate::env::Env;
use crate::error::{Error, INTERNAL_ERROR, Result, TIMEOUT, UNAVAILABLE};
use crate::id::Random;
use crate::table::{Action, Commit, Item, Key, Name, Query, Refused, Row, Wrote, item_of};

/// Tries of a write that meets another one in flight (spec operations.md, *Database*).
const CONFLICT_TRIES_MAX: u32 = 6;
/// Full jitter between tries: from this many milliseconds …
const JITTER_MS_MIN: u64 = 10;
/// … up to this many, doubling in between.
const JITTER_MS_MAX: u64 = 400;
/// Keys per BatchGetItem (AWS limit).
const BATCH_KEYS_MAX: usize = 100;
/// Rounds for keys that a batch left unprocessed.
const BATCH_ROUNDS_MAX: u32 = 5;

/// All tables of the product; the role decides which of them may be used how.
#[derive(Clone)]
pub struct Tables(Arc<Inner>);

struct Inner {
    client: Client,
    names: HashMap<Name, String>,
    random: Arc<dyn Random>,
}

/// Why a commit did not happen.
#[derive(Debug)]
pub enum Missed {
    /// A condition did not hold; nothing was written.
    Refused(Refused),
    /// Anything else.
    Failed(Error),
}

impl From<Missed> for Error {
    #[track_caller]
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Refused(refused) => refused.into(),
            Missed::Failed(error) => error,
        }
    }
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

type Attributes = HashMap<String, AttributeValue>;

fn attributes(row: Row) -> Attributes {
    row.into_iter()
        .map(|(name, value)| (name, attribute(value)))
        .collect()
}

fn row(attributes: Attributes) -> Row {
    attributes
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}

fn key(key: &Key) -> Attributes {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// The error of a call that is no business refusal.
#[track_caller]
pub(super) fn failed<E: ProvideErrorMetadata + std::fmt::Debug, R>(
    error: &SdkError<E, R>,
) -> Error {
    let code = error.code().unwrap_or_default();
    let cause = format!(
        "{code} {}",
        aws_smithy_types::error::display::DisplayErrorContext(Brief(
            error.message().unwrap_or_else(|| kind(error)).to_owned()
        ))
    );
    match (error, code) {
        (SdkError::TimeoutError(_), _) => TIMEOUT.because(cause),
        (SdkError::DispatchFailure(_) | SdkError::ResponseError(_), _) => {
            UNAVAILABLE.because(cause)
        }
        (
            _,
            "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "TransactionCanceledException"
            | "InternalServerError",
        ) => UNAVAILABLE.because(cause),
        _ => INTERNAL_ERROR.because(cause),
    }
}

fn kind<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "construction failure",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection failure",
        SdkError::ResponseError(_) => "unreadable response",
        _ => "service error",
    }
}

/// A message as an error, so that the SDK's display of error chains can be used.
#[derive(Debug)]
struct Brief(String);

impl std::fmt::Display for Brief {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Brief {}

impl Tables {
    /// The tables as this function sees them.
    pub fn of(env: &Env) -> Self {
        let made = env.part(|env| {
            let names = crate::table::SPECS
                .iter()
                .map(|spec| (spec.table, env.config().table(spec.table)))
                .collect();
            let client = Client::new(&super::shared_config(env));
            Self(Arc::new(Inner {
                client,
                names,
                random: env.random(),
            }))
        });
        (*made).clone()
    }

    fn name(&self, table: Name) -> String {
        self.0.names.get(&table).cloned().unwrap_or_default()
    }

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

    async fn read(&self, table: Name, at: &Key, consistent: bool) -> Result<Option<Row>> {
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

    async fn batch(&self, table: Name, keys: &[Key], found: &mut HashMap<Key, Row>) -> Result<()> {
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
    pub async fn rows(&self, query: Query) -> Result<Vec<Row>> {
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
                .limit(i32::try_from(query.limit.saturating_sub(rows.len())).unwrap_or(i32::MAX))
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
    }

    /// Changes one item outside a commit and returns it as it was before, if it existed.
    ///
    /// # Errors
    /// The guard's fault, or 503 and 504.
    pub async fn swap<T: Item>(&self, commit: Commit) -> Result<Option<T>, Missed> {
        let before = self.single(commit, ReturnValue::AllOld).await?;
        Ok(before.map(item_of).transpose()?)
    }

    /// Changes one item outside a commit and returns it as it is afterwards.
    ///
    /// # Errors
    /// The guard's fault, or 503 and 504.
    pub async fn change<T: Item>(&self, commit: Commit) -> Result<Option<T>, Missed> {
        let after = self.single(commit, ReturnValue::AllNew).await?;
        Ok(after.map(item_of).transpose()?)
    }

    async fn single(&self, commit: Commit, wish: ReturnValue) -> Result<Option<Row>, Missed> {
        let mut writes = commit.into_writes()?.into_iter();
        match (writes.next(), writes.next()) {
            (Some(write), None) => self.write(write, wish).await,
            _ => Err(Missed::Failed(INTERNAL_ERROR.because("not one write"))),
        }
    }

    /// Carries a commit out: all of it or nothing. One write is sent as a plain write, more as a
    /// transaction (serialisable). Conflicts with other writers are tried again, with jitter.
    ///
    /// # Errors
    /// [`Missed::Refused`] with the stored item when a condition did not hold; 503 when it stayed
    /// in conflict or throttled.
    pub async fn commit(&self, commit: Commit) -> Result<(), Missed> {
        let mut writes = commit.into_writes()?;
        match writes.len() {
            0 => Ok(()),
            1 if !matches!(writes.first().map(|w| &w.action), Some(Action::Check)) => {
                match writes.pop() {
                    Some(write) => self.write(write, ReturnValue::None).await.map(|_| ()),
                    None => Ok(()),
                }
            }
            _ => self.transact(&writes).await,
        }
    }

    /// Waits before a write is decided again, with full jitter, longer from round to round.
    pub async fn pause(&self, round: u32) {
        let top = (JITTER_MS_MIN << round.min(16)).clamp(JITTER_MS_MIN, JITTER_MS_MAX);
        let mut bytes = [0; 8];
        self.0.random.fill(&mut bytes);
        let wait = u64::from_le_bytes(bytes) % top + 1;
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    async fn transact(&self, writes: &[Wrote]) -> Result<(), Missed> {
        let items: Result<Vec<_>> = writes
            .iter()
            .map(|write| self.transact_item(write))
            .collect();
        let items = items?;
        let mut round = 0;
        loop {
            round += 1;
            let request = self.0.client.transact_write_items();
            let error = match request.set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => return Err(Missed::Failed(failed(&error))),
            };
            if let Some(refused) = refusal(writes, reasons) {
                return Err(Missed::Refused(refused));
            }
            let passing = reasons.iter().all(|reason| {
                matches!(
                    reason.code(),
                    None | Some(
                        "None"
                            | "TransactionConflict"
                            | "ThrottlingError"
                            | "ProvisionedThroughputExceeded"
                    )
                )
            });
            if !passing {
                return Err(Missed::Failed(INTERNAL_ERROR.because(codes(reasons))));
            }
            if round >= CONFLICT_TRIES_MAX {
                return Err(Missed::Failed(UNAVAILABLE.because(codes(reasons))));
            }
            self.pause(round).await;
        }
    }

    async fn write(&self, write: Wrote, wish: ReturnValue) -> Result<Option<Row>, Missed> {
        let mut round = 0;
        loop {
            round += 1;
            match self.write_once(&write, wish.clone()).await {
                Ok(found) => return Ok(found.map(row)),
                Err((code, current, _)) if code == "ConditionalCheckFailedException" => {
                    let (key, current) = (write.key, current.map(row));
                    return Err(Missed::Refused(match write.guard {
                        Some((_, fault)) => Refused {
                            fault,
                            key,
                            current,
                        },
                        None => Refused {
                            fault: &INTERNAL_ERROR,
                            key,
                            current,
                        },
                    }));
                }
                Err((code, _, _))
                    if code == "TransactionConflictException" && round < CONFLICT_TRIES_MAX =>
                {
                    self.pause(round).await;
                }
                Err((_, _, error)) => return Err(Missed::Failed(error)),
            }
        }
    }

    async fn write_once(
        &self,
        write: &Wrote,
        wish: ReturnValue,
    ) -> Result<Option<Attributes>, (String, Option<Attributes>, Error)> {
        let mut names = Names::default();
        let guard = write
            .guard
            .as_ref()
            .map(|(condition, _)| names.condition(condition));
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let (client, table) = (&self.0.client, self.name(write.table));
        macro_rules! send {
            ($request:expr, $wish:expr, $Error:path) => {
                $request
                    .table_name(table)
                    .set_condition_expression(guard)
                    .set_expression_attribute_names(names.names())
                    .set_expression_attribute_values(names.values())
                    .return_values($wish)
                    .return_values_on_condition_check_failure(old)
                    .send()
                    .await
                    .map(|answer| answer.attributes)
                    .map_err(|error| {
                        let code = error.code().unwrap_or_default().to_owned();
                        let current = match error.as_service_error() {
                            Some($Error(refused)) => refused.item.clone(),
                            _ => None,
                        };
                        (code, current, failed(&error))
                    })
            };
        }
        use aws_sdk_dynamodb::operation::{
            delete_item::DeleteItemError as D, put_item::PutItemError as P,
            update_item::UpdateItemError as U,
        };
        // Put and Delete can only return the item as it was.
        let before = match wish {
            ReturnValue::AllOld => ReturnValue::AllOld,
            _ => ReturnValue::None,
        };
        match &write.action {
            Action::Put(item) => {
                let request = client.put_item().set_item(Some(attributes(item.clone())));
                send!(request, before, P::ConditionalCheckFailedException)
            }
            Action::Update(changes) => {
                let update = names.changes(changes);
                let request = client
                    .update_item()
                    .set_key(Some(key(&write.key)))
                    .update_expression(update);
                send!(request, wish, U::ConditionalCheckFailedException)
            }
            Action::Delete | Action::Check => {
                let request = client.delete_item().set_key(Some(key(&write.key)));
                send!(request, before, D::ConditionalCheckFailedException)
            }
        }
    }

    fn transact_item(&self, write: &Wrote) -> Result<TransactWriteItem> {
        let mut names = Names::default();
        let guard = write
            .guard
            .as_ref()
            .map(|(condition, _)| names.condition(condition));
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let table = self.name(write.table);
        let item = TransactWriteItem::builder();
        macro_rules! finish {
            ($builder:expr) => {
                $builder
                    .table_name(table)
                    .set_expression_attribute_names(names.names())
                    .set_expression_attribute_values(names.values())
                    .return_values_on_condition_check_failure(old)
                    .build()
                    .map_err(|cause| INTERNAL_ERROR.because(cause))?
            };
        }
        Ok(match &write.action {
            Action::Put(row) => {
                let put = Put::builder()
                    .set_item(Some(attributes(row.clone())))
                    .set_condition_expression(guard);
                item.put(finish!(put))
            }
            Action::Update(changes) => {
                let changes = names.changes(changes);
                let update = Update::builder()
                    .set_key(Some(key(&write.key)))
                    .update_expression(changes)
                    .set_condition_expression(guard);
                item.update(finish!(update))
            }
            Action::Delete => {
                let delete = Delete::builder()
                    .set_key(Some(key(&write.key)))
                    .set_condition_expression(guard);
                item.delete(finish!(delete))
            }
            Action::Check => {
                let check = ConditionCheck::builder()
                    .set_key(Some(key(&write.key)))
                    .set_condition_expression(guard);
                item.condition_check(finish!(check))
            }
        }
        .build())
    }
}

fn key_of(row: &Row) -> Option<Key> {
    match (row.get("pk"), row.get("sk")) {
        (Some(crate::table::Value::S(pk)), Some(crate::table::Value::S(sk))) => {
            Some(Key::new(pk, sk))
        }
        _ => None,
    }
}

fn codes(reasons: &[CancellationReason]) -> String {
    let codes: Vec<_> = reasons
        .iter()
        .map(|reason| reason.code().unwrap_or("None"))
        .collect();
    codes.join(", ")
}

/// The first business condition that did not hold, by its position in the commit.
fn refusal(writes: &[Wrote], reasons: &[CancellationReason]) -> Option<Refused> {
    writes.iter().zip(reasons).find_map(|(write, reason)| {
        let (_, fault) = write.guard.as_ref()?;
        (reason.code() == Some("ConditionalCheckFailed")).then(|| Refused {
            fault,
            key: write.key.clone(),
            current: reason.item.clone().map(row),
        })
    })
}
