//! `docs/asyncapi.yaml`: the frames of the WebSocket API as AsyncAPI 3.0.

use serde_json::{Map, Value, json};
use shared::function::{Function, Operation, Trigger};
use shared::http::wire::answer_type;
use shared::realtime::StateDue;

use super::openapi::{described_nothing, join};
use super::{derived, requests, summary, yaml};

/// Frames that the server sends on its own, telling a fact (spec realtime.md, *Catalogue*).
const FACTS: [&str; 25] = [
    "account.action",
    "badge",
    "call.accepted",
    "call.cancelled",
    "call.connected",
    "call.credit_warning",
    "call.ended",
    "call.incoming",
    "call.missed",
    "call.quality",
    "call.rejected",
    "call.ringing",
    "call.signal",
    "conversation.updated",
    "credits.changed",
    "credits.low",
    "device.changed",
    "message.deleted",
    "message.new",
    "message.status",
    "message.updated",
    "notification.new",
    "reconnect",
    "session.revoked",
    "typing",
];

/// A frame of a client: its id is its own choice, and its time is never judged.
fn wish(kind: &str, data: Value) -> Value {
    let mut frame = frame(kind, Value::Null);
    frame["payload"]["required"] = json!(["v", "id", "type"]);
    let id = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
    frame["payload"]["properties"] = json!({
        "v": { "const": 1 },
        "id": id,
        "type": { "const": kind },
        "ts": { "description": "epoch milliseconds; recorded and never judged" },
        "data": data,
    });
    frame
}

fn frame(kind: &str, data: Value) -> Value {
    json!({ "payload": {
        "type": "object",
        "required": ["v", "id", "type", "ts", "data"],
        "properties": {
            "v": { "const": 1 },
            "id": { "type": "string" },
            "type": { "const": kind },
            "ts": { "type": "integer", "description": "epoch milliseconds" },
            "seq": { "type": "integer" },
            "ref": { "type": "string" },
            "data": data,
        },
    } })
}

/// The client's frame and the frame that answers it.
fn exchange(kind: &str, operation: &Operation, messages: &mut Map<String, Value>) {
    let data = operation.body.clone().or_else(|| operation.query.clone());
    let mut data = data.map_or_else(any, |schema| schema.to_value());
    if let Some(path) = &operation.path {
        data = json!({ "x-with": path, "x-of": data });
    }
    messages.insert(format!("client.{kind}"), wish(kind, data));
    let answer = answer_type(kind);
    if let Some((_, _, Some(schema))) = operation.answers.first() {
        let name = format!("server.{answer}.{kind}");
        messages.insert(name, frame(answer, schema.clone().to_value()));
    }
}

/// What the server receives in a frame of this kind.
fn reception(kind: &str, function: &Function) -> Value {
    json!({
        "action": "receive",
        "channel": { "$ref": "#/channels/socket" },
        "summary": summary(function),
        "messages": [{ "$ref": format!("#/channels/socket/messages/client.{kind}") }],
    })
}

/// Why a frame is refused, with the code of the closing that follows if one does.
fn refusal() -> Value {
    let codes: Vec<_> = shared::error::ALL.iter().map(|fault| fault.code).collect();
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["code", "message", "trace_id", "timestamp"],
        "properties": {
            "code": { "type": "string", "enum": codes },
            "message": text,
            "trace_id": text,
            "timestamp": { "type": "string", "format": "date-time" },
            "details": { "type": "object" },
            "ref": text,
            "close_code": { "type": "integer", "minimum": 1000, "maximum": 4999 },
            "retry": { "type": "boolean" },
            "retry_after_ms": { "type": "integer", "minimum": 0 },
        },
        "additionalProperties": false,
    })
}

fn any() -> Value {
    json!({ "type": "object" })
}

/// What `data` of a client's frame may hold: the body or the query together with the parameters
/// of the path, and nothing else.
fn settle(frame: &mut Value, schemas: &Map<String, Value>) {
    let data = &mut frame["payload"]["properties"]["data"];
    let path = data["x-with"].take();
    let mut whole = match data.get_mut("x-of") {
        Some(of) => of.take(),
        None => data.take(),
    };
    let name = whole["$ref"].as_str().unwrap_or_default();
    let known = schemas.get(name.trim_start_matches("#/components/schemas/"));
    whole = known.cloned().unwrap_or(whole);
    for dialect in ["$schema", "components", "title"] {
        whole.as_object_mut().map(|it| it.remove(dialect));
    }
    for (name, schema) in path["properties"].as_object().into_iter().flatten() {
        whole["properties"][name] = schema.clone();
    }
    let mut required = whole["required"].as_array().cloned().unwrap_or_default();
    required.extend(path["required"].as_array().into_iter().flatten().cloned());
    requests::shut_all(&mut whole);
    if !required.is_empty() {
        whole["required"] = json!(required);
    }
    let demands = !required.is_empty() || whole.get("oneOf").is_some();
    if !demands {
        whole = json!({ "anyOf": [whole, { "type": "null" }] });
    }
    frame["payload"]["properties"]["data"] = whole;
    if demands {
        frame["payload"]["required"] = json!(["v", "id", "type", "data"]);
    }
}

/// The schemas that the frames refer to, without their dialect.
fn schemas(definitions: Map<String, Value>) -> Value {
    let mut schemas = definitions;
    for schema in schemas.values_mut().filter_map(Value::as_object_mut) {
        schema.remove("$schema");
    }
    Value::Object(schemas)
}

fn document() -> Value {
    let mut operation = described_nothing();
    let (mut messages, mut operations) = (Map::new(), Map::new());
    for function in local::functions() {
        for trigger in function.triggers {
            let Trigger::Frame(kind) = trigger else {
                continue;
            };
            operation = Operation {
                schemas: operation.schemas,
                answered: operation.answered,
                ..Operation::default()
            };
            (function.describe)(&mut operation);
            exchange(kind, &operation, &mut messages);
            operations.insert(function.name.to_owned(), reception(kind, function));
        }
    }
    for kind in FACTS {
        messages.insert(format!("server.{kind}"), frame(kind, any()));
    }
    // The same type as an answer tells the state, and unasked that it is due.
    let due = operation.answered.subschema_for::<StateDue>();
    messages.insert(
        "server.sync.state".into(),
        frame("sync.state", due.to_value()),
    );
    messages.insert("server.error".into(), frame("error", refusal()));
    let mut all = operation.schemas.take_definitions(true);
    all.values_mut().for_each(requests::choose);
    let wishes = messages.iter_mut();
    for (_, frame) in wishes.filter(|(name, _)| name.starts_with("client.")) {
        settle(frame, &all);
    }
    join(&mut all, operation.answered.take_definitions(true));
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Pairly sockets", "version": env!("CARGO_PKG_VERSION") },
        "channels": { "socket": { "address": "/", "messages": messages } },
        "operations": operations,
        "components": { "schemas": schemas(all) },
    })
}

#[test]
fn the_frames_are_what_the_code_says() {
    derived("docs/asyncapi.yaml", &yaml::document(&document()));
}
