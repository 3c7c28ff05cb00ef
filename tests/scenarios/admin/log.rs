//! The audit log as auditors read it.

use serde_json::json;
use shared::crypto::{hex, sha256};
use world::World;

use super::rows;

#[tokio::test(start_paused = true)]
async fn looks_and_refusals_leave_their_rows() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let analyst = world.admin("analyst-1").await;
    analyst.get("/api/admin/me").await.ok();
    let body = json!({ "user_id": ann.id, "amount": 5, "reason": "a gift to a friend" });
    let denied = analyst.post("/api/admin/credits/adjust", body).await;
    let error = denied.refused(403, "PERMISSION_DENIED");
    assert_eq!(error["details"], json!({ "permission": "billing.action" }));
    ann.has_credits(100).await;
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, &format!("actor={}", analyst.id().await)).await;
    let told: Vec<_> = found
        .iter()
        .map(|row| {
            (
                row["action"].as_str(),
                row["outcome"].as_str(),
                row["severity"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("get_admin_identity"), Some("done"), Some("info")),
            (Some("adjust_credits"), Some("denied"), Some("warning")),
            (Some("get_admin_identity"), Some("done"), Some("info")),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_was_refused_leaves_a_row_that_says_so() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let admin = world.admin("admin-1").await;
    let adjust = "/api/admin/credits/adjust";
    let body = json!({ "user_id": ann.id, "amount": -101, "reason": "booked by mistake" });
    let poor = admin.post(adjust, body.clone()).await;
    poor.refused(402, "INSUFFICIENT_CREDITS");
    ann.has_credits(100).await;
    let path = format!("/api/admin/users/{}/ban", ann.id);
    let silent = admin.post(&path, json!({})).await;
    silent.refused(422, "REASON_REQUIRED");
    let ban = json!({ "reason": "a scenario" });
    let nobody = admin.post("/api/admin/users/usr_none/ban", ban).await;
    nobody.refused(404, "USER_NOT_FOUND");
    // These say nothing of an effect: a look, and a call that forgot its key.
    let look = admin.get("/api/admin/users/usr_none").await;
    look.refused(404, "USER_NOT_FOUND");
    let keyless = admin.call_with("POST", adjust, Some(body), &[]).await;
    keyless.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    let found = rows(&admin, &format!("actor={}", admin.id().await)).await;
    let told: Vec<_> = found
        .iter()
        .filter(|row| row["outcome"] == "failed")
        .map(|row| {
            let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let code = row["metadata"]["code"].as_str().unwrap_or_default();
            (field("action"), field("target_id"), code.to_owned())
        })
        .collect();
    let row = |action: &str, target: &str, code: &str| {
        (action.to_owned(), target.to_owned(), code.to_owned())
    };
    assert_eq!(
        told,
        [
            row("ban_user", "usr_none", "USER_NOT_FOUND"),
            row("ban_user", &ann.id, "REASON_REQUIRED"),
            row("adjust_credits", &ann.id, "INSUFFICIENT_CREDITS"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_row_of_a_refusal_says_what_was_wanted_and_why() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let admin = world.admin("admin-1").await;
    let adjust = "/api/admin/credits/adjust";
    let body = json!({ "user_id": ann.id, "amount": -101, "reason": "booked by mistake" });
    let poor = admin.post(adjust, body).await;
    poor.refused(402, "INSUFFICIENT_CREDITS");
    let first = rows(&admin, &format!("target={}&action=adjust_credits", ann.id)).await;
    assert_eq!(first.len(), 1);
    for (field, value) in [
        ("severity", json!("warning")),
        ("target_type", json!("user")),
        ("permission", json!("billing.action")),
        ("reason", json!("booked by mistake")),
        (
            "metadata",
            json!({ "path": adjust, "code": "INSUFFICIENT_CREDITS" }),
        ),
    ] {
        assert_eq!(first[0][field], value, "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_the_log_are_gapless_and_filters_hold() {
    let world = World::new().await;
    let (moderator, support) = (
        world.admin("moderator-1").await,
        world.admin("support-1").await,
    );
    for round in 0..12 {
        let who = if round % 3 == 0 { &support } else { &moderator };
        who.get("/api/admin/me").await.ok();
        // Months pass in between, so that pages cross them.
        world
            .passes(if round % 4 == 3 { 20 * 86_400 } else { 1 })
            .await;
    }
    let auditor = world.admin("admin-1").await;
    let whole = rows(&auditor, "action=get_admin_identity&limit=500").await;
    assert_eq!(whole.len(), 12);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/admin/audit-log?action=get_admin_identity&limit=1{cursor}");
        let page = auditor.get(&path).await.ok();
        walked.extend(page["rows"].as_array().expect("rows").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, whole);
    let stranger = world.admin("admin-2").await;
    let page = auditor.get("/api/admin/audit-log?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let path = format!("/api/admin/audit-log?limit=1&cursor={cursor}");
    stranger.get(&path).await.refused(400, "INVALID_CURSOR");
    let mine = whole
        .iter()
        .filter(|row| row["session_name"] == "support-1")
        .count();
    let id = support.id().await;
    assert_eq!(
        rows(&auditor, &format!("actor={id}&limit=2")).await.len(),
        2
    );
    assert_eq!(rows(&auditor, &format!("actor={id}")).await.len(), mine + 1);
    let from = world.now().plus(-86_400_000);
    let recent = rows(&auditor, &format!("action=get_admin_identity&from={from}")).await;
    assert_eq!(recent.len(), 1);
    let old = rows(&auditor, &format!("action=get_admin_identity&to={from}")).await;
    assert_eq!(old.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn anybody_can_recompute_the_hash_of_a_row_that_is_shown() {
    let world = World::new().await;
    let auditor = world.admin("admin-1").await;
    auditor.get("/api/admin/me").await.ok();
    auditor.get("/api/admin/admins?limit=3").await.ok();
    let mut found = rows(&auditor, "").await;
    assert_eq!(found.len(), 2);
    for row in &mut found {
        let members = row.as_object_mut().expect("an object");
        let hash = members.remove("hash").expect("a hash");
        let prev = members.remove("prev_hash").expect("a hash");
        let prev = (0..64)
            .step_by(2)
            .map(|at| &prev.as_str().expect("text")[at..at + 2]);
        let prev: Vec<u8> = prev
            .map(|two| u8::from_str_radix(two, 16).expect("hex"))
            .collect();
        assert_eq!(hex(&sha256(&[&prev, row.to_string().as_bytes()])), hash);
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_admins_is_walked_page_by_page() {
    let world = World::new().await;
    let auditor = world.admin("admin-1").await;
    let whole = auditor.get("/api/admin/admins").await.ok();
    let whole = whole["admins"].as_array().expect("admins").clone();
    assert_eq!(whole.len(), 9);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = auditor
            .get(&format!("/api/admin/admins?limit=2{cursor}"))
            .await
            .ok();
        for admin in page["admins"].as_array().expect("admins") {
            walked.push(admin["admin_id"].clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let ids: Vec<_> = whole
        .iter()
        .map(|admin| admin["admin_id"].clone())
        .collect();
    assert_eq!(walked, ids);
    let analyst = world.admin("analyst-1").await;
    let denied = analyst.get("/api/admin/admins").await;
    denied.refused(403, "PERMISSION_DENIED");
}
