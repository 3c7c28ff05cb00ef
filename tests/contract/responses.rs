//! What requests may be answered with, for `infra/openapi.yaml`: by status, with every code that a
//! refusal may have, so that tools can hold answers against it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::error::{self, Fault};
use shared::function::{Function, Operation, Trigger};

/// What the gateway refuses by itself, before or after a function: too long a head or body, a
/// function that failed or did not answer in time.
const GATEWAY: [u16; 4] = [413, 431, 500, 503];

/// Faults that every operation may answer (spec conventions.md §5).
fn common(function: &Function, operation: &Operation) -> Vec<Fault> {
    let mut faults = vec![error::UNSUPPORTED_API_VERSION];
    faults.extend([error::RATE_LIMITED, error::INTERNAL_ERROR]);
    faults.extend([error::UNAVAILABLE, error::TIMEOUT]);
    if function.member || operation.visitor {
        faults.extend([
            error::UNAUTHENTICATED,
            error::TOKEN_INVALID,
            error::TOKEN_EXPIRED,
        ]);
        faults.extend([error::SESSION_REVOKED, error::USER_BANNED]);
    }
    if function.admin.is_some() {
        faults.extend([error::ADMIN_UNKNOWN, error::PERMISSION_DENIED]);
    }
    if operation.body.is_some() || operation.query.is_some() {
        faults.extend([error::UNKNOWN_FIELD, error::VALIDATION_FAILED]);
    }
    let writes =
        |trigger: &Trigger| matches!(trigger, Trigger::Http { method, .. } if *method != "GET");
    if function.triggers.iter().any(writes) {
        faults.extend([error::MALFORMED_JSON, error::PAYLOAD_TOO_LARGE]);
        faults.push(error::UNSUPPORTED_MEDIA_TYPE);
    }
    let posts =
        |trigger: &Trigger| matches!(trigger, Trigger::Http { method, .. } if *method == "POST");
    if operation.key && function.admin.is_some() && function.triggers.iter().any(posts) {
        faults.push(error::IDEMPOTENCY_KEY_REQUIRED);
    }
    if operation.key {
        faults.extend([
            error::IDEMPOTENCY_KEY_INVALID,
            error::IDEMPOTENCY_IN_PROGRESS,
        ]);
        faults.push(error::IDEMPOTENCY_KEY_REUSED);
    }
    faults
}

/// The answers of an operation by status.
pub fn all(function: &Function, operation: &Operation) -> Value {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let own = function.faults.iter().map(|fault| **fault);
    for fault in common(function, operation).into_iter().chain(own) {
        let codes = by_status.entry(fault.status).or_default();
        if !codes.contains(&fault.code) {
            codes.push(fault.code);
        }
    }
    let mut gateway = GATEWAY.to_vec();
    // What is not signed does not reach the function.
    gateway.extend(function.admin.map(|_| 403));
    let answered = operation.answers.iter().map(|(status, ..)| *status);
    let mut statuses: Vec<u16> = answered.chain(by_status.keys().copied()).collect();
    statuses.extend(&gateway);
    statuses.sort_unstable();
    statuses.dedup();
    let one = |status: u16| {
        let mut codes = by_status.get(&status).cloned().unwrap_or_default();
        codes.sort_unstable();
        let own = |fault: &&Fault| fault.status == status;
        let page = operation.page && (status == 200 || function.faults.iter().any(own));
        answer(operation, (status, page), &codes, gateway.contains(&status))
    };
    let answers = statuses
        .into_iter()
        .map(|status| (status.to_string(), one(status)));
    Value::Object(answers.collect())
}

/// Everything that may be said with a status.
fn answer(
    operation: &Operation,
    (status, page): (u16, bool),
    codes: &[&str],
    gateway: bool,
) -> Value {
    let own = operation
        .answers
        .iter()
        .find(|(known, ..)| *known == status);
    let mut texts: Vec<String> = own.iter().map(|(_, text, _)| (*text).to_owned()).collect();
    let mut schemas: Vec<Value> = own
        .and_then(|(_, _, schema)| schema.clone())
        .map(|schema| schema.to_value())
        .into_iter()
        .collect();
    if !codes.is_empty() {
        texts.push(codes.join(", "));
        schemas.push(refusal_of("ErrorEnvelope", codes));
    }
    if gateway {
        texts.push("A refusal of the gateway itself.".to_owned());
        schemas.push(json!({ "$ref": "#/components/schemas/GatewayRefusal" }));
    }
    let mut answer = json!({ "description": texts.join(" Or: ") });
    let mut content = Map::new();
    if let Some(schema) = any_of(schemas) {
        content.insert("application/json".into(), json!({ "schema": schema }));
    }
    if !codes.is_empty() {
        let schema = refusal_of("Problem", codes);
        content.insert(
            "application/problem+json".into(),
            json!({ "schema": schema }),
        );
    }
    if page {
        let schema = json!({ "type": "string" });
        content.insert("text/html".into(), json!({ "schema": schema }));
    }
    if !content.is_empty() {
        answer["content"] = Value::Object(content);
    }
    let headers = headers_of(status, gateway);
    if !headers.is_empty() {
        answer["headers"] = Value::Object(headers);
    }
    answer
}

fn any_of(mut schemas: Vec<Value>) -> Option<Value> {
    match schemas.len() {
        0 | 1 => schemas.pop(),
        _ => Some(json!({ "anyOf": schemas })),
    }
}

/// A refusal with one of these codes.
fn refusal_of(kind: &str, codes: &[&str]) -> Value {
    let code = json!({ "properties": { "code": { "enum": codes } } });
    let mut schema = match kind {
        "Problem" => code,
        _ => json!({ "properties": { "error": code } }),
    };
    schema["$ref"] = json!(format!("#/components/schemas/{kind}"));
    schema
}

/// The headers of a status that mean something to a client.
fn headers_of(status: u16, gateway: bool) -> Map<String, Value> {
    let names: &[&str] = match (status, gateway) {
        (_, true) => &[],
        (302, _) => &["X-Request-ID", "Location"],
        (304, _) => &["X-Request-ID", "ETag"],
        (401, _) => &["X-Request-ID"],
        (429, _) => &["X-Request-ID", "Retry-After"],
        _ => &["X-Request-ID"],
    };
    let reference = |name: &&str| {
        let header = json!({ "$ref": format!("#/components/headers/{name}") });
        ((*name).to_owned(), header)
    };
    names.iter().map(reference).collect()
}

/// Names of the answers that most operations share, by status (RFC 9110).
const NAMES: [(&str, &str); 11] = [
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("413", "ContentTooLarge"),
    ("415", "UnsupportedMediaType"),
    ("422", "UnprocessableContent"),
    ("429", "TooManyRequests"),
    ("431", "RequestHeaderFieldsTooLarge"),
    ("500", "InternalServerError"),
    ("503", "ServiceUnavailable"),
    ("504", "GatewayTimeout"),
];

/// Says the most frequent answer of each status once, and refers to it everywhere else.
pub fn share(paths: &mut BTreeMap<String, Map<String, Value>>) -> Map<String, Value> {
    let mut shared = Map::new();
    for (status, name) in NAMES {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for entry in paths.values().flat_map(Map::values) {
            let answer = &entry["responses"][status];
            *counts.entry(answer.to_string()).or_default() += usize::from(answer.is_object());
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let Some((text, 2..)) = most else {
            continue;
        };
        for entry in paths.values_mut().flat_map(Map::values_mut) {
            let answer = entry["responses"].get_mut(status);
            if let Some(answer) = answer.filter(|answer| answer.to_string() == text) {
                let reference = json!({ "$ref": format!("#/components/responses/{name}") });
                shared.insert(name.to_owned(), std::mem::replace(answer, reference));
            }
        }
    }
    shared
}

/// The headers that answers refer to.
pub fn headers() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    json!({
        "X-Request-ID": {
            "description": "Id of the request: the caller's own if it was well formed.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{8,128}$" },
        },
        "Location": { "description": "Where to go.", "required": true, "schema": text },
        "ETag": { "description": "What the caller has.", "required": true, "schema": text },
        "Retry-After": {
            "description": "Seconds until the next try.",
            "required": true,
            "schema": { "type": "integer", "minimum": 0 },
        },
    })
}

/// The schemas that refusals refer to.
pub fn schemas() -> Map<String, Value> {
    let facts = json!({
        "code": { "type": "string" },
        "trace_id": { "type": "string" },
        "timestamp": { "type": "string", "format": "date-time" },
        "details": { "type": ["object", "null"] },
    });
    let with = |more: Value| {
        let mut all = facts.as_object().cloned().unwrap_or_default();
        all.extend(more.as_object().cloned().unwrap_or_default());
        all
    };
    let text = json!({ "type": "string" });
    let error = json!({
        "type": "object",
        "required": ["code", "message", "trace_id", "timestamp"],
        "properties": with(json!({ "message": text, "details": { "type": "object" } })),
    });
    let problem = json!({
        "description": "The same as RFC 9457, for who accepts `application/problem+json`.",
        "type": "object",
        "required": ["type", "title", "status", "instance", "code", "trace_id", "timestamp"],
        "properties": with(json!({
            "type": { "type": "string", "format": "uri" },
            "title": text,
            "status": { "type": "integer" },
            "detail": text,
            "instance": text,
        })),
    });
    let gateway = json!({
        "description": "What the gateway says without a function.",
        "type": "object",
        "required": ["message"],
        "properties": { "message": text },
        "additionalProperties": false,
    });
    let refusal = json!({
        "type": "object", "required": ["error"], "properties": { "error": error },
    });
    Map::from_iter([
        ("ErrorEnvelope".to_owned(), refusal),
        ("Problem".to_owned(), problem),
        ("GatewayRefusal".to_owned(), gateway),
    ])
}
