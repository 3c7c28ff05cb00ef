//! Who signs, and what a signature covers.

use local::gateway::HttpRequest;
use local::gateway::signature::sign_request;
use serde_json::json;
use world::{Administrator, World};

const ME: &str = "/api/admin/me";

#[tokio::test(start_paused = true)]
async fn the_caller_is_whoever_signed() {
    let world = World::new().await;
    let me = world.admin("finance-1").await.get(ME).await.ok();
    assert_eq!(me["roles"], json!(["finance"]));
    assert_eq!(me["email"], "finance-1@pairly.test");
    let held = me["permissions"].as_array().expect("a list");
    assert!(held.contains(&json!("billing.refund")) && !held.contains(&json!("super_admin")));
    let unknown = world.admin("unknown-1").await.get(ME).await;
    unknown.refused(403, "ADMIN_UNKNOWN");
}

#[tokio::test(start_paused = true)]
async fn tokens_and_headers_of_others_open_nothing() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let finance = world.admin("finance-1").await;
    let unknown = world.admin("unknown-1").await;
    let refused = ann.get(ME).await;
    assert_eq!(
        (refused.status, refused.body),
        (403, json!({ "message": "Forbidden" }))
    );
    let id = finance.id().await;
    let headers = [
        ("x-user-id", id.as_str()),
        ("x-admin-id", id.as_str()),
        ("x-principal-arn", finance.principal.arn.as_str()),
    ];
    let borrowed = unknown.call_with("GET", ME, None, &headers).await;
    borrowed.refused(403, "ADMIN_UNKNOWN");
}

async fn status(admin: &Administrator, request: HttpRequest) -> u16 {
    let answer = admin.sends(request).await;
    if answer.status == 403 {
        assert_eq!(
            answer.body,
            json!({ "message": "Forbidden" }),
            "by the gateway"
        );
    }
    answer.status
}

#[tokio::test(start_paused = true)]
async fn whatever_was_altered_on_the_way_reaches_no_function() {
    let world = World::new().await;
    let cleo = world.person("Cleo").await;
    let admin = world.admin("finance-1").await;
    let path = "/api/admin/credits/adjust?a=1";
    let body = json!({ "user_id": cleo.id, "amount": 7, "reason": "a welcome gift" });
    let headers = [("idempotency-key", "altered-0001")];
    let signed = || admin.signs("POST", path, Some(body.clone()), &headers);
    let alterations: [fn(&mut HttpRequest); 8] = [
        |request| request.headers.retain(|(name, _)| name != "authorization"),
        |request| {
            let text = String::from_utf8_lossy(&request.body).replace(":7", ":9");
            request.body = text.into_bytes();
        },
        |request| request.target = request.target.replace("adjust", "adjus"),
        |request| request.target = request.target.replace("a=1", "a=2"),
        |request| request.target.push_str("&b=1"),
        |request| request.method = "PUT".into(),
        |request| request.headers.push(("x-amz-extra".into(), "1".into())),
        |request| {
            for (name, value) in &mut request.headers {
                if name == "host" {
                    *value = "elsewhere.test".into();
                }
            }
        },
    ];
    for (number, alter) in alterations.iter().enumerate() {
        let mut request = signed();
        alter(&mut request);
        assert_eq!(status(&admin, request).await, 403, "alteration {number}");
    }
    cleo.has_credits(100).await;
    assert_eq!(status(&admin, signed()).await, 200);
    cleo.has_credits(107).await;
}

#[tokio::test(start_paused = true)]
async fn a_signature_needs_the_secret_the_region_and_the_present() {
    let world = World::new().await.punctual();
    let admin = world.admin("finance-1").await;
    let (id, now) = (&admin.principal.access_key_id, world.now());
    let own = admin.principal.secret_access_key.as_str();
    for (region, secret, at, expected) in [
        ("us-east-1", own, now, 200),
        ("us-east-1", "wrong", now, 403),
        ("eu-central-1", own, now, 403),
        ("us-east-1", own, now.plus(-299_000), 200),
        ("us-east-1", own, now.plus(-301_000), 403),
        ("us-east-1", own, now.plus(299_000), 200),
        ("us-east-1", own, now.plus(301_000), 403),
    ] {
        let mut request = HttpRequest {
            method: "GET".into(),
            target: ME.into(),
            ..HttpRequest::default()
        };
        sign_request(&mut request, region, id, secret, at);
        assert_eq!(status(&admin, request).await, expected, "{region} {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_within_five_minutes_does_nothing_twice() {
    let world = World::new().await;
    let cleo = world.person("Cleo").await;
    let admin = world.admin("finance-1").await;
    let body = json!({ "user_id": cleo.id, "amount": 7, "reason": "a welcome gift" });
    let headers = [("idempotency-key", "caught-0001")];
    let caught = admin.signs("POST", "/api/admin/credits/adjust", Some(body), &headers);
    let first = admin.sends(caught.clone()).await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let first = first.ok();
    for _ in 0..3 {
        world.passes(60).await;
        let again = admin.sends(caught.clone()).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.ok(), first);
    }
    cleo.has_credits(107).await;
    let auditor = world.admin("admin-1").await;
    let rows = super::rows(&auditor, "action=adjust_credits").await;
    assert_eq!(rows.len(), 1, "one effect, one row");
}

#[tokio::test(start_paused = true)]
async fn each_admin_has_limits_of_their_own_for_looks_and_for_changes() {
    let world = World::new().await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-1").await);
    let path = "/api/admin/credits/adjust";
    let unknown = || json!({ "user_id": "usr_none", "amount": 1, "reason": "one more credit" });
    let (mut refused, mut tries) = (0, 0);
    while refused == 0 && tries < 100 {
        let answer = finance.post(path, unknown()).await;
        refused += usize::from(answer.status == 429);
        tries += 1;
    }
    assert!((61..=63).contains(&tries), "{tries}");
    let answer = finance.get(ME).await;
    let policy = answer
        .header("ratelimit-policy")
        .expect("a policy")
        .to_owned();
    assert_eq!(
        (answer.status, policy.as_str()),
        (200, "\"admin_read\";q=300;w=60")
    );
    other
        .post(path, unknown())
        .await
        .refused(404, "USER_NOT_FOUND");
}
