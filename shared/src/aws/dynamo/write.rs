//! Writes: commits, and single items that are given back.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError as Undeleted;
use aws_sdk_dynamodb::operation::put_item::PutItemError as Unput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError as Unchanged;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::{Attributes, CONFLICT_TRIES_MAX, Missed, Tables, attributes, failed, key, row};
use crate::aws::Way;
use crate::aws::expression::Names;
use crate::error::{Error, INTERNAL_ERROR, Result};
use crate::table::{Action, Commit, Item, Refused, Row, Wrote, item_of};

/// What every write carries besides its item: table, condition, placeholders of expressions.
pub(super) struct Terms {
    pub(super) table: String,
    pub(super) guard: Option<String>,
    pub(super) names: Names,
}

/// Code, stored item and error of a write that did not happen, or whose answer got lost.
type Unwritten = (String, Option<Attributes>, Error);

/// The code of an answer that got lost: whether the write happened is not known.
const LOST: &str = "Lost";
/// Tries of a write whose answer gets lost, or that is throttled.
const TRIES_MAX: u32 = 3;
/// What passes by itself.
const PASSING: [&str; 5] = [
    LOST,
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "InternalServerError",
];

/// Completes a request and sends it. The SDK's requests have these methods in common, but no
/// trait; `$refused` is the variant of a failed condition.
macro_rules! send {
    ($request:expr, $terms:expr, $wish:expr, $refused:path) => {
        $request
            .table_name($terms.table)
            .set_condition_expression($terms.guard)
            .set_expression_attribute_names($terms.names.names())
            .set_expression_attribute_values($terms.names.values())
            .return_values($wish)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await
            .map(|answer| answer.attributes)
            .map_err(|error| {
                let code = match &error {
                    SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => LOST,
                    error => error.code().unwrap_or_default(),
                };
                let code = code.to_owned();
                let current = match error.as_service_error() {
                    Some($refused(refused)) => refused.item.clone(),
                    _ => None,
                };
                (code, current, failed(&error))
            })
    };
}

impl Tables {
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

    fn single(&self, commit: Commit, wish: ReturnValue) -> Way<'_, Result<Option<Row>, Missed>> {
        Box::pin(async move {
            let mut writes = commit.into_writes()?.into_iter();
            match (writes.next(), writes.next()) {
                (Some(write), None) => self.write(write, wish).await,
                _ => Err(Missed::Failed(INTERNAL_ERROR.because("not one write"))),
            }
        })
    }

    /// Carries a commit out: all of it or nothing. One write is sent as a plain write, more as a
    /// transaction (serialisable). Conflicts with other writers are tried again, with jitter.
    ///
    /// # Errors
    /// [`Missed::Refused`] with the stored item when a condition did not hold; 503 when it stayed
    /// in conflict or throttled.
    pub fn commit(&self, commit: Commit) -> Way<'_, Result<(), Missed>> {
        Box::pin(async move {
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
        })
    }

    /// A write with a condition is tried again here and not by the SDK, because the condition
    /// fails on a write whose answer got lost: what stands there then is our own.
    async fn write(&self, write: Wrote, wish: ReturnValue) -> Result<Option<Row>, Missed> {
        let (mut round, mut lost) = (0, false);
        loop {
            round += 1;
            match self.write_once(&write, wish.clone()).await {
                Ok(found) => return Ok(found.map(row)),
                Err((code, current, _)) if code == "ConditionalCheckFailedException" => {
                    let (key, current) = (write.key, current.map(row));
                    let is_own = lost && wish != ReturnValue::AllOld;
                    if is_own && write.action.stands_in(current.as_ref()) {
                        return Ok(current);
                    }
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
                Err((code, _, _))
                    if write.guard.is_some()
                        && round < TRIES_MAX
                        && PASSING.contains(&code.as_str()) =>
                {
                    lost |= code == LOST;
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
    ) -> Result<Option<Attributes>, Unwritten> {
        let client = match write.guard {
            Some(_) => self.0.once(),
            None => &self.0.client,
        };
        let mut terms = self.terms(write);
        // Put and Delete can only return the item as it was.
        let before = match wish {
            ReturnValue::AllOld => ReturnValue::AllOld,
            _ => ReturnValue::None,
        };
        match &write.action {
            Action::Put(item) => {
                let request = client.put_item().set_item(Some(attributes(item.clone())));
                send!(
                    request,
                    terms,
                    before,
                    Unput::ConditionalCheckFailedException
                )
            }
            Action::Update(changes) => {
                let update = terms.names.changes(changes);
                let request = client
                    .update_item()
                    .set_key(Some(key(&write.key)))
                    .update_expression(update);
                send!(
                    request,
                    terms,
                    wish,
                    Unchanged::ConditionalCheckFailedException
                )
            }
            Action::Delete | Action::Check => {
                let request = client.delete_item().set_key(Some(key(&write.key)));
                send!(
                    request,
                    terms,
                    before,
                    Undeleted::ConditionalCheckFailedException
                )
            }
        }
    }

    pub(super) fn terms(&self, write: &Wrote) -> Terms {
        let mut names = Names::default();
        let guard = write
            .guard
            .as_ref()
            .map(|(condition, _)| names.condition(condition));
        Terms {
            table: self.name(write.table),
            guard,
            names,
        }
    }
}
