//! Who may do what, and who decides that.

use serde_json::{Value, json};
use shared::admin::PrincipalKey;
use shared::aws::dynamo::Tables;
use shared::table::Commit;
use world::{Administrator, World};

use super::{effects, rows};

const ADMINS: &str = "/api/admin/admins";

fn newcomer(session: &str, roles: &[&str]) -> Value {
    json!({
        "role_arn": "arn:aws:iam::000000000000:role/pairly-unknown", "session_name": session,
        "email": "new@pairly.test", "name": "New", "roles": roles, "reason": "joins the team",
    })
}

/// Asks and has the other super admin approve.
async fn agreed(world: &World, method: &str, path: &str, body: Value) -> Value {
    let (one, two) = (
        world.admin("super_admin-1").await,
        world.admin("super_admin-2").await,
    );
    let waits = one.call(method, path, Some(body)).await.expect(202);
    let id = waits["approval_id"].as_str().expect("an id");
    let path = format!("/api/admin/approvals/{id}/decide");
    let body = json!({ "decision": "approve", "reason": "agreed" });
    two.post(&path, body).await.ok()
}

#[tokio::test(start_paused = true)]
async fn a_new_admin_needs_two_super_admins_and_a_principal_of_their_own() {
    let world = World::new().await;
    let unknown = world.admin("unknown-1").await;
    unknown
        .get("/api/admin/me")
        .await
        .refused(403, "ADMIN_UNKNOWN");
    let done = agreed(&world, "POST", ADMINS, newcomer("unknown-1", &["support"])).await;
    assert_eq!(done["state"], "executed");
    let one = world.admin("super_admin-1").await;
    assert_eq!(done["result"]["created_by"], one.id().await);
    let me = unknown.get("/api/admin/me").await.ok();
    assert_eq!(
        (&me["roles"], &me["admin_id"]),
        (&json!(["support"]), &done["result"]["admin_id"])
    );
    let again = one.post(ADMINS, newcomer("unknown-1", &["support"])).await;
    again.refused(409, "ADMIN_EXISTS");
    let odd = one.post(ADMINS, newcomer("other-1", &["nonsense"])).await;
    odd.refused(422, "UNKNOWN_PERMISSION");
    let star = one.post(ADMINS, newcomer("*", &["support"])).await;
    star.refused(422, "VALIDATION_FAILED");
    let why = json!({ "reason": null });
    let mut silent = newcomer("other-1", &["support"]);
    silent["reason"] = why["reason"].clone();
    one.post(ADMINS, silent)
        .await
        .refused(422, "REASON_REQUIRED");
    let done = agreed(&world, "POST", ADMINS, newcomer("*", &["analyst"])).await;
    assert_eq!(done["result"]["session_name"], "*");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_role_acts_on_the_next_request() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let finance = world.admin("finance-1").await;
    let adjust = || async {
        let body = json!({ "user_id": ann.id, "amount": 1, "reason": "one more credit" });
        finance.post("/api/admin/credits/adjust", body).await
    };
    adjust().await.ok();
    let path = "/api/admin/roles/finance";
    let less = json!({ "permissions": ["billing.view"], "version": 0, "reason": "four eyes" });
    let done = agreed(&world, "PUT", path, less.clone()).await;
    assert_eq!(done["result"]["version"], 1);
    adjust().await.refused(403, "PERMISSION_DENIED");
    let one = world.admin("super_admin-1").await;
    let stale = one.call("PUT", path, Some(less)).await;
    assert_eq!(
        stale.refused(409, "VERSION_CONFLICT")["details"]["current_version"],
        1
    );
    let odd = json!({ "permissions": ["billing.nonsense"], "version": 1, "reason": "four eyes" });
    one.call("PUT", path, Some(odd))
        .await
        .refused(422, "UNKNOWN_PERMISSION");
    let nobody = json!({ "permissions": [], "version": 0, "reason": "four eyes" });
    let last = one
        .call("PUT", "/api/admin/roles/super_admin", Some(nobody))
        .await;
    last.refused(422, "VALIDATION_FAILED");
    let auditor = world.admin("admin-1").await;
    let roles = auditor.get("/api/admin/roles").await.ok();
    let roles = roles["roles"].as_array().expect("roles");
    let finance = roles
        .iter()
        .find(|role| role["role"] == "finance")
        .expect("finance");
    assert_eq!(finance["permissions"], json!(["billing.view"]));
    let row = &effects(&auditor, "action=set_role").await[0];
    assert_eq!(row["severity"], "critical");
    assert_eq!(row["after"]["permissions"], json!(["billing.view"]));
    assert_eq!(
        row["before"]["permissions"].as_array().map(Vec::len),
        Some(5)
    );
}

/// Somebody of whom there is no record yet.
fn stranger(world: &World, session: &str) -> Administrator {
    let principal = world.local.admins().of_session(session);
    Administrator {
        world: world.clone(),
        principal: principal.expect("a principal").clone(),
    }
}

fn founder(session: &str, role: &str) -> String {
    format!("arn:aws:iam::000000000000:role/pairly-{role}|{session}|{session}@pairly.test")
}

#[tokio::test(start_paused = true)]
async fn the_first_super_admin_is_made_once_and_appoints_the_second_alone() {
    let named = founder("super_admin-1", "super_admin");
    let world = World::with(1, &[("PAIRLY_SUPER_ADMINS", &named)]).await;
    let (first, second) = (
        stranger(&world, "super_admin-1"),
        stranger(&world, "super_admin-2"),
    );
    let me = "/api/admin/me";
    second.get(me).await.refused(403, "ADMIN_UNKNOWN");
    assert_eq!(first.get(me).await.ok()["roles"], json!(["super_admin"]));
    let own = first.get(me).await.ok()["admin_id"].clone();
    // Nobody else could ever agree to anything.
    let path = format!("/api/admin/admins/{}", own.as_str().expect("an id"));
    let edit = json!({ "active": false, "version": 1, "reason": "leaves the team" });
    first
        .call("PATCH", &path, Some(edit))
        .await
        .refused(422, "VALIDATION_FAILED");
    let edit = json!({ "roles": ["super_admin", "analyst"], "version": 1, "reason": "reads, too" });
    let edited = first.call("PATCH", &path, Some(edit)).await.expect(200);
    assert_eq!((&edited["version"], &edited["admin_id"]), (&json!(2), &own));
    let mut new = newcomer("super_admin-2", &["super_admin"]);
    new["role_arn"] = json!("arn:aws:iam::000000000000:role/pairly-super_admin");
    first.post(ADMINS, new).await.expect(200);
    second.get(me).await.ok();
    first
        .post(ADMINS, newcomer("third-1", &["support"]))
        .await
        .expect(202);
    let found = rows(&first, "action=create_admin").await;
    assert_eq!(found.len(), 3, "by the deployment, alone, and asked for");
    assert!(found.iter().all(|row| row["severity"] == "critical"));
    let body = json!({ "admin_id": own });
    let verified = first.post("/api/admin/audit-log/verify", body).await.ok();
    assert_eq!(verified["ok"], true, "{verified}");
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_names_others_later_has_no_effect() {
    let both = format!(
        "{};{}",
        founder("finance-1", "finance"),
        founder("unknown-1", "unknown")
    );
    let world = World::with(1, &[("PAIRLY_SUPER_ADMINS", &both)]).await;
    let (finance, unknown) = (stranger(&world, "finance-1"), stranger(&world, "unknown-1"));
    let answers = tokio::join!(finance.get("/api/admin/me"), unknown.get("/api/admin/me"));
    assert_eq!((answers.0.status, answers.1.status), (200, 200));
    let founded = world.items("ledger", "founded").await;
    assert_eq!(founded.len(), 1);
    let admins = finance.get(ADMINS).await.ok();
    assert_eq!(admins["admins"].as_array().map(Vec::len), Some(2));
    // Whoever is named but was not made then stays unknown.
    let key = PrincipalKey::key_of("arn:aws:iam::000000000000:role/pairly-unknown", "unknown-1");
    let forgotten = Commit::new().delete::<PrincipalKey>(key, None);
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(forgotten).await.expect("forgotten");
    unknown
        .get("/api/admin/me")
        .await
        .refused(403, "ADMIN_UNKNOWN");
}

#[tokio::test(start_paused = true)]
async fn appointments_at_the_same_time_are_not_made_alone() {
    let named = founder("super_admin-1", "super_admin");
    let settings = [
        ("PAIRLY_SUPER_ADMINS", named.as_str()),
        ("RATE_LIMIT_ENABLED", "false"),
    ];
    let world = World::with(1, &settings).await;
    let first = stranger(&world, "super_admin-1");
    first.get("/api/admin/me").await.ok();
    let appoint = |n: usize| {
        let new = newcomer(&format!("second-{n}"), &["super_admin"]);
        first.post(ADMINS, new)
    };
    let answers = futures_util::future::join_all((0..10).map(appoint)).await;
    let alone = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(alone, 1, "{answers:?}");
}
