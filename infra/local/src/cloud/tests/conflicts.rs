//! Writers that meet.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Get, Put, TransactGetItem, TransactWriteItem};

use super::*;

fn write(pk: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(key(pk, "a")))
        .build()
        .unwrap();
    TransactWriteItem::builder().put(put).build()
}

async fn together(client: &Client, pks: &[&str]) -> Result<(), Vec<String>> {
    let items = pks.iter().map(|pk| write(pk)).collect();
    let answer = client
        .transact_write_items()
        .set_transact_items(Some(items))
        .send()
        .await;
    answer
        .map(drop)
        .map_err(|error| match error.into_service_error() {
            TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                let reasons = cancelled.cancellation_reasons.unwrap();
                reasons
                    .into_iter()
                    .map(|reason| reason.code.unwrap())
                    .collect()
            }
            other => panic!("{other:?}"),
        })
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_meets_another_is_cancelled_with_reasons_by_position() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    let (first, second) = tokio::join!(
        together(&client, &["a", "b"]),
        together(&client, &["c", "b"])
    );
    assert_eq!(first, Ok(()));
    assert_eq!(
        second,
        Err(vec!["None".to_owned(), "TransactionConflict".to_owned()])
    );
    let written: f64 = cloud.meter().take().iter().map(|line| line.write).sum();
    assert_eq!(
        written,
        4.0 + 4.0,
        "two items of a transaction, and the cancelled one by rule"
    );
    // The refused one held nothing, and the first one has answered.
    assert_eq!(together(&client, &["c", "b"]).await, Ok(()));
    assert_eq!(cloud.clock().now(), START.plus(10));
}

#[tokio::test(start_paused = true)]
async fn a_plain_write_is_refused_only_where_a_transaction_is_in_flight() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    let plain = || {
        client
            .put_item()
            .table_name(TABLE)
            .set_item(Some(key("a", "a")))
            .send()
    };
    let (one, other) = tokio::join!(plain(), plain());
    assert!(one.is_ok() && other.is_ok());
    let (transaction, write) = tokio::join!(together(&client, &["a"]), plain());
    assert_eq!(transaction, Ok(()));
    let refused = write.unwrap_err();
    assert_eq!(refused.code(), Some("TransactionConflictException"));
    let (write, transaction) = tokio::join!(plain(), together(&client, &["a"]));
    assert!(write.is_ok());
    assert_eq!(transaction, Err(vec!["TransactionConflict".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn plain_reads_are_never_refused_but_reads_together_are() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    let read = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key("a", "a")))
        .send();
    let get = Get::builder()
        .table_name(TABLE)
        .set_key(Some(key("a", "a")))
        .build()
        .unwrap();
    let get = TransactGetItem::builder().get(get).build();
    let reads = client.transact_get_items().transact_items(get).send();
    let (write, read, reads) = tokio::join!(together(&client, &["a"]), read, reads);
    assert_eq!(write, Ok(()));
    assert!(read.unwrap().item.is_some());
    assert_eq!(
        reads.unwrap_err().code(),
        Some("TransactionCanceledException")
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_lets_go_of_its_items() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    let call = together(&client, &["a"]);
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(2), call)
            .await
            .is_err()
    );
    assert_eq!(together(&client, &["a"]).await, Ok(()));
    cloud.faults().set_in_flight_ms(0);
    let (one, other) = tokio::join!(together(&client, &["a"]), together(&client, &["a"]));
    assert_eq!((one, other), (Ok(()), Ok(())));
}
