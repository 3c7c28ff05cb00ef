//! `docs/asyncapi.yaml`: the frames of the WebSocket API as AsyncAPI 3.0.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use shared::function::{Function, Operation, Trigger};
use shared::http::wire::answer_type;

use super::{derived, summary, yaml};

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
    let data = data.map_or_else(any, |schema| schema.to_value());
    messages.insert(format!("client.{kind}"), frame(kind, data));
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

fn any() -> Value {
    json!({ "type": "object" })
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
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut operation = Operation {
        schemas: settings.into_generator(),
        ..Operation::default()
    };
    let (mut messages, mut operations) = (Map::new(), Map::new());
    for function in local::functions() {
        for trigger in function.triggers {
            let Trigger::Frame(kind) = trigger else {
                continue;
            };
            operation = Operation {
                schemas: operation.schemas,
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
    messages.insert("server.error".into(), frame("error", any()));
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Pairly sockets", "version": env!("CARGO_PKG_VERSION") },
        "channels": { "socket": { "address": "/", "messages": messages } },
        "operations": operations,
        "components": { "schemas": schemas(operation.schemas.take_definitions(true)) },
    })
}

#[test]
fn the_frames_are_what_the_code_says() {
    derived("docs/asyncapi.yaml", &yaml::document(&document()));
}
