//! Refusals: their shapes, and what they cost although the engine does not say so.

use dynoxide::errors::DynoxideError;
use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::operation::{Needs, Touched};
use super::{SERVICE, cancelled_with, reason};
use crate::cloud::in_flight::Mode;
use crate::cloud::meter::Meter;
use crate::cloud::store::Store;
use crate::cloud::tables::short;
use crate::cloud::wire::Response;

/// What DynamoDB says of an item in another transaction.
const ONGOING: &str = "Transaction is ongoing for the item";
/// Bytes of one write unit.
const UNIT_BYTES: usize = 1_024;

/// The answer to a body that cannot be read as the operation's request.
pub fn unreadable(cause: &str) -> Response {
    // The engine marks what AWS would call a validation error, and serde adds the place.
    match cause.split_once("VALIDATION:") {
        Some((_, text)) => {
            let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
            SERVICE.error(400, "com.amazon.coral.validate#ValidationException", text)
        }
        None => SERVICE.error(
            400,
            "com.amazon.coral.service#SerializationException",
            cause,
        ),
    }
}

/// A plain write that met a transaction.
pub fn conflict() -> Response {
    SERVICE.error(
        400,
        "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
        ONGOING,
    )
}

/// A transaction of so many items that met others at these positions.
pub fn cancelled(items: usize, met: &[usize]) -> DynoxideError {
    let at = |position| match met.contains(&position) {
        true => reason("TransactionConflict", Some(ONGOING)),
        false => reason("None", None),
    };
    cancelled_with((0..items).map(at).collect())
}

/// The conflict of a fault: for a transaction at its first item.
pub fn conflict_of(operation: &str, body: &[u8]) -> Response {
    if !operation.starts_with("Transact") {
        return conflict();
    }
    let error = cancelled(items_of(body), &[0]);
    SERVICE.answer(error.status_code(), error.to_json().into_bytes())
}

/// The refusal of a partition that gives no more units: of a transaction at its first item.
pub fn exceeded(operation: &str, body: &[u8]) -> Response {
    let text = "The level of configured provisioned throughput for the table was exceeded.";
    if !operation.starts_with("Transact") {
        let code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
        return SERVICE.error(400, code, text);
    }
    let mut reasons = vec![reason("ProvisionedThroughputExceeded", Some(text))];
    reasons.resize(items_of(body), reason("None", None));
    let error = cancelled_with(reasons);
    SERVICE.answer(error.status_code(), error.to_json().into_bytes())
}

/// How many items a transaction names.
fn items_of(body: &[u8]) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["TransactItems"].as_array().map_or(1, Vec::len)
}

/// A batch that is handed back whole.
pub fn unprocessed(body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    SERVICE.ok(&json!({ "UnprocessedItems": body["RequestItems"] }))
}

/// Charges a refused conditional write with its item, a cancelled transaction with all of its
/// items twice.
pub fn charge(
    meter: &Meter,
    caller: (&str, &str),
    store: &Store,
    needs: &Needs,
    error: &DynoxideError,
) {
    let times = match error {
        DynoxideError::ConditionalCheckFailedException(..) => 1.0,
        DynoxideError::TransactionCanceledException(..) => 2.0,
        _ => return,
    };
    for item in &needs.items {
        let units = times * units_of(store, item);
        let (read, write) = match needs.mode {
            Mode::Read | Mode::ReadTogether => (units, 0.0),
            Mode::Write | Mode::WriteTogether => (0.0, units),
        };
        meter.add(caller, short(&item.key.0), None, (read, write));
    }
}

/// Units of the larger of the stored and the new item; 1 when there is neither.
fn units_of(store: &Store, item: &Touched) -> f64 {
    let (table, pk, sk) = &item.key;
    let stored = stored_bytes(store, table, pk, sk)
        .ok()
        .flatten()
        .unwrap_or(0);
    let units = stored.max(item.bytes).div_ceil(UNIT_BYTES).max(1);
    f64::from(u32::try_from(units).unwrap_or(u32::MAX))
}

fn stored_bytes(store: &Store, table: &str, pk: &str, sk: &str) -> rusqlite::Result<Option<usize>> {
    if crate::cloud::tables::spec(table).is_none() {
        return Ok(None);
    }
    // A text key as the engine stores it.
    let key = [format!("S:{pk}"), format!("S:{sk}")];
    let sql = format!("SELECT item_size FROM \"{table}\" WHERE pk = ?1 AND sk = ?2");
    store
        .own
        .prepare_cached(&sql)?
        .query_row(key, |row| row.get(0))
        .optional()
}
