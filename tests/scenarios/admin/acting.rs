//! Effects of admins and their rows.

use serde_json::json;
use world::World;

use super::rows;

const ADJUST: &str = "/api/admin/credits/adjust";

#[tokio::test(start_paused = true)]
async fn an_adjustment_stands_in_the_ledger_and_in_the_audit_log_alike() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let finance = world.admin("finance-1").await;
    let body = json!({ "user_id": ann.id, "amount": 500, "reason": "lost by our mistake" });
    let headers = [
        ("idempotency-key", "adjust-0001"),
        ("x-request-id", "test-1234"),
    ];
    let done = finance
        .call_with("POST", ADJUST, Some(body), &headers)
        .await
        .ok();
    assert_eq!(done["available"], 600);
    ann.has_credits(600).await;
    let id = done["transaction_id"].as_str().expect("an id");
    let booked = ann
        .get(&format!("/api/v2/credits/transactions/{id}"))
        .await
        .ok();
    assert_eq!(booked["postings"][0]["kind"], "adjustment");
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, &format!("target={}", ann.id)).await;
    assert_eq!(found.len(), 1);
    let row = &found[0];
    assert_eq!(
        row["audit_id"], booked["ref"]["id"],
        "the ledger names the row"
    );
    for (field, value) in [
        ("action", json!("adjust_credits")),
        ("admin_id", json!(finance.id().await)),
        ("after", json!({ "available": 600 })),
        ("before", json!({ "available": 100 })),
        ("email", json!("finance-1@pairly.test")),
        ("ip", json!(world::ADDRESS)),
        ("metadata", json!({ "amount": 500 })),
        ("outcome", json!("done")),
        ("permission", json!("billing.action")),
        ("principal_arn", json!(finance.principal.arn)),
        ("reason", json!("lost by our mistake")),
        ("request_id", json!("test-1234")),
        ("roles", json!(["finance"])),
        ("session_name", json!("finance-1")),
        ("severity", json!("warning")),
        ("target_type", json!("user")),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn credits_can_be_taken_but_not_more_than_there_are() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let finance = world.admin("finance-1").await;
    let ask = |amount: i64, reason: &str| {
        finance.post(
            ADJUST,
            json!({ "user_id": ann.id, "amount": amount, "reason": reason }),
        )
    };
    let poor = ask(-101, "booked by mistake").await;
    let error = poor.refused(402, "INSUFFICIENT_CREDITS");
    assert_eq!(
        error["details"],
        json!({ "required": 101, "available": 100 })
    );
    ask(-100, "booked by mistake").await.ok();
    ann.has_credits(0).await;
    ask(0, "booked by mistake")
        .await
        .refused(422, "VALIDATION_FAILED");
    ask(5, "too short").await.refused(422, "REASON_REQUIRED");
    let nobody = json!({ "user_id": "usr_none", "amount": 5, "reason": "booked by mistake" });
    finance
        .post(ADJUST, nobody)
        .await
        .refused(404, "USER_NOT_FOUND");
    let body = json!({ "user_id": ann.id, "amount": 5, "reason": "booked by mistake" });
    let keyless = finance.call_with("POST", ADJUST, Some(body), &[]).await;
    keyless.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
}

#[tokio::test(start_paused = true)]
async fn many_acts_of_one_admin_at_once_make_one_unbroken_log() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let finance = world.admin("finance-1").await;
    let acts = (0..20).map(|n| {
        let user = if n % 2 == 0 { &ann.id } else { &ben.id };
        let body = json!({ "user_id": user, "amount": 1, "reason": "ten gifts for each" });
        finance.post(ADJUST, body)
    });
    let answers = futures_util::future::join_all(acts).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(
        answers
            .iter()
            .all(|answer| [200, 503].contains(&answer.status))
    );
    let id = finance.id().await;
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, &format!("actor={id}&action=adjust_credits")).await;
    assert_eq!(found.len(), done, "an effect each");
    let all = rows(&auditor, &format!("actor={id}")).await;
    let numbers: Vec<_> = all.iter().rev().map(|row| row["seq"].clone()).collect();
    let dense: Vec<_> = (1..=all.len()).map(|seq| json!(seq)).collect();
    assert_eq!(numbers, dense);
    for pair in all.windows(2) {
        assert_eq!(pair[0]["prev_hash"], pair[1]["hash"]);
    }
}
