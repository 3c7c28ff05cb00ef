//! DynamoDB: the embedded engine, with conflicts, capacity and least privilege around it.

mod capacity;
mod operation;
mod refusal;

use std::time::Duration;

use dynoxide::errors::{CancellationReason, DynoxideError};

use shared::time::Time;

use self::operation::{Needs, Op};
use super::Cloud;
use super::in_flight::{Hold, Mode};
use super::store::Store;
use super::tables;
use super::wire::{Response, Service};

pub(super) use self::refusal::{conflict_of, exceeded};

const SERVICE: Service = Service::DynamoDb;

impl Cloud {
    /// Answers an operation by the second part of its target, such as `PutItem`, to a function and
    /// whether it is to see the past.
    pub(super) async fn dynamo(
        &self,
        caller: (&str, bool),
        operation: &str,
        body: &[u8],
    ) -> Response {
        use dynoxide::actions as a;
        macro_rules! serve {
            ($($name:literal => $request:ty,)*) => {
                match operation {
                    $($name => {
                        let call = concat!("DynamoDB.", $name);
                        self.operate::<$request>(caller, call, body).await
                    })*
                    _ => SERVICE.unknown(operation),
                }
            };
        }
        serve! {
            "GetItem" => a::get_item::GetItemRequest,
            "PutItem" => a::put_item::PutItemRequest,
            "UpdateItem" => a::update_item::UpdateItemRequest,
            "DeleteItem" => a::delete_item::DeleteItemRequest,
            "Query" => a::query::QueryRequest,
            "Scan" => a::scan::ScanRequest,
            "BatchGetItem" => a::batch_get_item::BatchGetItemRequest,
            "BatchWriteItem" => a::batch_write_item::BatchWriteItemRequest,
            "TransactWriteItems" => a::transact_write_items::TransactWriteItemsRequest,
            "TransactGetItems" => a::transact_get_items::TransactGetItemsRequest,
            "DescribeTable" => a::describe_table::DescribeTableRequest,
        }
    }

    async fn operate<O: Op>(
        &self,
        (function, stale): (&str, bool),
        name: &'static str,
        body: &[u8],
    ) -> Response {
        let mut request: O = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(cause) => return refusal::unreadable(&cause.to_string()),
        };
        let needs = request.needs();
        if let Err(denied) = self.0.grants.check(function, SERVICE, &needs.grants()) {
            return denied;
        }
        let caller = (function, name);
        let hold = match self.0.in_flight.enter(needs.mode, &needs.keys()) {
            Ok(hold) => hold,
            Err(met) => return self.met(caller, &needs, &met, body),
        };
        let wish = request
            .wish()
            .map(|wish| wish.replace("INDEXES".to_owned()))
            .unwrap_or_default();
        let outcome = {
            let mut store = self.store();
            run(request, &mut store, stale, &needs, self.0.clock.now()).inspect_err(|error| {
                refusal::charge(&self.0.meter, caller, &store, &needs, error);
            })
        };
        match outcome {
            Err(error) => {
                drop(hold);
                SERVICE.answer(error.status_code(), error.to_json().into_bytes())
            }
            Ok(mut answer) => {
                let consumed = capacity::taken::<O>(&mut answer);
                capacity::count(&self.0.meter, caller, &consumed, needs.mode);
                capacity::give_back::<O>(&mut answer, consumed, wish.as_deref());
                self.wrote(&needs, hold).await;
                let text = serde_json::to_vec(&answer).unwrap_or_default();
                SERVICE.answer(200, text)
            }
        }
    }

    /// After a write: tells the streams, and stays in flight for a while.
    async fn wrote(&self, needs: &Needs, hold: Hold) {
        if !needs.writes() {
            return;
        }
        let streamed = |table: &str| tables::spec(table).is_some_and(|spec| spec.stream);
        if needs.items.iter().any(|item| streamed(&item.key.0)) {
            self.notify();
        }
        let ms = self.0.faults.in_flight_ms();
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        drop(hold);
    }

    /// The refusal of a request that met others in flight at these positions.
    fn met(
        &self,
        caller: (&str, &'static str),
        needs: &Needs,
        met: &[usize],
        body: &[u8],
    ) -> Response {
        if needs.batch {
            // A batch is no transaction: what meets one comes back to be tried again.
            return refusal::unprocessed(body);
        }
        let error = match needs.mode {
            Mode::WriteTogether | Mode::ReadTogether => refusal::cancelled(needs.items.len(), met),
            Mode::Write | Mode::Read => return refusal::conflict(),
        };
        refusal::charge(&self.0.meter, caller, &self.store(), needs, &error);
        SERVICE.answer(error.status_code(), error.to_json().into_bytes())
    }
}

/// Carries a request out, on what is stored now or, where it is to see the past, was.
fn run<O: Op>(
    request: O,
    store: &mut Store,
    stale: bool,
    needs: &Needs,
    now: Time,
) -> Result<O::Answer, DynoxideError> {
    if needs.writes() {
        store.note_shift(now);
    }
    match stale.then(|| store.past(now)).flatten() {
        Some(past) => request.run(&past),
        None => request.run(&store.db),
    }
}

/// One reason of a cancelled transaction.
fn reason(code: &str, message: Option<&str>) -> CancellationReason {
    CancellationReason {
        code: code.to_owned(),
        message: message.map(str::to_owned),
        item: None,
    }
}

/// A cancelled transaction with the reasons of all its items.
fn cancelled_with(reasons: Vec<CancellationReason>) -> DynoxideError {
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    DynoxideError::TransactionCanceledException(message, reasons)
}
