//! What needs a second person.

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use world::{Administrator, Person, World};

use super::rows;

const ADJUST: &str = "/api/admin/credits/adjust";

/// Somebody asks for 50,000 credits for a person.
pub async fn asked(admin: &Administrator, person: &Person) -> String {
    let body = json!({ "user_id": person.id, "amount": 50_000, "reason": "a very large prize" });
    let waits = admin.post(ADJUST, body).await.expect(202);
    waits["approval_id"].as_str().expect("an id").to_owned()
}

/// Decides it.
pub async fn decides(admin: &Administrator, approval_id: &str, decision: &str) -> world::Answer {
    let path = format!("/api/admin/approvals/{approval_id}/decide");
    let body = json!({ "decision": decision, "reason": "looked at it" });
    admin.post(&path, body).await
}

fn outcomes(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(|row| row["outcome"].clone()).collect()
}

async fn states(admin: &Administrator, query: &str) -> Vec<Value> {
    let page = admin
        .get(&format!("/api/admin/approvals{query}"))
        .await
        .ok();
    let list = page["approvals"].as_array().expect("approvals").clone();
    list.iter().map(|one| one["state"].clone()).collect()
}

/// The decision stands in the log right before its effect, and what was refused before it.
async fn is_noted(auditor: &Administrator, id: &str, effect: &Value) {
    let decided = rows(auditor, &format!("target={id}&action=decide_approval")).await;
    assert_eq!(outcomes(&decided), ["failed", "done", "failed"]);
    let decision = &decided[1];
    assert_eq!(decision["severity"], "critical");
    assert_eq!(decision["target_id"], json!(id));
    assert_eq!(
        decision["metadata"]["requested_by"],
        effect["metadata"]["requested_by"]
    );
    assert_eq!(decision["reason"], "looked at it");
    assert_eq!(decision["hash"], effect["prev_hash"], "one after the other");
    assert_eq!(decision["request_id"], effect["request_id"]);
    assert_eq!(decided[2]["metadata"]["code"], "APPROVAL_SELF");
}

#[tokio::test(start_paused = true)]
async fn a_large_adjustment_waits_for_somebody_else() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let id = asked(&finance, &ann).await;
    ann.has_credits(100).await;
    let own = decides(&finance, &id, "approve").await;
    own.refused(403, "APPROVAL_SELF");
    let moderator = world.admin("moderator-1").await;
    let denied = decides(&moderator, &id, "approve").await;
    denied.refused(403, "PERMISSION_DENIED");
    assert_eq!(
        states(&moderator, "").await,
        Vec::<Value>::new(),
        "not theirs to see"
    );
    assert_eq!(states(&other, "?state=pending").await, ["pending"]);
    let done = decides(&other, &id, "approve").await.ok();
    assert_eq!(done["state"], "executed");
    assert_eq!(done["result"]["available"], 50_100);
    ann.has_credits(50_100).await;
    let late = decides(&other, &id, "approve").await;
    assert_eq!(
        late.refused(409, "APPROVAL_STATE")["details"]["status"],
        "executed"
    );
    assert_eq!(states(&other, "").await, ["executed"]);
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, "action=adjust_credits").await;
    assert_eq!(found.len(), 2, "one for the question, one for the effect");
    let [effect, question] = [&found[0], &found[1]];
    assert_eq!(
        (&effect["approval_id"], &question["approval_id"]),
        (&json!(id), &json!(id))
    );
    assert_eq!(question["admin_id"], finance.id().await);
    assert_eq!(question["metadata"]["approval"], "asked");
    assert_eq!(effect["admin_id"], other.id().await);
    assert_eq!(effect["metadata"]["requested_by"], finance.id().await);
    assert_eq!(effect["after"], json!({ "available": 50_100 }));
    is_noted(&auditor, &id, effect).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_or_too_old_never_happens() {
    let world = World::new().await.punctual();
    let ann = world.person("Ann").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let (one, two) = (asked(&finance, &ann).await, asked(&finance, &ann).await);
    let no = decides(&other, &one, "reject").await.ok();
    assert_eq!(no, json!({ "state": "rejected" }));
    let late = decides(&other, &one, "approve").await;
    assert_eq!(
        late.refused(409, "APPROVAL_STATE")["details"]["status"],
        "rejected"
    );
    world.passes(86_399).await;
    assert_eq!(states(&other, "?state=pending").await.len(), 1);
    world.passes(1).await;
    let late = decides(&other, &two, "approve").await;
    assert_eq!(
        late.refused(409, "APPROVAL_STATE")["details"]["status"],
        "expired"
    );
    assert_eq!(states(&other, "").await, ["expired", "rejected"]);
    ann.elsewhere().await.has_credits(100).await;
    let unknown = decides(&other, "apr_none", "approve").await;
    unknown.refused(404, "APPROVAL_NOT_FOUND");
    // What time has made of it is written down by the sweep.
    let stored = async || world.items("ledger", &two).await[0]["state"]["S"].clone();
    assert_eq!(stored().await, "pending");
    world.passes(300).await;
    assert_eq!(stored().await, "expired");
}

#[tokio::test(start_paused = true)]
async fn an_approval_is_looked_at_again_when_it_is_carried_out() {
    let world = World::new().await;
    let ann = world.person_with("Ann", 60_000).await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let take = json!({ "user_id": ann.id, "amount": -50_000, "reason": "booked by mistake" });
    let first = finance.post(ADJUST, take.clone()).await.expect(202);
    let second = finance.post(ADJUST, take).await.expect(202);
    let id = |one: &Value| one["approval_id"].as_str().expect("an id").to_owned();
    assert_eq!(
        decides(&other, &id(&first), "approve").await.ok()["state"],
        "executed"
    );
    ann.has_credits(10_000).await;
    let failed = decides(&other, &id(&second), "approve").await.ok();
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["result"]["code"], "INSUFFICIENT_CREDITS");
    ann.has_credits(10_000).await;
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, "action=decide_approval").await;
    assert_eq!(outcomes(&found), ["failed", "done"]);
    let found = rows(&auditor, &format!("target={}", ann.id)).await;
    assert_eq!(outcomes(&found), ["failed", "done", "done", "done"]);
    assert_eq!(found[0]["metadata"]["code"], "INSUFFICIENT_CREDITS");
    assert_eq!(found[0]["approval_id"], id(&second));
}

#[tokio::test(start_paused = true)]
async fn whoever_lost_the_permission_meanwhile_asked_for_nothing() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let id = asked(&finance, &ann).await;
    let (one, two) = (
        world.admin("super_admin-1").await,
        world.admin("super_admin-2").await,
    );
    let path = format!("/api/admin/admins/{}", finance.id().await);
    let edit = json!({ "active": false, "version": 1, "reason": "left the company" });
    let waits = one.call("PATCH", &path, Some(edit)).await.expect(202);
    let left = waits["approval_id"].as_str().expect("an id");
    assert_eq!(
        decides(&two, left, "approve").await.ok()["result"]["active"],
        false
    );
    let failed = decides(&other, &id, "approve").await.ok();
    assert_eq!(
        (&failed["state"], &failed["result"]["code"]),
        (&json!("failed"), &json!("PERMISSION_DENIED"))
    );
    ann.has_credits(100).await;
}

#[tokio::test(start_paused = true)]
async fn fifty_equal_decisions_are_one() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let id = asked(&finance, &ann).await;
    let path = format!("/api/admin/approvals/{id}/decide");
    let body = json!({ "decision": "approve", "reason": "looked at it" });
    let key = [("idempotency-key", "decision-0001")];
    let call = || other.call_with("POST", &path, Some(body.clone()), &key);
    let answers = futures_util::future::join_all((0..50).map(|_| call())).await;
    let last = call().await.ok();
    for answer in answers {
        let passing = answer.status == 503 || answer.code() == Some("IDEMPOTENCY_IN_PROGRESS");
        assert!(passing || answer.body == last, "{answer:?}");
    }
    ann.has_credits(50_100).await;
    let another = json!({ "decision": "reject", "reason": "looked at it" });
    let reused = other.call_with("POST", &path, Some(another), &key).await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
}

/// One of the two functions of a decision dies after its `nth` call, and the decision is repeated;
/// whether it got that far.
async fn dies(function: &str, nth: usize) -> bool {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let id = asked(&finance, &ann).await;
    let path = format!("/api/admin/approvals/{id}/decide");
    let body = json!({ "decision": "approve", "reason": "looked at it" });
    let key = [("idempotency-key", "decision-0001")];
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    faults.add(Rule {
        function: Some(function.to_owned()),
        operation: None,
        nth,
        kind: Kind::EndHandler,
    });
    other
        .call_with("POST", &path, Some(body.clone()), &key)
        .await;
    let fired = faults.fired() > 0;
    faults.clear();
    let again = other.call_with("POST", &path, Some(body), &key).await.ok();
    assert_eq!(
        again["state"], "executed",
        "{function} dies after call {nth}"
    );
    assert_eq!(again["result"]["available"], 50_100);
    ann.has_credits(50_100).await;
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, &format!("target={}", ann.id)).await;
    assert_eq!(found.len(), 2, "{function} dies after call {nth}");
    let decided = rows(&auditor, "action=decide_approval").await;
    assert_eq!(
        outcomes(&decided),
        ["done"],
        "{function} dies after call {nth}"
    );
    fired
}

#[tokio::test(start_paused = true)]
async fn a_decision_whose_functions_die_anywhere_can_be_repeated() {
    let mut sites = 0;
    for function in ["adjust_credits", "decide_approval"] {
        for nth in 1..40 {
            if !dies(function, nth).await {
                break;
            }
            sites += 1;
        }
    }
    assert!(sites > 10, "{sites} call sites");
}
