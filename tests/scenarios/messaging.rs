//! Messaging (spec messaging.md, *Acceptance scenarios*).

use serde_json::{Value, json};
use world::{Person, World};

async fn unread(person: &Person) -> Value {
    person.get("/api/v2/messages/unread-count").await.ok()
}

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
async fn delivery_is_marked_once_and_only_by_the_receiver() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let cleo = world.person("Cleo").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    let id = sent["id"].as_str().expect("an id");
    let path = format!("/api/v2/messages/mark-delivered/{id}");
    ann.post(&path, json!({}))
        .await
        .refused(403, "NOT_RECEIVER");
    cleo.post(&path, json!({}))
        .await
        .refused(404, "MESSAGE_NOT_FOUND");
    ann.comes_online().await;
    let first = ben.post(&path, json!({})).await.ok();
    assert_eq!(
        (first["status"].as_str(), first["delivered_seq"].as_i64()),
        (Some("delivered"), Some(1))
    );
    let told = ann.waits(|frame| frame["type"] == "message.status").await;
    assert_eq!(told["data"]["status"], "delivered");
    assert_eq!(told["data"]["up_to_seq"], 1);
    world.passes(60).await;
    let second = ben.post(&path, json!({})).await.ok();
    assert_eq!(first, second);
    let message = ann.get(&format!("/api/v2/messages/{id}")).await.ok();
    assert_eq!(message["delivered_at"], first["delivered_at"]);
}

#[tokio::test(start_paused = true)]
async fn reading_implies_delivery_and_the_sender_sees_it() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    let sent = ann.says("hi").to(&ben).await.ok();
    let body = json!({ "message_ids": [sent["id"]] });
    let marked = ben.post("/api/v2/messages/mark-read", body).await.ok();
    assert_eq!(
        (marked["success"].as_bool(), marked["marked_count"].as_i64()),
        (Some(true), Some(1))
    );
    let told = ann.waits(|frame| frame["data"]["status"] == "read").await;
    assert_eq!(told["type"], "message.status");
    let id = sent["id"].as_str().expect("an id");
    let message = ann.get(&format!("/api/v2/messages/{id}")).await.ok();
    assert_eq!(message["status"], "read");
    assert!(message["read_at"].is_string() && message["delivered_at"].is_string());
}

#[tokio::test(start_paused = true)]
async fn unread_counts_are_exact() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(ann.says(text).to(&ben).await.ok()["id"].clone());
    }
    world.settles().await;
    let count = unread(&ben).await;
    assert_eq!(count["unread_count"], 3);
    assert_eq!(count["by_sender"][&ann.id], 3);
    ben.post(
        "/api/v2/messages/mark-read",
        json!({ "message_ids": ids[..2] }),
    )
    .await
    .ok();
    world.settles().await;
    assert_eq!(unread(&ben).await["unread_count"], 1);
    let path = format!("/api/v2/messages/unread-count?sender_id={}", ann.id);
    assert_eq!(ben.get(&path).await.ok()["unread_count"], 1);
}

#[tokio::test(start_paused = true)]
async fn conversations_are_listed_by_activity_with_preview_and_unread() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    ann.says("from ann").to(&ben).await.ok();
    world.passes(5).await;
    cleo.says("from cleo").to(&ben).await.ok();
    world.passes(5).await;
    let list = ben.get("/api/v2/messages/conversations").await.ok();
    let partners: Vec<_> = list["conversations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["partner"]["name"].clone())
        .collect();
    assert_eq!(partners, [json!("Cleo"), json!("Ann")]);
    assert_eq!(
        list["conversations"][0]["last_message"]["preview"],
        "from cleo"
    );
    assert_eq!(list["conversations"][0]["unread_count"], 1);
    ben.says("to ann").to(&ann).await.ok();
    world.settles().await;
    let list = ben.get("/chats").await.ok();
    assert_eq!(
        list["conversations"][0]["partner"]["user_id"],
        json!(ann.id)
    );
    assert_eq!(
        list["conversations"][0]["last_message"]["preview"],
        "to ann"
    );
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_read_in_pages_without_gap_or_repeat() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 1..=25 {
        ann.says(&format!("text {n}")).to(&ben).await.ok();
    }
    let base = format!("/api/v2/messages/conversation/{}", ann.id);
    let (mut seqs, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = ben.get(&format!("{base}?limit=10{cursor}")).await.ok();
        pages += 1;
        let messages = page["messages"].as_array().expect("messages");
        seqs.extend(
            messages
                .iter()
                .map(|message| message["seq"].as_i64().expect("a seq")),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seqs, (1..=25).rev().collect::<Vec<_>>());
    let newer = ben.get(&format!("{base}?after_seq=20&limit=3")).await.ok();
    let got: Vec<_> = newer["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|m| m["seq"].as_i64())
        .collect();
    assert_eq!(got, [Some(21), Some(22), Some(23)]);
    assert_eq!(newer["limited"], true);
    assert_eq!(newer["head_seq"], 25);
}

#[tokio::test(start_paused = true)]
async fn deleting_for_everyone_before_delivery_gives_the_credit_back_once() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("oops").to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().expect("an id"));
    let first = ann.delete(&path).await.ok();
    assert_eq!(
        (first["is_deleted"].as_bool(), first["refunded"].as_bool()),
        (Some(true), Some(true))
    );
    ann.has_credits(100).await;
    let second = ann.delete(&path).await.ok();
    assert_eq!(second["deleted_at"], first["deleted_at"]);
    ann.has_credits(100).await;
    world.settles().await;
    assert_eq!(unread(&ben).await["unread_count"], 0);
    assert_eq!(ben.reads(&ann).await[0]["content"], "");
    let other = ann.says("seen").to(&ben).await.ok();
    let id = other["id"].as_str().expect("an id");
    ben.post(&format!("/api/v2/messages/mark-delivered/{id}"), json!({}))
        .await
        .ok();
    let late = ann.delete(&format!("/api/v2/messages/{id}")).await.ok();
    assert_eq!(late["refunded"], false);
    ann.has_credits(99).await;
}

#[tokio::test(start_paused = true)]
async fn the_receiver_hides_a_message_for_themselves_only() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    let path = format!("/api/v2/messages/{}", sent["id"].as_str().expect("an id"));
    assert_eq!(ben.delete(&path).await.ok()["scope"], "me");
    assert!(ben.reads(&ann).await.is_empty());
    assert_eq!(ann.reads(&ben).await[0]["content"], "hi");
    ben.delete(&format!("{path}?scope=everyone"))
        .await
        .refused(403, "NOT_SENDER");
}

#[tokio::test(start_paused = true)]
async fn statistics_equal_a_recount() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    ann.says("1").to(&ben).await.ok();
    ann.says("2").to(&cleo).await.ok();
    ben.says("3").to(&ann).await.ok();
    cleo.says("4").to(&ann).await.ok();
    world.settles().await;
    let stats = ann.get("/api/v2/messages/stats").await.ok();
    assert_eq!(
        (stats["sent"].as_i64(), stats["received"].as_i64()),
        (Some(2), Some(2))
    );
    assert_eq!(
        (stats["unread"].as_i64(), stats["conversations"].as_i64()),
        (Some(2), Some(2))
    );
    assert_eq!(stats["credits_spent"], 2);
    assert_eq!(stats["by_type"]["text"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_finds_nothing_and_changes_nothing() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let cleo = world.person("Cleo").await;
    let sent = ann.says("secret").to(&ben).await.ok();
    let id = sent["id"].as_str().expect("an id");
    let before = ann.get(&format!("/api/v2/messages/{id}")).await.ok();
    let absent = format!("msg_{}", "0".repeat(52));
    for (method, path) in [
        ("GET", "/api/v2/messages/{}"),
        ("DELETE", "/api/v2/messages/{}"),
        ("POST", "/api/v2/messages/mark-delivered/{}"),
    ] {
        let body = (method == "POST").then(|| json!({}));
        let real = cleo
            .call(method, &path.replace("{}", id), body.clone())
            .await;
        let fake = cleo
            .call(method, &path.replace("{}", &absent), body.clone())
            .await;
        assert_eq!(real.comparable(), fake.comparable());
        real.refused(404, "MESSAGE_NOT_FOUND");
        let odd = cleo
            .call(method, &path.replace("{}", "nonsense"), body)
            .await;
        odd.refused(404, "MESSAGE_NOT_FOUND");
    }
    let marked = cleo
        .post("/api/v2/messages/mark-read", json!({ "message_ids": [id] }))
        .await
        .ok();
    assert_eq!(
        (marked["marked_count"].as_i64(), marked["ignored"].clone()),
        (Some(0), json!([id]))
    );
    let by_seq = json!({ "conversation_id": sent["conversation_id"], "up_to_seq": 1 });
    let foreign = cleo.post("/api/v2/messages/mark-read", by_seq).await;
    foreign.refused(404, "CONVERSATION_NOT_FOUND");
    assert!(cleo.reads(&ann).await.is_empty());
    assert_eq!(
        ann.get(&format!("/api/v2/messages/{id}")).await.ok(),
        before
    );
}

#[tokio::test(start_paused = true)]
async fn fifty_retries_of_one_client_id_are_one_message_and_fifty_equal_answers() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let body = json!({
        "receiver_id": ben.id, "content": "once", "message_type": "text", "client_message_id": "retry-0001",
    });
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
        let body = json!({
            "receiver_id": ben.id, "content": "same", "message_type": "text", "client_message_id": format!("same-{n:04}"),
        });
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
        let body = json!({
            "receiver_id": ben.id, "content": "race", "message_type": "text", "client_message_id": format!("race-{n:04}"),
        });
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
    let send = |receiver: &str| {
        json!({
            "receiver_id": receiver, "content": "hi", "message_type": "text", "client_message_id": "order-0001",
        })
    };
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
async fn the_eleventh_new_contact_of_a_day_waits_but_replies_pass() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.says("hello").to(&ann).await.ok();
    let mut refused = 0;
    for n in 0..31 {
        let other = world.person(&format!("Person {n}")).await;
        let answer = ann.says("hi").to(&other).await;
        if answer.code() == Some("NEW_CONTACT_LIMIT") {
            refused += 1;
            assert!([10, 20, 30].contains(&n), "the limit was {n}");
            break;
        }
        answer.ok();
    }
    assert_eq!(refused, 1);
    ann.says("a reply").to(&ben).await.ok();
    world.passes(25 * 3_600).await;
    let late = world.person("Late").await;
    let ann = ann.elsewhere().await;
    let body = json!({
        "receiver_id": late.id, "content": "hi", "message_type": "text", "client_message_id": "late-0001",
    });
    ann.post("/api/v2/messages/send", body).await.ok();
}

#[tokio::test(start_paused = true)]
async fn typing_reaches_the_partner_only() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    let sent = ann.says("hi").to(&ben).await.ok();
    world.settles().await;
    ann.comes_online().await;
    ben.comes_online().await;
    cleo.comes_online().await;
    let data = json!({ "conversation_id": sent["conversation_id"], "state": "composing" });
    let frame = json!({ "v": 1, "id": "t1", "type": "typing", "ts": 0, "data": data });
    ann.sends(&frame.to_string()).await;
    let seen = ben.waits(|frame| frame["type"] == "typing").await;
    assert_eq!(seen["data"]["user_id"], json!(ann.id));
    assert_eq!(seen["data"]["expires_in_ms"], 6_000);
    let refused = cleo.asks("typing", data).await;
    assert_eq!(refused["data"]["code"], "CONVERSATION_NOT_FOUND");
    assert!(cleo.got("typing").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn sixty_one_messages_at_once_are_one_too_many() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut ben = ben;
    for n in 0..60 {
        let answer = ann.says(&format!("{n}")).to(&ben).await;
        assert!(
            answer
                .header("ratelimit")
                .is_some_and(|text| text.starts_with("\"send\";r="))
        );
        answer.ok();
    }
    let refused = ann.says("too many").to(&ben).await;
    let wait: i64 = refused
        .header("retry-after")
        .and_then(|text| text.parse().ok())
        .expect("a wait");
    assert!(wait >= 1);
    let error = refused.refused(429, "RATE_LIMITED");
    assert_eq!(error["details"]["scope"], "send");
    ben.says("unaffected").to(&ann).await.ok();
    ann.has_credits(40).await;
    world.passes(wait).await;
    ann.says("now").to(&ben).await.ok();
}
