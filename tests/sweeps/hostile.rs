//! Hostile values in every field of every body: stored clean or refused, never a 500.

use serde_json::{Value, json};
use shared::function::Operation;

use super::samples::{Fixture, filled, parameters, routes};

/// Operations whose success ends the session that the sweep uses.
const ENDING: [&str; 2] = ["sign_out", "sign_out_everywhere"];

/// Values that somebody sends who means no good.
pub fn hostile() -> Vec<Value> {
    vec![
        json!("<script>alert(1)</script>"),
        json!("<img src=x onerror=alert(1)>"),
        json!("javascript:alert(1)"),
        json!("{{7*7}} ${7*7} #{7*7}"),
        json!("' OR '1'='1' -- \" ) attribute_exists(pk) :v0 #n0"),
        json!("\u{202e}\u{2066}evil\u{0}\u{7}\u{1b}[31m"),
        json!("a\u{301}".repeat(3_000)),
        json!("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}".repeat(200)),
        json!("../../etc/passwd%00"),
        json!("\r\nSet-Cookie: a=b\r\n\r\n"),
        json!(""),
        json!(" "),
        json!(-1),
        json!(1e308),
        json!(9_223_372_036_854_775_807_i64),
        json!(0.1),
        json!(true),
        json!(null),
        json!([]),
        json!({}),
        json!([[[[{ "a": [null] }]]]]),
    ]
}

/// Fields of a body: the ones of its schema.
fn fields(operation: &Operation, body: &Value) -> Vec<String> {
    let reference = operation
        .body
        .as_ref()
        .and_then(|schema| schema.get("$ref"));
    let name = reference
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next());
    let schema = match name {
        Some(name) => operation.schemas.definitions().get(name).cloned(),
        None => operation
            .body
            .as_ref()
            .map(|schema| schema.clone().to_value()),
    };
    let named = schema
        .as_ref()
        .and_then(|schema| schema["properties"].as_object());
    let mut found: Vec<String> = named
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default();
    found.extend(
        body.as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone()),
    );
    found.sort();
    found.dedup();
    found
}

/// Nothing that a browser or a shell would act on comes back in an answer.
pub fn is_clean(text: &str) -> bool {
    let control = |c: char| c.is_control() && c != '\n';
    !text.contains("<script") && !text.contains("<img") && !text.chars().any(control)
}

#[tokio::test(start_paused = true)]
async fn every_field_bears_every_value() {
    let fixture = Fixture::new().await;
    let mut tried = 0;
    for function in local::functions() {
        let Some(body) = fixture.body(function.name) else {
            continue;
        };
        let mut operation = Operation::default();
        (function.describe)(&mut operation);
        let (method, path) = routes(function)[0];
        for field in fields(&operation, &body) {
            for value in hostile() {
                // Signing out with a good body would end the session that the sweep uses.
                if ENDING.contains(&function.name) {
                    continue;
                }
                let mut bad = body.clone();
                bad[&field] = value;
                let target = filled(path, |name| fixture.own(name));
                let call = fixture.asks(function, method, &target, (Some(bad), &[]));
                let answer = call.await;
                let text = answer.body.to_string();
                assert!(answer.status < 500, "{}.{field}: {text}", function.name);
                assert!(
                    is_clean(&text.replace("\\n", "\n")),
                    "{}.{field}: {text}",
                    function.name
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

#[tokio::test(start_paused = true)]
async fn every_path_and_query_parameter_bears_every_text() {
    let fixture = Fixture::new().await;
    let texts = [
        "%00",
        "%3Cscript%3E",
        "..%2F..%2F",
        "%F0%9F%98%80",
        "a%20b",
        "%ff",
        "'",
        "{x}",
        // Longer than a key of DynamoDB may be (2,048 bytes).
        &"x".repeat(2_100),
    ];
    for function in local::functions() {
        for (method, path) in routes(function) {
            if method != "GET" && parameters(path).is_empty() {
                continue;
            }
            for text in texts {
                let target = filled(path, |_| text.to_owned());
                let plain = fixture.asks(function, method, &target, (None, &[])).await;
                assert!(plain.status < 500, "{target}: {}", plain.body);
                if method != "GET" {
                    continue;
                }
                for name in [
                    "cursor",
                    "limit",
                    "skip",
                    "after_seq",
                    "token",
                    "sync_token",
                    "from",
                ] {
                    let target =
                        format!("{}?{name}={text}", filled(path, |name| fixture.own(name)));
                    let answer = fixture.asks(function, method, &target, (None, &[])).await;
                    assert!(answer.status < 500, "{target}: {}", answer.body);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_hostile_body_is_refused_with_a_reason() {
    let fixture = Fixture::new().await;
    let bodies: [&[u8]; 8] = [
        b"",
        b"null",
        b"[]",
        b"\"text\"",
        b"{\"a\":1,\"a\":2}",
        b"\xff\xfe{}",
        b"{\"a\":1e999}",
        b"[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]",
    ];
    for function in local::functions() {
        for (method, path) in routes(function) {
            if method == "GET" || method == "DELETE" || ENDING.contains(&function.name) {
                continue;
            }
            let target = filled(path, |name| fixture.absent(name));
            let bearer = format!("Bearer {}", fixture.ann.token);
            for body in bodies {
                let headers = [("authorization", bearer.as_str())];
                let answer = fixture
                    .world
                    .raw(method, &target, body.to_vec(), &headers)
                    .await;
                assert!(answer.status < 500, "{target} {body:?}: {}", answer.body);
            }
        }
    }
}
