//! Every binary takes an event of each of its triggers and gives a well-formed answer.

use local::cloud::Received;
use local::gateway::{HttpResponse, event};
use serde_json::{Value, json};
use shared::function::{Function, Trigger};
use world::Person;

use crate::lambda::Told;
use crate::samples::{Fixture, filled, routes};
use crate::stage::Stage;

/// The last call that went to a process of this function.
fn outcome(stage: &Stage, function: &Function) -> Value {
    let calls = stage.lambda.calls();
    let call = calls
        .iter()
        .rev()
        .find(|call| call.function == function.name);
    let call = call.unwrap_or_else(|| panic!("{} was not called", function.name));
    let answer = call.outcome.as_ref();
    answer
        .unwrap_or_else(|error| panic!("{}: {error}", function.name))
        .clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_binary_answers_an_event_of_each_of_its_triggers() {
    for function in local::functions() {
        // A fresh world each, because a call may end the session.
        let stage = Stage::new("speak", Told::ByHeader).await;
        let mut fixture = Fixture::within(stage.world.clone()).await;
        stage.serve_elsewhere();
        let mut routed = false;
        for trigger in function.triggers {
            match *trigger {
                Trigger::Http { .. } if !routed => {
                    routed = true;
                    answers_a_call(&stage, function, &fixture).await;
                }
                Trigger::Http { .. } | Trigger::Alias(_) => {}
                Trigger::Frame(kind) => answers_a_frame(&stage, function, kind, &mut fixture).await,
                Trigger::Socket(_) => answers_a_socket(&stage, function, &mut fixture.ann).await,
                Trigger::UnknownRoute => answers_an_unknown_route(&stage, function, &fixture).await,
                Trigger::Queue(queue) => answers_a_queue(&stage, function, queue).await,
                Trigger::Stream(table) => {
                    answers_a_stream(&stage, function, table, &mut fixture).await;
                }
                Trigger::Every(_) | Trigger::Daily { .. } => {
                    let event = event::schedule(function.name, stage.world.now());
                    stage.runs(function.name, event).await;
                    outcome(&stage, function);
                }
            }
        }
        stage.world.settles().await;
        stage.logs_are_records();
    }
}

async fn answers_an_unknown_route(stage: &Stage, function: &Function, fixture: &Fixture) {
    let answer = fixture.ann.get("/nowhere").await;
    answer.refused(404, "NOT_FOUND");
    is_an_answer(function, &event::answer(outcome(stage, function)));
}

/// A route: signed by an administrator where IAM guards it, otherwise as its owner, after nobody
/// and a stranger as in the kept table.
async fn answers_a_call(stage: &Stage, function: &'static Function, fixture: &Fixture) {
    let (method, path) = routes(function)[0];
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
    let body = fixture.body(function.name);
    if function.admin.is_some() {
        let answer = fixture.asks(function, method, &target, (body, &[])).await;
        assert!(answer.status < 500, "{}: {}", answer.called, answer.body);
    } else {
        stage.world.local.serve_elsewhere(false);
        stage.world.call(method, &target, body.clone()).await;
        fixture.cleo.call(method, &target, body.clone()).await;
        stage.world.local.serve_elsewhere(true);
        let owner = fixture.owner(function.name);
        let answer = owner.call(method, &target, body).await;
        let kept = kept(function.name, method, path);
        assert_eq!(
            Some(answer.status),
            kept,
            "{}: {}",
            answer.called,
            answer.body
        );
    }
    is_an_answer(function, &event::answer(outcome(stage, function)));
}

/// The status that `docs/authorization.md` keeps for the owner of a route.
fn kept(function: &str, method: &str, path: &str) -> Option<u16> {
    let page = std::fs::read_to_string(crate::derived::root().join("docs/authorization.md"));
    let page = page.expect("the kept table");
    let head = page.lines().find(|line| line.starts_with("| function "))?;
    let column = head
        .split(" | ")
        .position(|cell| cell.trim_end_matches(" |") == "owner")?;
    let begin = format!("| `{function}` | {method} `{path}` | ");
    let row = page.lines().find(|line| line.starts_with(&begin))?;
    let cell = row.split(" | ").nth(column)?;
    cell.split(' ').next()?.parse().ok()
}

/// A result in the payload format 2.0 of API Gateway, with the headers of every answer.
fn is_an_answer(function: &Function, answer: &HttpResponse) {
    let name = function.name;
    assert!((200..500).contains(&answer.status), "{name}: {answer:?}");
    for header in ["x-request-id", "x-content-type-options"] {
        assert!(answer.header(header).is_some(), "{name} sends no {header}");
    }
    let json = answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if json {
        let body: Result<Value, _> = serde_json::from_slice(&answer.body);
        assert!(body.is_ok(), "{name}: {answer:?}");
    }
}

/// A frame is answered under its id, if only by what is wrong with it.
async fn answers_a_frame(stage: &Stage, function: &Function, kind: &str, fixture: &mut Fixture) {
    if !fixture.ann.is_online() {
        fixture.ann.comes_online().await;
    }
    let answer = fixture.ann.asks(kind, json!({})).await;
    assert!(answer["data"].is_object(), "{kind}: {answer}");
    outcome(stage, function);
}

/// A connection opens, sends what nobody knows, and ends.
async fn answers_a_socket(stage: &Stage, function: &Function, ann: &mut Person) {
    ann.comes_online().await;
    let answer = ann.asks("no.such.type", json!({})).await;
    assert_eq!(answer["data"]["code"], "UNKNOWN_TYPE", "{answer}");
    ann.vanishes();
    stage.world.settles().await;
    outcome(stage, function);
}

/// One message that is no job: it alone is reported, so that the queue keeps it.
async fn answers_a_queue(stage: &Stage, function: &Function, queue: &str) {
    let now = stage.world.now();
    let message = Received {
        message_id: "message-1".to_owned(),
        receipt: "receipt-1".to_owned(),
        body: "no job".to_owned(),
        attributes: [("request_id".to_owned(), "test-1234".to_owned())].into(),
        receive_count: 1,
        sent_at: now,
        first_at: now,
    };
    let event = json!({ "Records": [message.record(queue)] });
    let answer = stage.runs(function.name, event).await;
    let reported = json!({ "batchItemFailures": [{ "itemIdentifier": "message-1" }] });
    assert_eq!(answer, reported, "{}", function.name);
    outcome(stage, function);
}

/// The changes that a message makes, in the shape of the stream.
async fn answers_a_stream(stage: &Stage, function: &Function, table: &str, fixture: &mut Fixture) {
    stage.world.local.hold_streams(true);
    fixture
        .ann
        .says("to the stream")
        .to(&fixture.ben)
        .await
        .ok();
    let records = stage.world.local.cloud().stream_batch(table, 10);
    assert!(!records.is_empty(), "nothing in the stream of {table}");
    let event = json!({ "Records": records });
    let answer = stage.runs(function.name, event).await;
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [] }),
        "{}",
        function.name
    );
    outcome(stage, function);
    stage.world.local.hold_streams(false);
}
