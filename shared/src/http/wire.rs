//! What goes back over the wire: the error envelope, the headers of every answer, frames.

use serde_json::{Map, Value, json};

use super::call::Call;
use crate::config::{Config, Stage};
use crate::error::{Error, UNKNOWN_FIELD};
use crate::function::Reply;

/// Headers of every answer (spec conventions.md §10).
pub const SECURITY_HEADERS: [(&str, &str); 6] = [
    (
        "strict-transport-security",
        "max-age=63072000; includeSubDomains; preload",
    ),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "()"),
];

/// Where `type` of a problem document points.
const DOCS: &str = "https://docs.pairly.test/errors";

/// The `error` object of the envelope.
pub fn envelope(call: &Call, config: &Config, error: &Error) -> Value {
    let fault = error.fault();
    let mut inner = Map::from_iter([
        ("code".to_owned(), json!(fault.code)),
        ("message".to_owned(), json!(fault.text)),
        ("trace_id".to_owned(), json!(call.request_id)),
        ("timestamp".to_owned(), json!(call.now)),
    ]);
    let mut details = error.details().cloned().unwrap_or_else(|| json!({}));
    if let (500.., Stage::Development | Stage::Staging, Some(cause)) =
        (fault.status, config.stage, error.cause())
    {
        details["cause"] = json!(cause);
    }
    if details != json!({}) || fault == UNKNOWN_FIELD {
        inner.insert("details".to_owned(), details);
    }
    Value::Object(inner)
}

/// The `error` object of a frame, with the code of the closing that follows if one does (spec
/// realtime.md, *Closing*).
pub fn farewell(call: &Call, config: &Config, error: &Error) -> Value {
    let mut inner = envelope(call, config, error);
    let Some(close) = close_code(error) else {
        return inner;
    };
    inner["close_code"] = json!(close);
    inner["retry"] = json!(may_retry(close));
    let Some(details) = inner["details"].as_object_mut() else {
        return inner;
    };
    details.remove("close_code");
    let after = details.remove("retry_after_ms");
    if details.is_empty() {
        inner.as_object_mut().map(|inner| inner.remove("details"));
    }
    if let Some(after) = after {
        inner["retry_after_ms"] = after;
    }
    inner
}

/// The code with which a connection ends after an error, if it does: the error names it, or the
/// session behind it has ended.
pub fn close_code(error: &Error) -> Option<u16> {
    let named = error
        .details()
        .and_then(|details| details["close_code"].as_u64());
    named
        .and_then(|code| u16::try_from(code).ok())
        .or(match error.fault().code {
            "SESSION_REVOKED" | "DEVICE_REVOKED" => Some(4003),
            "TOKEN_EXPIRED" | "UNAUTHENTICATED" => Some(4001),
            "USER_BANNED" => Some(4014),
            _ => None,
        })
}

/// Whether a client should try again after a connection ended with the code.
pub fn may_retry(close_code: u16) -> bool {
    matches!(close_code, 4002 | 4005 | 4008 | 4010)
}

/// Whether the caller prefers RFC 9457.
fn wants_problem(call: &Call) -> bool {
    let accept = call.header("accept").unwrap_or_default();
    let quality = |kind: &str| -> Option<f32> {
        accept.split(',').find_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            (parts.next() == Some(kind)).then(|| {
                let q = parts.find_map(|part| part.strip_prefix("q="));
                q.map_or(1.0, |q| q.parse().unwrap_or(0.0))
            })
        })
    };
    let json = quality("application/json").unwrap_or(0.0);
    quality("application/problem+json").is_some_and(|problem| problem > 0.0 && problem >= json)
}

/// The reply that tells an error.
pub fn refusal(call: &Call, config: &Config, error: &Error) -> Reply {
    if let Some(first) = error.stored() {
        let headers = vec![("idempotent-replayed", "true".to_owned())];
        return Reply {
            status: first.status,
            body: first.body.clone(),
            headers,
        };
    }
    let status = error.fault().status;
    let inner = envelope(call, config, error);
    let mut headers = Vec::new();
    if let Some(allow) = inner["details"]["allow"].as_str() {
        headers.push(("allow", allow.to_owned()));
    }
    match error.fault().code {
        "UNAUTHENTICATED" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "SESSION_REVOKED" => {
            headers.push(("www-authenticate", "Bearer".to_owned()));
        }
        "IDEMPOTENCY_IN_PROGRESS" | "UNAVAILABLE" => {
            headers.push(("retry-after", "1".to_owned()));
        }
        _ => {}
    }
    if !wants_problem(call) {
        return Reply {
            status,
            body: json!({ "error": inner }),
            headers,
        };
    }
    headers.push(("content-type", "application/problem+json".to_owned()));
    let body = json!({
        "type": format!("{DOCS}/{}", error.fault().code),
        "title": error.fault().text,
        "status": status,
        "detail": error.fault().text,
        "instance": call.request_id,
        "code": inner["code"],
        "trace_id": inner["trace_id"],
        "timestamp": inner["timestamp"],
        "details": inner["details"],
    });
    Reply {
        status,
        body: Value::String(body.to_string()),
        headers,
    }
}

/// The Lambda result of an HTTP call (API Gateway payload format 2.0).
pub fn http_result(call: &Call, reply: Reply) -> Value {
    let mut headers = Map::new();
    let mut set = |name: &str, value: String| {
        headers.insert(name.to_owned(), Value::String(value));
    };
    for (name, value) in SECURITY_HEADERS {
        set(name, value.to_owned());
    }
    set("cache-control", "no-store".to_owned());
    set("x-request-id", call.request_id.clone());
    set("x-api-version", call.version.to_owned());
    for (name, value) in call.spent.headers() {
        set(name, value);
    }
    let typed = reply
        .headers
        .iter()
        .any(|(name, _)| *name == "content-type");
    let body = match reply.body {
        Value::Null => None,
        Value::String(text) if typed => Some(text),
        body => {
            set("content-type", "application/json".to_owned());
            Some(body.to_string())
        }
    };
    for (name, value) in reply.headers {
        set(name, value);
    }
    let mut result = json!({
        "statusCode": reply.status,
        "headers": headers,
        "isBase64Encoded": false,
    });
    if let Some(body) = body {
        result["body"] = Value::String(body);
    }
    result
}

/// Type of the frame that answers a client frame (spec realtime.md, *Catalogue*).
pub fn answer_type(kind: &str) -> &'static str {
    match kind {
        "hello" | "auth.prove" => "ready",
        "auth.begin" => "auth.challenge",
        "ping" => "pong",
        "sync.resume" => "sync.state",
        "message.send" => "message.ack",
        "event.publish" => "event.ack",
        "presence.watch" => "presence.snapshot",
        _ => "ok",
    }
}

/// One frame of the server.
pub fn frame(id: &str, kind: &str, at: crate::Time, data: Value) -> Value {
    json!({ "v": 1, "id": id, "type": kind, "ts": at.ms(), "data": data })
}

/// The Lambda result of a socket call; a body is sent to the connection.
pub fn socket_result(call: &Call, outcome: Result<Reply, (Value, u16)>) -> Value {
    let socket = call.socket.clone().unwrap_or_default();
    let (kind, data) = match outcome {
        Ok(reply) if socket.event != "MESSAGE" || reply.body.is_null() => {
            return json!({ "statusCode": reply.status });
        }
        Ok(reply) => (answer_type(&socket.kind), reply.body),
        Err((_, status)) if socket.event != "MESSAGE" => return json!({ "statusCode": status }),
        Err((envelope, _)) => ("error", envelope),
    };
    let frame = answering(call, kind, data);
    // The gateway passes the body on whatever the status says; 200 keeps its metrics honest.
    json!({ "statusCode": 200, "body": frame.to_string() })
}

/// The frame that answers a client frame.
pub fn answering(call: &Call, kind: &str, data: Value) -> Value {
    let mut frame = frame(&call.request_id, kind, call.now, data);
    let socket = call.socket.as_ref();
    if let Some(reference) = socket.and_then(|socket| socket.reference.as_ref()) {
        frame["ref"] = json!(reference);
        if kind == "error" {
            frame["data"]["ref"] = json!(reference);
        }
    }
    frame
}
