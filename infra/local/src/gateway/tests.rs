use serde_json::{Value, json};
use shared::function::{Function, Trigger};

use super::connection::{Incoming, Socket};
use super::route::Routes;
use super::{HttpRequest, signature};
use crate::cloud::Sockets;
use crate::fake::{function, keep, local, seen};
use crate::runtime::Local;

/// Answers with the event it got.
const ECHO: shared::function::Run = |env, event| {
    Box::pin(async move {
        keep(env, &event);
        let headers = json!({ "Content-Type": "application/json", "X-Name": env.function() });
        Ok(json!({ "statusCode": 200, "headers": headers, "body": event.to_string() }))
    })
};
const STALL: shared::function::Run = |_, _| Box::pin(std::future::pending());
const FAIL: shared::function::Run = |_, _| Box::pin(async { Err("broken".into()) });

static STATIC: Function = function(
    "static_one",
    &[
        Trigger::Http {
            method: "GET",
            path: "/things/best",
        },
        Trigger::Alias("/best"),
        Trigger::Frame("thing.best"),
    ],
    ECHO,
);
static THING: Function = function(
    "thing",
    &[Trigger::Http {
        method: "GET",
        path: "/things/{id}",
    }],
    ECHO,
);
static MAKE: Function = function(
    "make",
    &[Trigger::Http {
        method: "POST",
        path: "/things/{kind}",
    }],
    ECHO,
);
static SLOW: Function = function(
    "slow",
    &[Trigger::Http {
        method: "GET",
        path: "/slow",
    }],
    STALL,
);
static BROKEN: Function = function(
    "broken",
    &[Trigger::Http {
        method: "GET",
        path: "/broken",
    }],
    FAIL,
);
static UNKNOWN: Function = function("unknown", &[Trigger::UnknownRoute], ECHO);
static OPEN: Function = function("open", &[Trigger::Socket("$connect")], |env, event| {
    Box::pin(async move {
        keep(env, &event);
        let refused = event["queryStringParameters"]["ticket"] == "bad";
        Ok(json!({ "statusCode": if refused { 401 } else { 200 } }))
    })
});
static CLOSE: Function = function("close", &[Trigger::Socket("$disconnect")], ECHO);
static OTHER: Function = function("other", &[Trigger::Socket("$default")], ECHO);

const ALL: &[&Function] = &[
    &STATIC, &THING, &MAKE, &SLOW, &BROKEN, &UNKNOWN, &OPEN, &CLOSE, &OTHER,
];

fn get(target: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".into(),
        target: target.into(),
        ..Default::default()
    }
}

fn with(mut request: HttpRequest, headers: &[(&str, &str)]) -> HttpRequest {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    request.headers.extend(headers.iter().map(pair));
    request
}

#[test]
fn static_segments_win_over_parameters_and_methods_are_apart() {
    let routes = Routes::new(ALL);
    let find = |method: &str, path: &str| routes.find(method, path).unwrap();
    assert_eq!(find("GET", "/things/best").function.name, "static_one");
    assert_eq!(find("GET", "/best").key, "GET /best");
    let thing = find("GET", "/things/a%20b");
    assert_eq!(
        (thing.function.name, thing.parameters["id"].as_str()),
        ("thing", "a b")
    );
    assert_eq!(find("POST", "/things/best").parameters["kind"], "best");
    for (method, path) in [
        ("PUT", "/things/best"),
        ("GET", "/things/"),
        ("GET", "/things/a/b"),
    ] {
        assert_eq!(find(method, path).key, "$default", "{method} {path}");
    }
    assert_eq!(
        routes.frame(r#"{"type":"thing.best"}"#).unwrap().1.name,
        "static_one"
    );
    for text in [r#"{"type":"strange"}"#, "no json", "[]"] {
        assert_eq!(routes.frame(text).unwrap().1.name, "other", "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_event_is_payload_format_two() {
    let local = local(ALL).await;
    let mut request = with(
        get("/things/x?a=1&a=2&b=%C3%A4"),
        &[("X-One", "1"), ("x-one", "2")],
    );
    request.source_ip = "127.0.0.9".into();
    let answer = local.http(request).await;
    assert_eq!(
        (answer.status, answer.header("x-name")),
        (200, Some("thing"))
    );
    let event: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "GET /things/{id}");
    assert_eq!(event["rawQueryString"], "a=1&a=2&b=%C3%A4");
    assert_eq!(
        event["queryStringParameters"],
        json!({ "a": "1,2", "b": "ä" })
    );
    assert_eq!(event["pathParameters"], json!({ "id": "x" }));
    assert_eq!(event["headers"]["x-one"], "1,2");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.9");
    assert_eq!(
        event["requestContext"]["time"],
        "31/Jan/2026:12:00:30 +0000"
    );
}

#[tokio::test(start_paused = true)]
async fn the_gateways_own_refusals_are_short() {
    let local = local(ALL).await;
    let mut large = get("/things/x");
    large.body = vec![b'x'; super::BODY_BYTES_MAX + 1];
    let long = with(get("/things/x"), &[("x-long", &"x".repeat(10_240))]);
    let cases = [
        (large, 413),
        (long, 431),
        (get("/slow"), 503),
        (get("/broken"), 500),
    ];
    for (request, status) in cases {
        let answer = local.http(request).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(
            body.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["message"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_listed_origins_get_cors_headers() {
    let local = local(ALL).await;
    let allowed = "access-control-allow-origin";
    for (origin, listed) in [
        ("http://127.0.0.1:3000", true),
        ("https://evil.test", false),
    ] {
        let answer = local.http(with(get("/best"), &[("origin", origin)])).await;
        assert_eq!(answer.header(allowed), listed.then_some(origin));
        assert_eq!(answer.header("vary"), Some("Origin"));
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        let mut preflight = with(get("/best"), &asks);
        preflight.method = "OPTIONS".into();
        let answer = local.http(preflight).await;
        assert_eq!(
            (answer.status, answer.header(allowed)),
            (204, listed.then_some(origin))
        );
        assert_eq!(
            answer.header("access-control-max-age"),
            listed.then_some("600")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn admin_paths_need_a_signature_however_they_are_spelled() {
    let local = local(ALL).await;
    for path in [
        "/api/admin/me",
        "/api/%61dmin/me",
        "/admin/skill-compatibility",
        "/admin",
    ] {
        let request = with(get(path), &[("authorization", "Bearer token")]);
        let answer = local.http(request).await;
        let body = String::from_utf8(answer.body).unwrap();
        assert_eq!(
            (answer.status, body.as_str()),
            (403, r#"{"message":"Forbidden"}"#),
            "{path}"
        );
    }
    let mut request = get("/api/admin/me");
    let admin = local.admins().list()[0].clone();
    let (id, secret) = (&admin.access_key_id, &admin.secret_access_key);
    signature::sign_request(&mut request, "us-east-1", id, secret, local.now());
    let answer = local.http(request.clone()).await;
    let event: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        event["requestContext"]["authorizer"]["iam"]["userArn"],
        admin.arn
    );
    local.advance(301).await;
    assert_eq!(local.http(request).await.status, 403);
}

async fn open(local: &Local) -> Socket {
    local
        .connect("ticket=good", &[], "127.0.0.1")
        .await
        .ok()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_answered_by_its_function() {
    let local = local(ALL).await;
    assert_eq!(
        local.connect("ticket=bad", &[], "127.0.0.1").await.err(),
        Some(401)
    );
    let mut socket = open(&local).await;
    socket.send(r#"{"type":"thing.best"}"#).await;
    let Some(Incoming::Text(text)) = socket.receive().await else {
        panic!("no answer")
    };
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["requestContext"]["routeKey"], "thing.best");
    assert_eq!(
        event["requestContext"]["connectionId"],
        socket.connection_id
    );
    assert_eq!(event["body"], r#"{"type":"thing.best"}"#);
    socket.close();
    local.settle().await;
    assert_eq!(seen(&local, "close").len(), 1);
    assert_eq!(local.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_server_closes_with_the_code_of_its_last_error() {
    let local = local(ALL).await;
    let mut socket = open(&local).await;
    let id = socket.connection_id.clone();
    let hub = local.0.hub.clone();
    let frame =
        json!({ "type": "error", "data": { "code": "SESSION_REVOKED", "close_code": 4003 } });
    hub.post(&id, frame.to_string().into_bytes()).unwrap();
    hub.delete(&id).unwrap();
    assert!(hub.post(&id, Vec::new()).is_err());
    assert!(matches!(socket.receive().await, Some(Incoming::Text(_))));
    let end = Incoming::Close(4003, "SESSION_REVOKED".into());
    assert_eq!(
        (socket.receive().await, socket.receive().await),
        (Some(end), None)
    );
}

#[tokio::test(start_paused = true)]
async fn connections_end_when_idle_or_old_and_by_size() {
    let local = local(ALL).await;
    let mut idle = open(&local).await;
    local.advance(599).await;
    assert!(idle.try_receive().is_none());
    local.advance(1).await;
    assert!(matches!(
        idle.receive().await,
        Some(Incoming::Close(1001, _))
    ));

    let mut old = open(&local).await;
    for _ in 0..13 {
        local.advance(540).await;
        old.send("x").await;
        assert!(matches!(old.receive().await, Some(Incoming::Text(_))));
    }
    // 13 × 9 minutes have passed; the two hours end 3 minutes later, although it is not idle.
    local.advance(180).await;
    assert!(matches!(
        old.receive().await,
        Some(Incoming::Close(1001, _))
    ));

    let mut large = open(&local).await;
    large.send("x".repeat(32 * 1024 + 1)).await;
    assert!(matches!(
        large.receive().await,
        Some(Incoming::Close(1009, _))
    ));
    let half = "x".repeat(32 * 1024);
    let mut split = open(&local).await;
    split.send_parts(&[&half, &half]).await;
    assert!(matches!(split.receive().await, Some(Incoming::Text(_))));
    split.send_parts(&[&half, &half, &half, &half, "x"]).await;
    assert!(matches!(
        split.receive().await,
        Some(Incoming::Close(1009, _))
    ));
}
