//! JSON bodies, query strings and forms: what is accepted is read one way only, and becomes the
//! type that the handler names.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::accounts::phone::Phone;
use shared::accounts::social::flow::{Callback, Start};
use shared::accounts::{Application, Credentials, NewPassword, PasswordChange};
use shared::calls::{IceWish, NewCall, Report};
use shared::http::check::{
    BODY_BYTES_MAX, Checker, DEPTH_MAX, ROWS_MAX, canonical, decode_query, parse, parse_form,
};
use shared::matching::uploads::NewUpload;
use shared::messaging::{NewMessage, ReadWish};
use shared::realtime::sync::Since;
use shared::realtime::{Begin, Proof};
use shared::relay::NewDevice;
use shared::text::escape_uri;

use super::Target;

/// JSON bodies and `data` of frames.
pub const JSON_BODY: Target = Target {
    name: "json_body",
    samples: || &BODIES,
    holds: json_body,
};
/// Query strings and forms.
pub const QUERY: Target = Target {
    name: "query",
    samples: || &QUERIES,
    holds: query,
};

/// A checker, and whether a value is read as its type.
struct Typed {
    name: &'static str,
    checker: Checker,
    read: fn(Value) -> Result<(), String>,
}

fn typed<T: DeserializeOwned + JsonSchema>() -> Typed {
    Typed {
        name: std::any::type_name::<T>(),
        checker: Checker::of::<T>(),
        read: |value| match serde_json::from_value::<T>(value) {
            Ok(_) => Ok(()),
            Err(cause) => Err(cause.to_string()),
        },
    }
}

static TYPES: LazyLock<Vec<Typed>> = LazyLock::new(|| {
    vec![
        typed::<NewMessage>(),
        typed::<ReadWish>(),
        typed::<Credentials>(),
        typed::<Application>(),
        typed::<NewPassword>(),
        typed::<PasswordChange>(),
        typed::<Phone>(),
        typed::<IceWish>(),
        typed::<NewCall>(),
        typed::<Report>(),
        typed::<NewUpload>(),
        typed::<NewDevice>(),
        typed::<Begin>(),
        typed::<Proof>(),
    ]
});

static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = [
        json!({ "receiver_id": "usr_1", "content": "a\u{301}", "message_type": "text",
                "client_message_id": "client-0001", "attachments": [{ "media_id": "med_1" }],
                "metadata": { "a": "b" } }),
        json!({ "email": "ann@pairly.test", "password": "Quiet-Harbour-21", "name": "Ann",
                "birthdate": "1990-01-01" }),
        json!({ "candidates": [{ "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0 }] }),
        json!({ "rtt_ms": 80, "jitter_ms": 4, "loss_percent": 0.5, "bitrate_kbps": 40 }),
        json!({ "kind": "message_media", "content_type": "image/jpeg", "size_bytes": 1_000 }),
        json!({ "conversation_id": "cnv_1", "state": "composing", "up_to_seq": 3 }),
        json!({ "name": "Phone", "type": "ios", "public_key": "AAAA" }),
        json!({ "receiver_id": "usr_1", "call_type": "audio", "client_call_id": "call-0001" }),
        json!([[[[[[[[[[[[[[[[1e308, -0.0, 18446744073709551615_u64]]]]]]]]]]]]]]]]),
    ];
    all.map(|body| body.to_string().into_bytes()).to_vec()
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn json_body(input: &[u8]) {
    let value = match parse(input) {
        Ok(value) => value,
        Err(error) => {
            let codes = ["MALFORMED_JSON", "PAYLOAD_TOO_LARGE"];
            assert!(codes.contains(&error.fault().code), "{error}");
            return;
        }
    };
    assert!(input.len() <= BODY_BYTES_MAX && depth(&value) <= DEPTH_MAX);
    let text = canonical(&value);
    let again = parse(text.as_bytes()).expect("the canonical form is JSON");
    assert_eq!(canonical(&again), text, "equal values read the same");
    for typed in TYPES.iter() {
        checked(typed, value.clone());
    }
}

fn checked(typed: &Typed, mut value: Value) {
    if let Err(error) = typed.checker.check(&mut value) {
        assert_eq!(error.fault().status, typed.status(&error), "{error}");
        let rows = error
            .details()
            .and_then(|details| details["fields"].as_array());
        assert!(rows.is_none_or(|rows| rows.len() <= ROWS_MAX));
        return;
    }
    if let Err(cause) = (typed.read)(value.clone()) {
        panic!(
            "{} accepts {value} and does not read it: {cause}",
            typed.name
        );
    }
    let mut again = value.clone();
    let second = typed.checker.check(&mut again);
    assert!(
        second.is_ok(),
        "{}: {value} is not accepted twice",
        typed.name
    );
    assert_eq!(again, value, "{}: cleaning is done once", typed.name);
}

impl Typed {
    /// What a refusal may be: wrong fields, or the fault that a schema names itself.
    fn status(&self, error: &shared::Error) -> u16 {
        match error.fault().status {
            status @ (400 | 413 | 415 | 422) => status,
            _ => 422,
        }
    }
}

static FORMS: LazyLock<Vec<Typed>> =
    LazyLock::new(|| vec![typed::<Callback>(), typed::<Start>(), typed::<Since>()]);

static QUERIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = [
        "state=abc&code=d%2Fe&user=%7B%22name%22%3A1%7D",
        "redirect_uri=pairly%3A%2F%2Fsigned-in&mode=login\
         &code_challenge=ccccccccccccccccccccccccccccccccccccccccccc",
        "sync_token=a+b&&x&=y&%f0%9f%98%80=%ff%0",
    ];
    all.map(|text| text.as_bytes().to_vec()).to_vec()
});

fn query(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let pairs = decode_query(&raw);
    let written = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape_uri(name), escape_uri(value)));
    let written = written.collect::<Vec<_>>().join("&");
    assert!(written.is_ascii() && !written.contains(char::is_whitespace));
    assert_eq!(decode_query(&written), pairs, "{raw}");
    for typed in FORMS.iter() {
        if let Ok(value) = typed.checker.query(&pairs) {
            let read = (typed.read)(value.clone());
            assert_eq!(read, Ok(()), "{}: {value}", typed.name);
        }
    }
    match parse_form(input) {
        Ok(Value::Object(members)) => {
            assert_eq!(members.len(), pairs.len());
            assert!(members.values().all(Value::is_string));
            checked(&FORMS[0], Value::Object(members));
        }
        Ok(other) => panic!("{other}"),
        Err(error) => assert!((400..500).contains(&error.fault().status)),
    }
}
