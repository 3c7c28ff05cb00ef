//! `docs/asyncapi.yaml`: the frames of the WebSocket API as AsyncAPI 3.0.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use shared::function::{Operation, Trigger};
use shared::http::wire::answer_type;

use super::{derived, summary, yaml};

/// Frames that the server sends on its own, telling a fact (spec realtime.md, *Catalogue*).
const FACTS: [&str; 8] = [
    "conversation.updated",
    "credits.changed",
    "credits.low",
    "message.deleted",
    "message.new",
    "message.status",
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
            let any = json!({ "type": "object" });
            let data = operation.body.clone().or_else(|| operation.query.clone());
            let data = data.map_or(any.clone(), |schema| schema.to_value());
            messages.insert(format!("client.{kind}"), frame(kind, data));
            let answer = answer_type(kind);
            if let Some((_, _, Some(schema))) = operation.answers.first() {
                let name = format!("server.{answer}.{kind}");
                messages.insert(name, frame(answer, schema.clone().to_value()));
            }
            let reference = json!({ "$ref": format!("#/channels/socket/messages/client.{kind}") });
            operations.insert(
                function.name.to_owned(),
                json!({
                    "action": "receive",
                    "channel": { "$ref": "#/channels/socket" },
                    "summary": summary(function),
                    "messages": [reference],
                }),
            );
        }
    }
    for kind in FACTS {
        messages.insert(
            format!("server.{kind}"),
            frame(kind, json!({ "type": "object" })),
        );
    }
    messages.insert(
        "server.error".into(),
        frame("error", json!({ "type": "object" })),
    );
    let mut schemas = Value::Object(operation.schemas.take_definitions(true));
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.values_mut().for_each(|schema| {
            schema
                .as_object_mut()
                .map(|schema| schema.remove("$schema"));
        });
    }
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Pairly sockets", "version": env!("CARGO_PKG_VERSION") },
        "channels": { "socket": { "address": "/", "messages": messages } },
        "operations": operations,
        "components": { "schemas": schemas },
    })
}

#[test]
fn the_frames_are_what_the_code_says() {
    derived("docs/asyncapi.yaml", &yaml::document(&document()));
}
