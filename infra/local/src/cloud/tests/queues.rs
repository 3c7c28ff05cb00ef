//! Delay, visibility, receive count and dead letters.

use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};

use super::*;

const URL: &str = "https://sqs.us-east-1.amazonaws.com/000000000000/pairly-mail";

async fn send(client: &Client, body: &str, delay: i32) {
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("req-12345678")
        .build()
        .unwrap();
    let message = client.send_message().queue_url(URL).message_body(body);
    let message = message
        .delay_seconds(delay)
        .message_attributes("request_id", attribute);
    // The SDK checks the MD5 sum of the body.
    let answer = message.send().await.unwrap();
    assert_eq!(answer.md5_of_message_attributes.unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_comes_when_it_is_due_and_again_until_it_is_deleted() {
    let cloud = cloud();
    let client = Client::new(&config(&cloud, "local"));
    send(&client, r#"{"a":1}"#, 15).await;
    assert!(cloud.receive("mail", 10).is_empty());
    assert_eq!(cloud.next_visible(), Some(START.plus(15_000)));
    cloud.clock().advance_to(START.plus(15_000));
    let first = cloud.receive("mail", 10).remove(0);
    assert_eq!(
        (first.body.as_str(), first.receive_count),
        (r#"{"a":1}"#, 1)
    );
    assert_eq!(first.attributes["request_id"], "req-12345678");
    let record = first.record("mail");
    assert_eq!(
        record["messageAttributes"]["request_id"]["stringValue"],
        "req-12345678"
    );
    assert!(cloud.receive("mail", 10).is_empty());
    cloud.clock().advance_to(START.plus(15_000 + 90_000));
    let second = cloud.receive("mail", 10).remove(0);
    assert_eq!(second.receive_count, 2);
    cloud.delete_message("mail", &first.receipt);
    assert_eq!(cloud.queue_depths()[2], ("mail".to_owned(), 1));
    cloud.delete_message("mail", &second.receipt);
    assert_eq!((cloud.queue_depths()[2].1, cloud.next_visible()), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_too_often_becomes_a_dead_letter_and_can_come_back() {
    let cloud = cloud();
    let client = Client::new(&config(&cloud, "local"));
    send(&client, "1", 0).await;
    let mut received = 0;
    for round in 1..10 {
        received += cloud.receive("mail", 10).len();
        cloud.clock().advance_to(START.plus(round * 100_000));
    }
    assert_eq!((received, cloud.next_visible()), (5, None));
    let dead = cloud.dead_letters("mail");
    assert_eq!(
        (dead.len(), &dead[0]["attempts"]),
        (1, &serde_json::json!(5))
    );
    assert_eq!(cloud.redrive("mail"), 1);
    assert_eq!(cloud.receive("mail", 10)[0].receive_count, 1);
    assert!(cloud.dead_letters("mail").is_empty());
}

#[tokio::test(start_paused = true)]
async fn batches_attributes_and_refusals_have_the_shape_of_sqs() {
    let cloud = cloud();
    let client = Client::new(&config(&cloud, "local"));
    let entry = |id: &str, delay| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body("{}");
        entry.delay_seconds(delay).build().unwrap()
    };
    let batch = client
        .send_message_batch()
        .queue_url(URL)
        .entries(entry("a", 0));
    let answer = batch.entries(entry("b", 901)).send().await.unwrap();
    assert_eq!((answer.successful.len(), answer.failed.len()), (1, 1));
    let wanted = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = client
        .get_queue_attributes()
        .queue_url(URL)
        .attribute_names(wanted.clone());
    assert_eq!(
        asked.send().await.unwrap().attributes.unwrap()[&wanted],
        "1"
    );
    let url = client
        .get_queue_url()
        .queue_name("pairly-mail")
        .send()
        .await
        .unwrap();
    assert_eq!(url.queue_url.as_deref(), Some(URL));
    let missing = client
        .send_message()
        .queue_url("https://q/pairly-none")
        .message_body("{}");
    let error = missing.send().await.unwrap_err();
    assert_eq!(error.code(), Some("QueueDoesNotExist"));
}
