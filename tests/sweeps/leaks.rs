//! Marks in every text of every request, and in every header: no log line and no error repeats one,
//! whether the request is refused, carried out, or fails because a service does not answer.

use serde_json::{Value, json};
use shared::function::Function;
use world::{Answer, Journal};

use super::marks::Marks;
use super::samples::{Fixture, filled, routes};

/// What stands in every text.
const MARK: &str = "mk7q-Leaks-Nowhere-3w";
/// Services that do not answer, one after the other; with the first one all do.
const OUTAGES: [&str; 5] = ["", "dynamodb", "kms", "secretsmanager", "sqs"];
/// Operations that end the session that the sweep uses.
const ENDING: [&str; 3] = ["sign_out", "sign_out_everywhere", "revoke_other_sessions"];

/// The body with the mark in every text; numbers and the rest become texts as well if `all`.
fn marked(value: &Value, all: bool) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| marked(item, all)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), marked(value, all)));
            Value::Object(members.collect())
        }
        Value::String(_) => json!(MARK),
        other if !all => other.clone(),
        _ => json!(MARK),
    }
}

/// Each member for itself, so that the others let the request come as far as it can.
fn variants(body: &Value) -> Vec<Value> {
    let members = body.as_object().into_iter().flatten();
    let one = |(name, value): (&String, &Value)| {
        let mut body = body.clone();
        body[name] = marked(value, true);
        body
    };
    let mut all: Vec<Value> = members.map(one).collect();
    all.extend([
        marked(body, false),
        json!({ "unknown": MARK }),
        json!(MARK),
        json!([MARK]),
    ]);
    all
}

/// A refusal repeats nothing.
fn is_silent(marks: &Marks, function: &Function, answer: &Answer) {
    if answer.status >= 400 {
        marks.are_not_in(&answer.called.replace(MARK, "…"), &answer.body.to_string());
    }
    for (name, value) in &answer.headers {
        marks.are_not_in(&format!("{} {name}", function.name), value);
    }
}

async fn asks(fixture: &Fixture, marks: &Marks, function: &Function, out: bool) {
    let headers = [
        ("user-agent", MARK),
        ("accept", MARK),
        ("if-match", MARK),
        ("if-none-match", MARK),
        ("origin", MARK),
        ("x-forwarded-for", MARK),
        ("cookie", MARK),
    ];
    for (method, path) in routes(function) {
        let own = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
        // Names of fields and parameters are told, so that a client finds its slip.
        let odd = format!(
            "{}?token={MARK}&q={MARK}&odd={MARK}",
            filled(path, |_| MARK.into())
        );
        let body = fixture.body(function.name);
        let mut calls = vec![(own.clone(), body.clone()), (odd, body.clone())];
        if !out {
            let bodies = body.iter().flat_map(variants);
            calls.extend(bodies.map(|body| (own.clone(), Some(body))));
        } else {
            let all = body.as_ref().map(|body| marked(body, false));
            calls.push((own, all));
        }
        for (target, body) in calls {
            let answer = fixture
                .asks(function, method, &target, (body, &headers))
                .await;
            is_silent(marks, function, &answer);
        }
        let keyed = [("idempotency-key", MARK), ("authorization", MARK)];
        let target = filled(path, |name| fixture.own(name));
        let answer = fixture.world.call_with(method, &target, None, &keyed).await;
        is_silent(marks, function, &answer);
    }
}

#[tokio::test(start_paused = true)]
async fn no_text_of_a_request_is_logged_or_told_again_by_an_error() {
    let mut marks = Marks::default();
    marks.add("the mark", MARK);
    let journal = Journal::open();
    for service in OUTAGES {
        let fixture = Fixture::new().await;
        let faults = fixture.world.local.cloud().faults();
        for function in local::functions() {
            if ENDING.contains(&function.name) {
                continue;
            }
            if !service.is_empty() {
                faults.outage(service, true);
            }
            asks(&fixture, &marks, function, !service.is_empty()).await;
            faults.clear();
        }
        fixture.world.settles().await;
    }
    let log = journal.text();
    assert!(log.lines().count() > 1_000, "{}", log.lines().count());
    assert!(log.contains("\"logger\":\"failure\""), "nothing failed");
    marks.are_not_in("the log", &log);
}
