//! Requests and frames as the gateways hand them to functions.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use shared::Env;
use shared::config::Config;
use shared::http::Call;
use shared::http::call::FRAME_BYTES_MAX;
use shared::http::check::DEPTH_MAX;
use shared::http::limit::Limit;
use shared::http::once::key_of;
use shared::http::wire::{answering, farewell, http_result, refusal};

use super::Target;

/// HTTP requests: method, path, query, headers and body, written as in HTTP/1.1.
pub const HTTP_REQUEST: Target = Target {
    name: "http_request",
    samples: || &REQUESTS,
    holds: http_request,
};
/// Frames of sockets.
pub const FRAME: Target = Target {
    name: "frame",
    samples: || &FRAMES,
    holds: frame,
};

/// Surroundings that reach nothing.
static ENV: LazyLock<Env> = LazyLock::new(|| {
    let config = Config::read(|_| None).expect("a configuration");
    Env::new("fuzz", shared::lambda::host(config))
});

static REQUESTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = [
        "POST /api/v2/messages/send\ncontent-type: application/json\n\
         idempotency-key: \"0123-4567\"\nx-request-id: request-0001\n\n{\"a\":[1,2,{\"b\":null}]}",
        "GET /api/v2/messages/search?q=a%20b&limit=10\naccept: application/problem+json;q=0.9\n\
         x-api-version: v2\nif-none-match: \"1\"\n\n",
        "POST /auth/oauth/apple/callback?x=%zz\nx-forwarded-proto: https\nhost: a:1\n\
         content-type: application/x-www-form-urlencoded; charset=utf-8\n\nstate=a+b&code=%41",
        "DELETE //[::1]:x/<>?<>#\u{fc}\"\nhost: \u{e4} b\nx-forwarded-proto: 1 2\n\n",
    ];
    all.map(|text| text.as_bytes().to_vec()).to_vec()
});

fn event_of(text: &str) -> Value {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.split('\n');
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_once(' ').unwrap_or((first, ""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: Map<_, _> = headers
        .map(|(name, value)| (name.to_owned(), json!(value.trim())))
        .collect();
    let mut event: Value =
        serde_json::from_str(include_str!("../../events/http_post.json")).expect("a sample");
    event["rawPath"] = json!(path);
    event["rawQueryString"] = json!(query);
    event["headers"] = Value::Object(headers);
    event["pathParameters"] = json!({ "provider": path });
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event["requestContext"]["routeKey"] =
        json!(format!("{method} /auth/oauth/{{provider}}/callback"));
    event["body"] = json!(body);
    event
}

fn http_request(input: &[u8]) {
    let event = event_of(&String::from_utf8_lossy(input));
    let (call, read) = Call::read(&ENV, event, Limit::default());
    assert!((8..=128).contains(&call.request_id.len()));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    assert!(call.request_id.bytes().all(plain), "{}", call.request_id);
    if let Some(key) = call.header("idempotency-key")
        && let Ok(bare) = key_of(key)
    {
        assert_eq!(key.trim_matches('"'), bare);
        assert_eq!(key_of(bare).ok(), Some(bare));
    }
    let Err(error) = read else {
        assert!(depth(&call.body) <= DEPTH_MAX);
        return;
    };
    let status = error.fault().status;
    assert!((400..500).contains(&status), "{error}");
    let answer = http_result(&call, refusal(&call, ENV.config(), &error));
    assert_eq!(answer["statusCode"], status);
    let headers = answer["headers"].as_object().expect("headers");
    let texts = headers.values().filter_map(Value::as_str);
    texts.for_each(|text| assert!(!text.contains(char::is_control), "{text:?}"));
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
    assert!(body["error"]["code"].is_string() || body["code"].is_string());
}

/// Arrays and objects inside each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

static FRAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let frame = |kind: &str, data: Value| {
        let frame = json!({ "v": 1, "id": "f1", "type": kind, "ts": 0, "data": data });
        frame.to_string().into_bytes()
    };
    vec![
        frame(
            "message.send",
            json!({ "receiver_id": "usr_1", "content": "hello" }),
        ),
        frame(
            "call.signal",
            json!({ "call_id": "cal_1", "kind": "media", "payload": {} }),
        ),
        frame("ping", Value::Null),
    ]
});

fn frame(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let event = json!({
        "requestContext": {
            "connectionId": "abc=", "eventType": "MESSAGE", "routeKey": "$default",
            "connectedAt": 1, "identity": { "sourceIp": "203.0.113.7" },
        },
        "body": text,
    });
    let (call, read) = Call::read(&ENV, event, Limit::default());
    let socket = call.socket.as_ref().expect("a socket");
    if let Some(reference) = &socket.reference {
        assert!((1..=64).contains(&reference.chars().count()));
    }
    let answer = match read {
        Ok(()) => {
            assert!(text.len() <= FRAME_BYTES_MAX && !socket.kind.is_empty());
            assert!(socket.reference.is_some() && depth(&call.body) < DEPTH_MAX);
            let whole: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!((&whole["data"], &whole["v"]), (&call.body, &json!(1)));
            answering(&call, "ok", json!({}))
        }
        Err(error) => {
            assert_eq!(error.fault().code, "BAD_FRAME");
            answering(&call, "error", farewell(&call, ENV.config(), &error))
        }
    };
    assert_eq!(answer["ref"].as_str(), socket.reference.as_deref());
    let again: Value = serde_json::from_str(&answer.to_string()).expect("JSON");
    assert_eq!(again, answer);
}
