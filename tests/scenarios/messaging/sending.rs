//! What a send costs, says and promises.

use serde_json::json;
use world::{World, text_to};

use super::unread;

#[tokio::test(start_paused = true)]
async fn a_message_costs_one_credit_and_carries_its_receipt() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let sent = ann.says("hi").to(&ben).await.ok();
    assert_eq!(sent["status"], "sent");
    assert_eq!(
        (sent["seq"].as_i64(), sent["credits_cost"].as_i64()),
        (Some(1), Some(1))
    );
    assert_eq!(sent["balance_after"], 99);
    ann.has_credits(99).await;
    let transaction = sent["credits_transaction_id"]
        .as_str()
        .expect("a transaction");
    let path = format!("/api/v2/credits/transactions/{transaction}");
    let receipt = ann.get(&path).await.ok();
    assert_eq!(receipt["postings"][0]["amount"], 1);
    assert_eq!(receipt["postings"][0]["kind"], "message_charge");
    assert_eq!(receipt["ref"]["id"], sent["id"]);
    ben.get(&path).await.refused(404, "TRANSACTION_NOT_FOUND");
    let frame = ben.sees("hi").await;
    assert_eq!(frame["seq"], 1);
    assert_eq!(frame["data"]["id"], sent["id"]);
    assert_eq!(
        frame["data"]["conversation"],
        json!({ "last_seq": 1, "unread_count": 1 })
    );
    assert_eq!(frame["data"]["unread_total"], 1);
    ben.has_credits(100).await;
}

#[tokio::test(start_paused = true)]
async fn without_credits_nothing_happens() {
    let world = World::new().await;
    let mut ann = world.person_with("Ann", 0).await;
    let mut ben = world.person("Ben").await;
    ben.comes_online().await;
    let refused = ann
        .says("hi")
        .to(&ben)
        .await
        .refused(402, "INSUFFICIENT_CREDITS");
    assert_eq!(refused["details"], json!({ "required": 1, "available": 0 }));
    world.settles().await;
    assert!(ben.got("message.new").await.is_empty());
    assert!(ben.reads(&ann).await.is_empty());
    assert_eq!(unread(&ben).await["unread_count"], 0);
    let rows = ann.get("/api/v2/credits/transactions").await.ok();
    assert_eq!(rows["transactions"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn fifty_retries_of_one_client_id_are_one_message_and_fifty_equal_answers() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let body = text_to(&ben.id, "once", "retry-0001");
    let calls = (0..50).map(|_| ann.post("/api/v2/messages/send", body.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let first = answers[0].clone().ok();
    for answer in answers {
        assert_eq!(answer.ok(), first);
    }
    ann.has_credits(99).await;
    assert_eq!(ben.reads(&ann).await.len(), 1);
    let mut other = body.clone();
    other["content"] = json!("twice");
    ann.post("/api/v2/messages/send", other)
        .await
        .refused(422, "IDEMPOTENCY_KEY_REUSED");
    ann.has_credits(99).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_text_under_different_ids_is_many_messages_in_dense_order() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..50 {
        let body = text_to(&ben.id, "same", &format!("same-{n:04}"));
        ann.post("/api/v2/messages/send", body).await.ok();
    }
    let seqs: Vec<_> = ben
        .reads(&ann)
        .await
        .iter()
        .map(|message| message["seq"].as_i64().expect("a seq"))
        .collect();
    assert_eq!(seqs, (1..=50).rev().collect::<Vec<_>>());
    ann.has_credits(50).await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_parallel_sends_on_a_balance_of_one_give_one_message() {
    let world = World::unlimited().await;
    let ann = world.person_with("Ann", 1).await;
    let ben = world.person("Ben").await;
    let calls = (0..1_000).map(|n| {
        let body = text_to(&ben.id, "race", &format!("race-{n:04}"));
        ann.post("/api/v2/messages/send", body)
    });
    let answers = futures_util::future::join_all(calls).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert!(
        statuses
            .iter()
            .all(|status| [200, 402, 503].contains(status)),
        "{statuses:?}"
    );
    ann.has_credits(0).await;
    assert_eq!(ben.reads(&ann).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_order_of_checks_never_tells_what_a_later_one_knows() {
    let world = World::new().await;
    let ann = world.person_with("Ann", 0).await;
    let send = |receiver: &str| text_to(receiver, "hi", "order-0001");
    let unknown = format!("usr_{}", "0".repeat(26));
    ann.post("/api/v2/messages/send", send(&unknown))
        .await
        .refused(404, "USER_NOT_FOUND");
    ann.post("/api/v2/messages/send", send("nonsense"))
        .await
        .refused(404, "USER_NOT_FOUND");
    ann.post("/api/v2/messages/send", send(&ann.id))
        .await
        .refused(422, "CANNOT_TARGET_SELF");
    let mut keyless = send(&unknown);
    keyless
        .as_object_mut()
        .expect("an object")
        .remove("client_message_id");
    ann.post("/api/v2/messages/send", keyless)
        .await
        .refused(400, "IDEMPOTENCY_KEY_REQUIRED");
}

#[tokio::test(start_paused = true)]
async fn text_is_stored_clean_or_refused() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann
        .says("I <3 <b>you</b><script>alert(1)</script>\u{7} \u{1f600}")
        .to(&ben)
        .await
        .ok();
    assert_eq!(sent["content"], "I <3 you \u{1f600}");
    ann.says(&"x".repeat(5_000)).to(&ben).await.ok();
    ann.says(&"x".repeat(5_001))
        .to(&ben)
        .await
        .refused(413, "MESSAGE_TOO_LARGE");
    ann.says("<script>only</script>")
        .to(&ben)
        .await
        .refused(422, "VALIDATION_FAILED");
    assert_eq!(ben.reads(&ann).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_no_table_holds_is_refused_as_a_value() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let mut body = text_to(&ben.id, "hi", "number-0001");
    body["metadata"] = json!({ "huge": 1e300 });
    let path = "/api/v2/messages/send";
    ann.post(path, body.clone())
        .await
        .refused(422, "VALIDATION_FAILED");
    body["metadata"] = json!({ "small": 0.5, "word": "yes" });
    assert_eq!(ann.post(path, body.clone()).await.ok()["content"], "hi");
    ann.has_credits(99).await;
}
