//! The same of frames: hostile values in every field of every frame, and frames that are none.

use serde_json::{Value, json};
use shared::function::{Function, Trigger};
use world::{ADDRESS, Journal};

use super::hostile::{hostile, is_clean};
use super::marks::Marks;
use super::samples::{CANDIDATE, Fixture};

/// What stands in every text of the last round.
const MARK: &str = "mk7q-Frames-Tell-Nothing-3w";

/// Frame type and function of every frame.
fn frames() -> Vec<(&'static str, &'static Function)> {
    let mut found = Vec::new();
    for function in local::functions() {
        for trigger in function.triggers {
            match trigger {
                Trigger::Frame(kind) => found.push((*kind, function)),
                Trigger::Socket("$default") => found.push(("$default", function)),
                _ => {}
            }
        }
    }
    found
}

/// `data` of a frame that works, as far as there is a call for it.
fn data(fixture: &Fixture, kind: &str) -> Value {
    let conversation = &fixture.sent["conversation_id"];
    match kind {
        "message.send" => fixture.body("send_message").expect("a sample"),
        "message.delivered" => json!({ "message_id": fixture.sent["id"] }),
        "message.read" => json!({ "conversation_id": conversation, "up_to_seq": 1 }),
        "typing" => json!({ "conversation_id": conversation, "state": "composing" }),
        "hello" => json!({ "client": "sweep", "version": "1" }),
        "ping" => json!({ "state": "active" }),
        "sync.resume" => json!({ "sync_token": "nonsense" }),
        "call.alive" => json!({ "call_id": fixture.call, "device_id": fixture.device }),
        "call.signal" => json!({
            "call_id": fixture.call, "kind": "candidates", "device_id": fixture.device,
            "payload": { "candidates": [{ "candidate": CANDIDATE, "sdpMid": "0" }] },
        }),
        "call.accept" => json!({ "call_id": fixture.call, "sdp_answer": "v=0" }),
        "call.reject" => json!({ "call_id": fixture.call, "reason": "busy" }),
        "call.hangup" => json!({ "call_id": fixture.call, "reason": "hangup" }),
        "auth.begin" => json!({ "device_id": fixture.device }),
        "auth.prove" => json!({ "signature": "AAAA", "ts": 0, "access_token": "a.b.c" }),
        "$default" => json!({ "a": 1 }),
        other => panic!("no sample for the frame `{other}`"),
    }
}

/// A place inside a value, by names and numbers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, it)| (name.clone(), it))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, it)| (n.to_string(), it))
            .collect(),
        _ => Vec::new(),
    };
    for (name, inner) in members {
        let place = format!("{at}/{name}");
        places(inner, &place, found);
        found.push(place);
    }
}

/// A connection that is ready, or for the handshake one that is not yet.
async fn connection(fixture: &mut Fixture, kind: &str) -> String {
    let query = match kind {
        "auth.begin" | "auth.prove" => format!("device_id={}", fixture.device),
        _ => {
            let ticket = fixture.ann.post("/api/v2/ws/tickets", json!({})).await;
            format!(
                "ticket={}",
                ticket.expect(201)["ticket"].as_str().expect("a ticket")
            )
        }
    };
    fixture.ann.connects(&query).await.expect("a connection")
}

/// What a function makes of the text of a frame.
async fn told(
    fixture: &Fixture,
    function: &Function,
    kind: &str,
    (id, text): (&str, &str),
) -> Value {
    let event = json!({
        "requestContext": {
            "connectionId": id, "eventType": "MESSAGE", "routeKey": kind,
            "connectedAt": fixture.world.now().ms(), "identity": { "sourceIp": ADDRESS },
        },
        "body": text,
    });
    let result = fixture.world.local.run(function.name, event).await;
    let result = result.unwrap_or_else(|failure| panic!("{kind} {text}: {failure:?}"));
    let body = result["body"].as_str().unwrap_or("null");
    serde_json::from_str(body).expect("JSON")
}

/// An answer that is none of the server's failures and shows nothing that acts.
fn is_fine(place: &str, answer: &Value) {
    let code = answer["data"]["code"].as_str().unwrap_or_default();
    assert!(
        !["INTERNAL_ERROR", "UNAVAILABLE", "TIMEOUT"].contains(&code),
        "{place}: {answer}"
    );
    assert!(
        is_clean(&answer.to_string().replace("\\n", "\n")),
        "{place}: {answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_field_of_every_frame_bears_every_value() {
    let mut fixture = Fixture::new().await;
    let mut tried = 0;
    for (kind, function) in frames() {
        let good = data(&fixture, kind);
        let mut all = Vec::new();
        places(&good, "", &mut all);
        let mut id = connection(&mut fixture, kind).await;
        for (n, place) in all.iter().enumerate() {
            for value in hostile() {
                let mut data = good.clone();
                *data.pointer_mut(place).expect("a place") = value;
                let frame = json!({ "v": 1, "id": "f1", "type": kind, "data": data });
                let answer = told(&fixture, function, kind, (&id, &frame.to_string())).await;
                is_fine(&format!("{kind}{place}"), &answer);
                tried += 1;
            }
            // Frames of a connection are counted, and some end it.
            if n + 1 < all.len() {
                fixture.world.passes(4).await;
                id = connection(&mut fixture, kind).await;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_is_refused_and_what_is_in_it_is_not_logged() {
    let mut marks = Marks::default();
    marks.add("the mark", MARK);
    let journal = Journal::open();
    let mut fixture = Fixture::new().await;
    for (kind, function) in frames() {
        let id = connection(&mut fixture, kind).await;
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        let long = "x".repeat(40_000);
        let good = data(&fixture, kind);
        let mut marked = good.clone();
        let mut all = Vec::new();
        places(&good, "", &mut all);
        for place in &all {
            if let Some(text) = marked.pointer_mut(place).filter(|it| it.is_string()) {
                *text = json!(MARK);
            }
        }
        let texts = [
            String::new(),
            "null".into(),
            MARK.into(),
            deep.clone(),
            long.clone(),
            format!(r#"{{"v":1,"id":"a","type":"{kind}","data":{deep}}}"#),
            format!(r#"{{"v":1,"id":"a","id":"a","type":"{kind}","data":{{}}}}"#),
            format!(r#"{{"v":1,"id":"a","type":"{kind}","data":{{"x":1e999}}}}"#),
            format!(r#"{{"v":1,"id":"a","type":"{kind}","data":"{MARK}"}}"#),
            format!(r#"{{"v":1,"id":"a","type":"{kind}","data":{{"unknown":"{MARK}"}}}}"#),
            format!(r#"{{"v":2,"id":"{long}","type":"{kind}"}}"#),
            json!({ "v": 1, "id": "a", "type": kind, "data": marked }).to_string(),
        ];
        for text in texts {
            let answer = told(&fixture, function, kind, (&id, &text)).await;
            is_fine(kind, &answer);
            if answer["type"] == "error" {
                marks.are_not_in(kind, &answer.to_string());
            }
        }
        fixture.world.passes(2).await;
    }
    marks.are_not_in("the log", &journal.text());
}
