//! Functions for tests: what they are called with is kept in their instance.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shared::Time;
use shared::function::{Function, Run, Trigger};
use shared::http::limit::Limit;

use crate::cloud::Request;
use crate::runtime::{Local, Options};

/// The events that an instance has seen.
#[derive(Default)]
pub struct Seen(pub Mutex<Vec<Value>>);

/// A function that keeps its events and answers what `run` makes of them.
pub const fn function(name: &'static str, triggers: &'static [Trigger], run: Run) -> Function {
    Function {
        name,
        domain: "fake",
        file: file!(),
        triggers,
        limit: Limit::None,
        member: false,
        admin: None,
        faults: &[],
        grants: &[],
        describe: |_| {},
        run,
    }
}

/// Keeps the event in the instance.
pub fn keep(env: &shared::Env, event: &Value) {
    env.part(|_| Seen::default())
        .0
        .lock()
        .unwrap()
        .push(event.clone());
}

/// What the function's present instance was called with.
pub fn seen(local: &Local, function: &'static str) -> Vec<Value> {
    let seen: Arc<Seen> = local.env(function).part(|_| Seen::default());
    seen.0.lock().unwrap().clone()
}

/// A back end of these functions, in memory, at noon.
pub async fn local(functions: &[&'static Function]) -> Local {
    let base = Time::parse("2026-01-31T12:00:30Z").unwrap();
    let options = Options {
        base,
        ..Options::default()
    };
    Local::start_with(options, functions.to_vec())
        .await
        .unwrap()
}

/// Calls an AWS service as nobody in particular.
pub async fn aws(local: &Local, target: &str, body: Value) -> Value {
    let kind = (
        "content-type".to_owned(),
        "application/x-amz-json-1.0".to_owned(),
    );
    let request = Request {
        method: "POST".into(),
        uri: "/".into(),
        headers: vec![("x-amz-target".into(), target.into()), kind],
        body: body.to_string().into_bytes(),
    };
    let answer = local.cloud().answer("test", request).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    assert_eq!(answer.status, 200, "{body}");
    body
}

/// Writes an item of `pairly-data`.
pub async fn put(local: &Local, pk: &str, value: i64) {
    let item = json!({
        "pk": { "S": pk }, "sk": { "S": "item" }, "value": { "N": value.to_string() },
    });
    let body = json!({ "TableName": "pairly-data", "Item": item });
    aws(local, "DynamoDB_20120810.PutItem", body).await;
}

/// Sends a message, visible after `delay` seconds.
pub async fn send(local: &Local, queue: &str, body: &str, delay: u32) {
    let url = local.config().queue_url(queue);
    let body = json!({ "QueueUrl": url, "MessageBody": body, "DelaySeconds": delay });
    aws(local, "AmazonSQS.SendMessage", body).await;
}
