//! Transactions: all of a commit or nothing, tried again while others are in the way.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use super::{CONFLICT_TRIES_MAX, Missed, Tables, attributes, failed, key, row};
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::table::{Action, Refused, Wrote};

impl Tables {
    pub(super) async fn transact(&self, writes: &[Wrote]) -> Result<(), Missed> {
        let items: Result<Vec<_>> = writes
            .iter()
            .map(|write| self.transact_item(write))
            .collect();
        let items = items?;
        let token = self.token();
        let mut round = 0;
        loop {
            round += 1;
            let request = self.0.client.transact_write_items();
            let request = request.client_request_token(&token);
            let error = match request.set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_))
                    if round < CONFLICT_TRIES_MAX =>
                {
                    self.pause(round).await;
                    continue;
                }
                _ => return Err(Missed::Failed(failed(&error))),
            };
            if let Some(refused) = refusal(writes, reasons) {
                return Err(Missed::Refused(refused));
            }
            if !reasons.iter().all(is_passing) {
                return Err(Missed::Failed(INTERNAL_ERROR.because(codes(reasons))));
            }
            if round >= CONFLICT_TRIES_MAX {
                return Err(Missed::Failed(UNAVAILABLE.because(codes(reasons))));
            }
            self.pause(round).await;
        }
    }

    /// By which DynamoDB knows a transaction again for ten minutes (*ClientRequestToken*). It is
    /// the same in every round: one may have happened whose answer got lost, and what comes in the
    /// way of its repetition must not make us decide anew, against our own effect.
    fn token(&self) -> String {
        let mut bytes = [0; 16];
        self.0.random.fill(&mut bytes);
        crate::crypto::hex(&bytes)
    }

    fn transact_item(&self, write: &Wrote) -> Result<TransactWriteItem> {
        let mut terms = self.terms(write);
        let item = TransactWriteItem::builder();
        macro_rules! finish {
            ($builder:expr) => {
                $builder
                    .table_name(terms.table)
                    .set_expression_attribute_names(terms.names.names())
                    .set_expression_attribute_values(terms.names.values())
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    )
                    .build()
                    .map_err(|cause| INTERNAL_ERROR.because(cause))?
            };
        }
        Ok(match &write.action {
            Action::Put(row) => {
                let put = Put::builder()
                    .set_item(Some(attributes(row.clone())))
                    .set_condition_expression(terms.guard);
                item.put(finish!(put))
            }
            Action::Update(changes) => {
                let changes = terms.names.changes(changes);
                let update = Update::builder()
                    .set_key(Some(key(&write.key)))
                    .update_expression(changes)
                    .set_condition_expression(terms.guard);
                item.update(finish!(update))
            }
            Action::Delete => {
                let delete = Delete::builder()
                    .set_key(Some(key(&write.key)))
                    .set_condition_expression(terms.guard);
                item.delete(finish!(delete))
            }
            Action::Check => {
                let check = ConditionCheck::builder()
                    .set_key(Some(key(&write.key)))
                    .set_condition_expression(terms.guard);
                item.condition_check(finish!(check))
            }
        }
        .build())
    }
}

/// Whether a write of a transaction was not in the way, or is so only for now.
fn is_passing(reason: &CancellationReason) -> bool {
    let passing = [
        "None",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    reason.code().is_none_or(|code| passing.contains(&code))
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
