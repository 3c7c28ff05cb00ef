//! Items, indexes, streams, TTL and what they cost.

use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use serde_json::Value;

use super::*;

#[tokio::test(start_paused = true)]
async fn an_item_is_read_back_and_found_by_its_indexes() {
    let cloud = cloud();
    let client = dynamo(&cloud, "local");
    for seq in 1..=3 {
        let item = client.put_item().table_name(TABLE).item("pk", s("c1"));
        let item = item.item("sk", s(&format!("m{seq}"))).item("seq", n(seq));
        item.item("due_shard", s("d0"))
            .item("due_at", n(100 - seq))
            .send()
            .await
            .unwrap();
    }
    let read = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key("c1", "m2")));
    assert_eq!(read.send().await.unwrap().item.unwrap()["seq"], n(2));
    let query = |index: &str, condition: &str, value| {
        client
            .query()
            .table_name(TABLE)
            .index_name(index)
            .key_condition_expression(condition)
            .expression_attribute_values(":v", value)
            .send()
    };
    let by_seq = query("by_seq", "pk = :v", s("c1"))
        .await
        .unwrap()
        .items
        .unwrap();
    assert_eq!(
        by_seq
            .iter()
            .map(|item| item["sk"].clone())
            .collect::<Vec<_>>(),
        [s("m1"), s("m2"), s("m3")]
    );
    let due = query("due", "due_shard = :v", s("d0"))
        .await
        .unwrap()
        .items
        .unwrap();
    assert_eq!(due[0]["sk"], s("m3"));
}

#[tokio::test(start_paused = true)]
async fn tables_are_described_and_other_operations_are_named() {
    let cloud = cloud();
    let client = dynamo(&cloud, "local");
    let table = client
        .describe_table()
        .table_name(TABLE)
        .send()
        .await
        .unwrap();
    let indexes = table.table.unwrap().global_secondary_indexes.unwrap();
    let mut names: Vec<_> = indexes.iter().filter_map(|one| one.index_name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["called", "changed", "due", "live_calls", "rung"]);
    let error = client
        .create_backup()
        .table_name(TABLE)
        .backup_name("b")
        .send()
        .await;
    assert!(format!("{:?}", error.unwrap_err()).contains("does not answer DynamoDB.CreateBackup"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_brings_the_stored_item_and_costs_its_units() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    put(&client, "c1", &"x".repeat(1_500)).await;
    cloud.meter().reset();
    let refused = client
        .update_item()
        .table_name(TABLE)
        .set_key(Some(key("c1", "a")))
        .update_expression("SET n = :one")
        .condition_expression("attribute_not_exists(pk)")
        .expression_attribute_values(":one", n(1))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let error = refused.unwrap_err().into_service_error();
    let super::super::Line {
        write,
        read,
        operation,
        table,
        function,
        ..
    } = cloud.meter().take().remove(0);
    assert_eq!((read, write), (0.0, 2.0));
    assert_eq!(
        (&*function, &*operation, &*table),
        ("send", "DynamoDB.UpdateItem", "data")
    );
    let text = format!("{error:?}");
    assert!(
        text.contains("ConditionalCheckFailed") && text.contains("xxxx"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn capacity_is_counted_by_index_and_shown_only_when_asked() {
    let cloud = cloud();
    let client = dynamo(&cloud, "send");
    let write = || {
        let item = client
            .put_item()
            .table_name(TABLE)
            .item("pk", s("c1"))
            .item("sk", s("m1"));
        item.item("seq", n(1))
            .item("due_shard", s("d0"))
            .item("due_at", n(1))
    };
    assert!(write().send().await.unwrap().consumed_capacity.is_none());
    let lines = cloud.meter().take();
    let units: Vec<_> = lines
        .iter()
        .map(|line| (line.index.as_deref(), line.write, line.calls))
        .collect();
    assert_eq!(
        units,
        [
            (None, 1.0, 1),
            (Some("by_seq"), 1.0, 1),
            (Some("due"), 1.0, 1)
        ]
    );
    let asked = write().return_consumed_capacity(ReturnConsumedCapacity::Total);
    let capacity = asked.send().await.unwrap().consumed_capacity.unwrap();
    assert!(capacity.capacity_units.unwrap() > 0.0 && capacity.table.is_none());
    let read = client
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key("c1", "m1")));
    cloud.meter().reset();
    read.send().await.unwrap();
    assert_eq!(cloud.meter().take()[0].read, 0.5);
}

fn names(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["eventName"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn changes_come_in_order_until_they_are_done_and_are_then_trimmed() {
    let cloud = cloud();
    let client = dynamo(&cloud, "local");
    put(&client, "c1", "one").await;
    put(&client, "c1", "two").await;
    let gone = client
        .delete_item()
        .table_name(TABLE)
        .set_key(Some(key("c1", "a")));
    gone.send().await.unwrap();
    cloud.changed().notified().await;
    let records = cloud.stream_batch("data", 10);
    assert_eq!(names(&records), ["INSERT", "MODIFY", "REMOVE"]);
    assert_eq!(records[1]["dynamodb"]["OldImage"]["text"]["S"], "one");
    assert_eq!(records[1]["dynamodb"]["NewImage"]["text"]["S"], "two");
    assert_eq!(records[2]["dynamodb"]["Keys"]["pk"]["S"], "c1");
    let source = "arn:aws:dynamodb:us-east-1:000000000000:table/pairly-data/stream/local";
    assert_eq!(records[0]["eventSourceARN"], source);
    assert_eq!(names(&cloud.stream_batch("data", 2)), ["INSERT", "MODIFY"]);
    let sequence = |at: usize| records[at]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    cloud.stream_done("data", sequence(1));
    assert_eq!(cloud.stream_batch("data", 10), records[2..]);
    cloud.stream_done("data", sequence(2));
    assert!(cloud.stream_batch("data", 10).is_empty());
    let kept = "SELECT COUNT(*) FROM _stream_records";
    let kept: usize = cloud
        .store()
        .own
        .query_row(kept, [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 1);
    put(&client, "c2", "three").await;
    assert_eq!(names(&cloud.stream_batch("data", 10)), ["INSERT"]);
}

#[tokio::test(start_paused = true)]
async fn items_expire_by_our_clock_and_the_stream_says_who_deleted_them() {
    let cloud = cloud();
    let client = dynamo(&cloud, "local");
    for (pk, seconds) in [("soon", 60), ("late", 120)] {
        let item = client
            .put_item()
            .table_name(TABLE)
            .item("pk", s(pk))
            .item("sk", s("a"));
        item.item("expires", n(START.seconds() + seconds))
            .send()
            .await
            .unwrap();
    }
    assert_eq!(cloud.sweep_ttl(), 0);
    cloud.clock().advance_to(START.plus(61_000));
    assert_eq!(cloud.sweep_ttl(), 1);
    let records = cloud.stream_batch("data", 10);
    assert_eq!(names(&records), ["INSERT", "INSERT", "REMOVE"]);
    assert_eq!(
        records[2]["userIdentity"]["principalId"],
        "dynamodb.amazonaws.com"
    );
    assert!(records[0]["userIdentity"].is_null());
    let created = records[2]["dynamodb"]["ApproximateCreationDateTime"]
        .as_i64()
        .unwrap();
    assert!((created - START.seconds() - 61).abs() <= 1);
    // Every delivery says the same, also after the clock has moved.
    cloud.clock().advance_to(START.plus(3_600_000));
    assert_eq!(cloud.stream_batch("data", 10), records);
}
