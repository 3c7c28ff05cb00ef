//! `tests/events/`: one sample event per kind of trigger, for `cargo lambda invoke --data-file`,
//! as the local cloud hands them to functions; ids and receipts are fixed.

use std::collections::BTreeMap;

use local::cloud::Received;
use local::gateway::HttpRequest;
use local::gateway::event::{self, Peer};
use local::gateway::route::Routes;
use serde_json::{Value, json};
use shared::Time;
use shared::realtime::Push;
use world::{ADDRESS, BEGINNING, World};

use super::derived;

/// When the samples happen: the beginning of every world.
const NOW: Time = BEGINNING;
const REQUEST: &str = "request-0001";

fn sample(name: &str, event: &Value) {
    let text = serde_json::to_string_pretty(event).expect("JSON");
    derived(&format!("tests/events/{name}.json"), &format!("{text}\n"));
}

fn request(method: &str, target: &str, body: Option<Value>) -> HttpRequest {
    let headers = [
        ("host", "127.0.0.1:3000"),
        ("user-agent", "curl/8.5.0"),
        ("content-type", "application/json"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    HttpRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.to_vec(),
        body: body
            .map(|body| body.to_string().into_bytes())
            .unwrap_or_default(),
        source_ip: ADDRESS.to_owned(),
    }
}

#[test]
fn samples_of_http_events() {
    let functions = local::functions();
    let routes = Routes::new(&functions);
    let event = |request: &HttpRequest, signer| {
        let found = routes
            .find(&request.method, request.path())
            .expect("a route");
        event::http(request, &found, REQUEST, NOW, signer)
    };
    sample(
        "http_get",
        &event(&request("GET", "/health/live", None), None),
    );
    let body = json!({ "email": "ann@pairly.test", "password": "Quiet-Harbour-21" });
    let sign_in = request("POST", "/api/v2/auth/login", Some(body));
    sample("http_post", &event(&sign_in, None));
    let admins = local::gateway::admins::Admins::new(b"a sample");
    let admin = request("GET", "/api/admin/flags", None);
    sample("http_admin", &event(&admin, admins.list().last()));
}

#[test]
fn samples_of_socket_events() {
    let peer = Peer {
        connection_id: "Q29ubmVjdGlvbg==".to_owned(),
        connected_at: NOW,
        source_ip: ADDRESS.to_owned(),
        user_agent: "curl/8.5.0".to_owned(),
        domain: "127.0.0.1:3001".to_owned(),
    };
    let headers = [("host".to_owned(), peer.domain.clone())];
    let query = "ticket=of-your-own";
    sample(
        "socket_connect",
        &event::connect(&peer, query, &headers, REQUEST, NOW),
    );
    let frame = json!({ "v": 1, "id": "f1", "type": "hello", "ts": 0, "data": {} });
    let frame = frame.to_string();
    sample(
        "socket_message",
        &event::message(&peer, "$default", &frame, REQUEST, NOW),
    );
    sample(
        "socket_disconnect",
        &event::disconnect(&peer, 1000, "", REQUEST, NOW),
    );
}

/// A message as its sender writes it, and the change that tells it.
#[tokio::test(start_paused = true)]
async fn samples_of_worker_events() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    world.settles().await;
    world.local.hold_streams(true);
    ann.says("hi").to(&ben).await.ok();
    let mut changes = world.local.cloud().stream_batch("data", 1);
    assert_eq!(changes.len(), 1);
    changes.iter_mut().for_each(without_noise);
    changes[0]["eventID"] = json!("00000000000000000000000000000001");
    changes[0]["dynamodb"]["SequenceNumber"] = json!("000000000000000000001");
    changes[0]["dynamodb"]["ApproximateCreationDateTime"] = json!(NOW.seconds());
    sample("stream", &json!({ "Records": changes }));
    let push = Push {
        user_id: ben.id.clone(),
        connections: vec!["Q29ubmVjdGlvbg==".to_owned()],
        frame: json!({ "v": 1, "id": "f1", "type": "presence.hint", "ts": 0, "data": {} }),
        close: false,
    };
    let message = Received {
        message_id: "00000000-0000-4000-8000-000000000001".to_owned(),
        receipt: "receipt-0001".to_owned(),
        body: serde_json::to_string(&push).expect("JSON"),
        attributes: BTreeMap::from([("request_id".to_owned(), REQUEST.to_owned())]),
        receive_count: 1,
        sent_at: NOW,
        first_at: NOW,
    };
    sample("queue", &json!({ "Records": [message.record("frames")] }));
    sample("schedule", &event::schedule("reap_connections", NOW));
}

/// Ciphertexts differ in every run.
fn without_noise(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "B" => *value = json!("AAAA"),
                    _ => without_noise(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_noise),
        _ => {}
    }
}
