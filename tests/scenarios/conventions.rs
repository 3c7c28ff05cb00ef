//! What holds for every operation (spec conventions.md, *Acceptance scenarios*).

use serde_json::{Value, json};
use world::{Person, World, text_to};

async fn with_token(world: &World, token: &str) -> world::Answer {
    let bearer = format!("Bearer {token}");
    world
        .call_with("GET", "/api/v2/user", None, &[("authorization", &bearer)])
        .await
}

#[tokio::test(start_paused = true)]
async fn all_violations_are_reported_together() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let body = json!({ "receiver_id": 7, "message_type": "song", "content": "hi", "extra": true });
    let error = ann
        .post("/api/v2/messages/send", body)
        .await
        .refused(422, "VALIDATION_FAILED");
    let fields = error["details"]["fields"].as_array().expect("fields");
    let rule = |pointer: &str| {
        fields
            .iter()
            .find(|row| row["field"] == pointer)
            .map(|row| row["rule"].clone())
    };
    assert_eq!(rule("/receiver_id"), Some(json!("type")));
    assert_eq!(rule("/message_type"), Some(json!("enum")));
    assert_eq!(rule("/extra"), Some(json!("unknown")));
    let mut only = text_to(&ann.id, "hi", "only-0001");
    only["extra"] = json!(1);
    ann.post("/api/v2/messages/send", only)
        .await
        .refused(422, "UNKNOWN_FIELD");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_is_refused_by_its_kind() {
    let world = World::new().await;
    let login = "/api/v2/auth/login";
    for bad in [
        &b"{"[..],
        b"\xff\xfe",
        b"{\"email\":1,\"email\":2}",
        b"nonsense",
    ] {
        world
            .raw("POST", login, bad.to_vec(), &[])
            .await
            .refused(400, "MALFORMED_JSON");
    }
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    world
        .raw("POST", login, deep.into_bytes(), &[])
        .await
        .refused(400, "MALFORMED_JSON");
    let large = format!("{{\"email\":\"{}\"}}", "x".repeat(300 * 1024));
    world
        .raw("POST", login, large.into_bytes(), &[])
        .await
        .refused(413, "PAYLOAD_TOO_LARGE");
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://evil.test"),
    ];
    let refused = world.raw("POST", login, b"email=a".to_vec(), &form).await;
    assert!(refused.header("access-control-allow-origin").is_none());
    refused.refused(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test(start_paused = true)]
async fn a_token_counts_only_if_it_is_ours_and_alive() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    world
        .call("GET", "/api/v2/user", None)
        .await
        .refused(401, "UNAUTHENTICATED");
    with_token(&world, &ann.token).await.ok();
    let mut altered = ann.token.clone();
    let last = altered.pop().expect("a character");
    altered.push(if last == 'A' { 'B' } else { 'A' });
    // The last character of a signature carries padding bits; alter one in the middle as well.
    let middle = altered.len() - 20;
    altered.replace_range(
        middle..=middle,
        if &altered[middle..=middle] == "A" {
            "B"
        } else {
            "A"
        },
    );
    with_token(&world, &altered)
        .await
        .refused(401, "TOKEN_INVALID");
    let parts: Vec<&str> = ann.token.split('.').collect();
    let none = shared::crypto::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    let unsigned = format!("{none}.{}.", parts[1]);
    with_token(&world, &unsigned)
        .await
        .refused(401, "TOKEN_INVALID");
    with_token(&world, "nonsense")
        .await
        .refused(401, "TOKEN_INVALID");
    let headers = [("x-user-id", ann.id.as_str())];
    world
        .call_with("GET", "/api/v2/user", None, &headers)
        .await
        .refused(401, "UNAUTHENTICATED");
    world.passes(31 * 60).await;
    with_token(&world, &ann.token)
        .await
        .refused(401, "TOKEN_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn unknown_routes_and_methods() {
    let world = World::new().await;
    world
        .call("GET", "/api/v2/nothing", None)
        .await
        .refused(404, "NOT_FOUND");
    world
        .call("GET", "/v2/user", None)
        .await
        .refused(404, "NOT_FOUND");
    let answer = world.call("DELETE", "/api/v2/auth/login", None).await;
    assert_eq!(answer.header("allow"), Some("POST"));
    answer.refused(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test(start_paused = true)]
async fn problems_are_told_in_the_form_that_the_caller_prefers() {
    let world = World::new().await;
    let headers = [("accept", "application/problem+json")];
    let answer = world.call_with("GET", "/api/v2/user", None, &headers).await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let problem = answer.expect(401);
    assert_eq!(
        (problem["code"].as_str(), problem["status"].as_i64()),
        (Some("UNAUTHENTICATED"), Some(401))
    );
    assert!(
        problem["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("/errors/UNAUTHENTICATED"))
    );
}

#[tokio::test(start_paused = true)]
async fn versions_and_request_ids_are_echoed() {
    let world = World::new().await;
    for (given, echoed) in [(None, "v1"), (Some("v1"), "v1"), (Some("v2"), "v2")] {
        let headers: Vec<_> = given
            .map(|version| ("x-api-version", version))
            .into_iter()
            .collect();
        let answer = world.call_with("GET", "/api/live", None, &headers).await;
        assert_eq!(answer.header("x-api-version"), Some(echoed));
    }
    let answer = world
        .call_with("GET", "/api/live", None, &[("x-api-version", "v9")])
        .await;
    answer.refused(400, "UNSUPPORTED_API_VERSION");
    let answer = world
        .call_with("GET", "/api/live", None, &[("x-request-id", "test-1234")])
        .await;
    assert_eq!(answer.header("x-request-id"), Some("test-1234"));
    let answer = world
        .call_with("GET", "/api/nothing", None, &[("x-request-id", "abc")])
        .await;
    let id = answer.header("x-request-id").expect("an id").to_owned();
    assert_eq!(id.len(), 26);
    assert_eq!(answer.refused(404, "NOT_FOUND")["trace_id"], json!(id));
}

#[tokio::test(start_paused = true)]
async fn security_headers_are_on_every_answer_of_a_function() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    world.local.cloud().faults().outage("secretsmanager", true);
    let answers = [
        world.call("GET", "/api/live", None).await,
        world.call("GET", "/api/v2/user", None).await,
        world.call("GET", "/api/nothing", None).await,
        ann.get("/api/v2/credits/transactions").await,
    ];
    for answer in answers {
        for (name, value) in shared::http::wire::SECURITY_HEADERS {
            assert_eq!(answer.header(name), Some(value), "{}", answer.called);
        }
        assert!(answer.header("cache-control").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn origins_are_an_exact_list() {
    let world = World::new().await;
    let origin = "http://127.0.0.1:3000";
    let preflight = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
    ];
    let answer = world
        .call_with("OPTIONS", "/api/v2/auth/login", None, &preflight)
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert!(answer.header("access-control-allow-credentials").is_none());
    let foreign = [
        ("origin", "https://evil.test"),
        ("access-control-request-method", "POST"),
    ];
    let answer = world
        .call_with("OPTIONS", "/api/v2/auth/login", None, &foreign)
        .await;
    assert!(answer.header("access-control-allow-origin").is_none());
}

#[tokio::test(start_paused = true)]
async fn admin_paths_need_a_signature_whatever_token_they_carry() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    for path in [
        "/api/admin/users",
        "/api/admin/anything",
        "/admin/skill-compatibility",
    ] {
        assert_eq!(ann.get(path).await.status, 403);
        assert_eq!(world.call("GET", path, None).await.status, 403);
    }
}

/// Mutating POSTs that accept a key, with a body that works for the caller.
async fn keyed(ann: &mut Person, ben: &Person) -> Vec<(&'static str, String, Value)> {
    let sent = ben_writes(ben, ann).await;
    let id = sent["id"].as_str().expect("an id").to_owned();
    vec![
        (
            "mark_delivered",
            format!("/api/v2/messages/mark-delivered/{id}"),
            json!({}),
        ),
        (
            "mark_read",
            "/api/v2/messages/mark-read".into(),
            json!({ "message_ids": [id] }),
        ),
    ]
}

async fn ben_writes(ben: &Person, ann: &Person) -> Value {
    let body = text_to(&ann.id, "hi", "keyed-0001");
    ben.post("/api/v2/messages/send", body).await.ok()
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_gives_the_first_answer_and_another_body_is_refused() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for (name, path, body) in keyed(&mut ann, &ben).await {
        let key = [("idempotency-key", "11111111-2222")];
        let first = ann.call_with("POST", &path, Some(body.clone()), &key).await;
        assert!(first.header("idempotent-replayed").is_none(), "{name}");
        let second = ann.call_with("POST", &path, Some(body.clone()), &key).await;
        assert_eq!(second.header("idempotent-replayed"), Some("true"), "{name}");
        assert_eq!(
            (first.status, first.body.clone()),
            (second.status, second.body),
            "{name}"
        );
        first.ok();
        let quoted = [("idempotency-key", "\"11111111-2222\"")];
        let third = ann.call_with("POST", &path, Some(body), &quoted).await;
        assert_eq!(third.header("idempotent-replayed"), Some("true"), "{name}");
    }
    let other = json!({ "message_ids": ["msg_other"] });
    let key = [("idempotency-key", "11111111-2222")];
    let reused = ann
        .call_with("POST", "/api/v2/messages/mark-read", Some(other), &key)
        .await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let bad = [("idempotency-key", "short")];
    let body = json!({ "message_ids": ["msg_other"] });
    let invalid = ann
        .call_with("POST", "/api/v2/messages/mark-read", Some(body), &bad)
        .await;
    invalid.refused(400, "IDEMPOTENCY_KEY_INVALID");
}

#[tokio::test(start_paused = true)]
async fn five_refusals_write_one_abuse_flag() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let mut refused = 0;
    for _ in 0..108 {
        if ann.get("/api/v2/credits/balance").await.status == 429 {
            refused += 1;
        }
    }
    assert!(refused >= 5, "{refused}");
    let flags = world.rows("live", &ann.id, "flag#").await;
    assert_eq!(flags.len(), 1);
    let ben = world.person("Ben").await;
    ben.get("/api/v2/credits/balance").await.ok();
}

#[tokio::test(start_paused = true)]
async fn without_the_limiters_store_members_pass_and_registration_waits() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    world.local.cloud().faults().table_outage("live", true);
    ann.get("/api/v2/credits/balance").await.ok();
    let body = json!({
        "email": "a@pairly.test", "password": "TestPass123", "name": "A", "birthdate": "1990-01-01",
    });
    world
        .call("POST", "/api/v2/auth/register", Some(body))
        .await
        .refused(503, "UNAVAILABLE");
}

#[tokio::test(start_paused = true)]
async fn pages_have_bounds() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let list = "/api/v2/messages/conversations";
    let lowered = ann.get(&format!("{list}?limit=500")).await.ok();
    assert_eq!(lowered["limit"], 100);
    ann.get(&format!("{list}?limit=0"))
        .await
        .refused(422, "VALIDATION_FAILED");
    ann.get(&format!("{list}?skip=10000&limit=100"))
        .await
        .refused(422, "PAGE_TOO_DEEP");
    ann.get(&format!("{list}?nonsense=1"))
        .await
        .refused(422, "UNKNOWN_FIELD");
}

#[tokio::test(start_paused = true)]
async fn parallel_calls_do_not_get_past_the_limiter() {
    let world = World::new().await.punctual();
    let ann = world.person("Ann").await;
    let calls = (0..300).map(|_| ann.get("/api/v2/credits/balance"));
    let answers = futures_util::future::join_all(calls).await;
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((1..=101).contains(&passed), "{passed} of 300 passed");
    let others = answers.iter().filter(|answer| answer.status != 200);
    others.for_each(|answer| assert_eq!(answer.code(), Some("RATE_LIMITED")));
}
