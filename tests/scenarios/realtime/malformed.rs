//! Every way in which a frame can be malformed: each is refused by its own rule, the connection
//! stays for four of them, and nothing changes.

use serde_json::{Value, json};
use world::{Person, World};

/// Malformed frames that a connection survives within a minute.
const SURVIVED: usize = 4;

/// Texts that are no JSON, or not one value of it, or ambiguous.
const NO_JSON: [&str; 20] = [
    "",
    " ",
    "\u{feff}{}",
    "{",
    "}",
    "{broken",
    "nul",
    "'x'",
    "\0",
    r#"{"v":1,}"#,
    "[1,]",
    r#"{"v":1}{"v":1}"#,
    r#"{"v":1} x"#,
    r#"{"v":01}"#,
    r#"{"v":1e999}"#,
    "NaN",
    r#"{"v":1,"v":1,"id":"a","type":"ping"}"#,
    r#"{"v":1,"id":"a","type":"hello","type":"ping"}"#,
    r#"{"v":1,"id":"\ud800","type":"ping"}"#,
    "{\"v\":1,\"id\":\"a\nb\",\"type\":\"ping\"}",
];

/// JSON that is no envelope.
const NO_ENVELOPE: [&str; 21] = [
    "[]",
    "null",
    "1",
    r#""ping""#,
    "true",
    "{}",
    r#"{"id":"a","type":"ping"}"#,
    r#"{"v":0,"id":"a","type":"ping"}"#,
    r#"{"v":2,"id":"a","type":"ping"}"#,
    r#"{"v":"1","id":"a","type":"ping"}"#,
    r#"{"v":null,"id":"a","type":"ping"}"#,
    r#"{"v":1,"type":"ping"}"#,
    r#"{"v":1,"id":"","type":"ping"}"#,
    r#"{"v":1,"id":7,"type":"ping"}"#,
    r#"{"v":1,"id":["a"],"type":"ping"}"#,
    r#"{"v":1,"id":"a"}"#,
    r#"{"v":1,"id":"a","type":""}"#,
    r#"{"v":1,"id":"a","type":5}"#,
    r#"{"v":1,"id":"a","type":["ping"]}"#,
    r#"{"v":1,"id":"a","type":{"ping":1}}"#,
    r#"{"V":1,"ID":"a","TYPE":"ping"}"#,
];

/// Frames that are no frames, and the reason that the answer gives.
fn malformed() -> Vec<(String, &'static str)> {
    let frame =
        |id: &str, data: &str| format!(r#"{{"v":1,"id":"{id}","type":"ping","data":{data}}}"#);
    let deep = ["[".repeat(20), "]".repeat(20)].concat();
    let mut all = vec![
        (frame("a", &deep), "json"),
        (frame(&"i".repeat(65), "{}"), "envelope"),
    ];
    all.extend(NO_JSON.map(|text| (text.to_owned(), "json")));
    all.extend(NO_ENVELOPE.map(|text| (text.to_owned(), "envelope")));
    all
}

/// Everything stored, but for what is noted of the connection itself and of its last use.
async fn stored(world: &World) -> Vec<Value> {
    let mut rows = Vec::new();
    for table in ["data", "ledger", "insight"] {
        rows.extend(world.items(table, "").await);
    }
    rows.retain(|row| {
        row["sk"]["S"]
            .as_str()
            .is_some_and(|sk| !sk.starts_with("session#"))
    });
    rows.sort_by_key(Value::to_string);
    rows
}

async fn still_serves(person: &mut Person) {
    let pong = person.asks("ping", json!({})).await;
    assert_eq!(pong["type"], "pong", "{pong}");
}

#[tokio::test(start_paused = true)]
async fn each_malformed_frame_is_refused_by_its_rule_and_changes_nothing() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.says("before").to(&ben).await.ok();
    ann.comes_online().await;
    ben.comes_online().await;
    world.settles().await;
    // What is counted of the messages is written within a minute.
    world.passes(70).await;
    let before = stored(&world).await;
    assert!(before.len() > 10);
    for (nth, (text, reason)) in malformed().into_iter().enumerate() {
        if nth > 0 && nth % SURVIVED == 0 {
            world.passes(61).await;
            still_serves(&mut ann).await;
        }
        ann.sends(&text).await;
        let error = ann.waits(|frame| frame["type"] == "error").await;
        assert_eq!(error["data"]["code"], "BAD_FRAME", "{text}: {error}");
        assert_eq!(
            error["data"]["details"]["reason"], reason,
            "{text}: {error}"
        );
        assert!(error["data"]["close_code"].is_null(), "{text}: {error}");
        let named = serde_json::from_str::<Value>(&text).unwrap_or_default()["id"].clone();
        let fits = named
            .as_str()
            .is_some_and(|id| (1..=64).contains(&id.len()));
        if reason == "envelope" {
            assert_eq!(error["ref"].is_string(), fits, "{text}: {error}");
        }
    }
    still_serves(&mut ann).await;
    assert_eq!(stored(&world).await, before);
    assert!(ben.got("error").await.is_empty());
}

/// Well-formed frames, wrong in what they ask for, and the code that says so.
fn wrong(receiver: &str) -> Vec<(&'static str, Value, &'static str)> {
    let send = |more: Value| {
        let mut body = json!({
            "receiver_id": receiver, "content": "x", "client_message_id": "wrong-again-1",
        });
        let members = more.as_object().cloned().unwrap_or_default();
        members
            .into_iter()
            .for_each(|(name, value)| body[name] = value);
        body
    };
    vec![
        ("no.such.type", json!({}), "UNKNOWN_TYPE"),
        ("$default", json!({}), "UNKNOWN_TYPE"),
        ("$connect", json!({}), "UNKNOWN_TYPE"),
        ("$disconnect", json!({}), "UNKNOWN_TYPE"),
        ("__proto__", json!({}), "UNKNOWN_TYPE"),
        ("PING", json!({}), "UNKNOWN_TYPE"),
        ("ping ", json!({}), "UNKNOWN_TYPE"),
        ("message.new", json!({}), "UNKNOWN_TYPE"),
        ("ping", json!({ "more": 1 }), "UNKNOWN_FIELD"),
        ("ping", json!({ "state": "asleep" }), "VALIDATION_FAILED"),
        ("hello", json!({ "client": 5 }), "VALIDATION_FAILED"),
        ("hello", json!([]), "VALIDATION_FAILED"),
        ("hello", json!("x"), "VALIDATION_FAILED"),
        ("typing", json!({}), "VALIDATION_FAILED"),
        (
            "message.read",
            json!({ "message_ids": "all" }),
            "VALIDATION_FAILED",
        ),
        (
            "message.send",
            send(json!({ "content": 5 })),
            "VALIDATION_FAILED",
        ),
        (
            "message.send",
            send(json!({ "sender_id": receiver })),
            "UNKNOWN_FIELD",
        ),
        ("message.send", json!(null), "VALIDATION_FAILED"),
        (
            "sync.resume",
            json!({ "sync_token": "forged" }),
            "INVALID_CONTINUATION",
        ),
        ("auth.begin", json!({ "device_id": 5 }), "VALIDATION_FAILED"),
    ]
}

/// Frames that are well formed and wrong all the same: refused by what they ask for, as often as
/// they like.
#[tokio::test(start_paused = true)]
async fn a_well_formed_frame_is_no_strike_however_wrong_it_is() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    world.settles().await;
    let before = stored(&world).await;
    for (kind, data, code) in wrong(&ben.id) {
        let error = ann.asks(kind, data.clone()).await;
        assert_eq!(error["type"], "error", "{kind} {data}: {error}");
        assert_eq!(error["data"]["code"], code, "{kind} {data}: {error}");
        assert!(error["data"]["close_code"].is_null(), "{kind}: {error}");
    }
    still_serves(&mut ann).await;
    assert_eq!(stored(&world).await, before);
    let owner = world.items("live", "owner").await;
    assert!(
        owner.iter().all(|row| row["strikes"]["M"].is_null()),
        "{owner:?}"
    );
}
