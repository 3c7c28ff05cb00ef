//! `infra/openapi.yaml`: the HTTP contract as OpenAPI 3.1.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use shared::error::{self, Fault};
use shared::function::{Function, Operation, Trigger};

use super::{derived, summary, yaml};

/// Faults that every operation may answer (spec conventions.md §5).
fn common(function: &Function, operation: &Operation) -> Vec<Fault> {
    let mut faults = vec![error::UNSUPPORTED_API_VERSION];
    faults.extend([error::RATE_LIMITED, error::INTERNAL_ERROR]);
    faults.extend([error::UNAVAILABLE, error::TIMEOUT]);
    if function.member {
        faults.extend([
            error::UNAUTHENTICATED,
            error::TOKEN_INVALID,
            error::TOKEN_EXPIRED,
        ]);
        faults.extend([error::SESSION_REVOKED, error::USER_BANNED]);
    }
    if function.admin.is_some() {
        faults.extend([error::ADMIN_UNKNOWN, error::PERMISSION_DENIED]);
    }
    if operation.body.is_some() || operation.query.is_some() {
        faults.extend([error::UNKNOWN_FIELD, error::VALIDATION_FAILED]);
    }
    let writes =
        |trigger: &Trigger| matches!(trigger, Trigger::Http { method, .. } if *method != "GET");
    if function.triggers.iter().any(writes) {
        faults.extend([error::MALFORMED_JSON, error::PAYLOAD_TOO_LARGE]);
        faults.push(error::UNSUPPORTED_MEDIA_TYPE);
    }
    if operation.key && function.admin.is_some() {
        faults.push(error::IDEMPOTENCY_KEY_REQUIRED);
    }
    if operation.key {
        faults.extend([
            error::IDEMPOTENCY_KEY_INVALID,
            error::IDEMPOTENCY_IN_PROGRESS,
        ]);
        faults.push(error::IDEMPOTENCY_KEY_REUSED);
    }
    faults
}

fn responses(function: &Function, operation: &Operation) -> Value {
    let mut out = Map::new();
    for (status, text, schema) in &operation.answers {
        let mut answer = json!({ "description": text });
        if let Some(schema) = schema {
            answer["content"] = json!({ "application/json": { "schema": schema } });
        }
        out.insert(status.to_string(), answer);
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let own = function.faults.iter().map(|fault| **fault);
    for fault in common(function, operation).into_iter().chain(own) {
        let codes = by_status.entry(fault.status).or_default();
        if !codes.contains(&fault.code) {
            codes.push(fault.code);
        }
    }
    for (status, mut codes) in by_status {
        codes.sort_unstable();
        let schema = json!({ "$ref": "#/components/schemas/Refusal" });
        let refusal = json!({
            "description": codes.join(", "),
            "content": { "application/json": { "schema": schema } },
        });
        let known = out.entry(status.to_string()).or_insert(refusal);
        if known["description"] != json!(codes.join(", ")) {
            known["description"] = json!(format!(
                "{} Or: {}",
                known["description"].as_str().unwrap_or_default(),
                codes.join(", ")
            ));
        }
    }
    Value::Object(out)
}

fn parameters(function: &Function, path: &str, operation: &Operation) -> Vec<Value> {
    let mut list: Vec<Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    let query = operation
        .query
        .as_ref()
        .and_then(|schema| schema.get("properties"));
    let required = operation
        .query
        .as_ref()
        .and_then(|schema| schema.get("required"))
        .cloned();
    let required = required.unwrap_or(json!([]));
    for (name, schema) in query.and_then(Value::as_object).into_iter().flatten() {
        let must = required
            .as_array()
            .is_some_and(|names| names.contains(&json!(name)));
        list.push(json!({ "name": name, "in": "query", "required": must, "schema": schema }));
    }
    if operation.key {
        list.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "required": function.admin.is_some(),
            "schema": { "type": "string", "minLength": 8, "maxLength": 257 },
        }));
    }
    list
}

fn refusal() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message", "trace_id", "timestamp"],
            "properties": {
                "code": { "type": "string" },
                "message": { "type": "string" },
                "trace_id": { "type": "string" },
                "timestamp": { "type": "string", "format": "date-time" },
                "details": { "type": "object" },
            },
        } },
    })
}

fn closed(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("$schema");
            members.values_mut().for_each(closed);
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

/// Adds the function's routes to the paths.
fn add(
    paths: &mut BTreeMap<String, Map<String, Value>>,
    function: &Function,
    operation: &Operation,
) {
    let mut method = String::new();
    for trigger in function.triggers {
        let (path, alias) = match trigger {
            Trigger::Http { method: own, path } => {
                method = own.to_lowercase();
                (*path, false)
            }
            Trigger::Alias(path) => (*path, true),
            _ => continue,
        };
        let entry = entry(function, operation, path, alias);
        paths
            .entry(path.to_owned())
            .or_default()
            .insert(method.clone(), entry);
    }
}

/// The document of all operations of clients and admins.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut operation = Operation {
        schemas: settings.into_generator(),
        ..Operation::default()
    };
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for function in local::functions() {
        operation = Operation {
            schemas: operation.schemas,
            ..Operation::default()
        };
        (function.describe)(&mut operation);
        add(&mut paths, function, &operation);
    }
    let mut schemas = Value::Object(operation.schemas.take_definitions(true));
    schemas["Refusal"] = refusal();
    let bearer = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
    let sigv4 = json!({
        "type": "apiKey", "name": "Authorization", "in": "header",
        "description": "AWS Signature Version 4, service `execute-api`.",
        "x-amazon-apigateway-authtype": "awsSigv4",
    });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pairly",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Backend for dating and social-matching apps.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": bearer, "sigv4": sigv4 },
            "schemas": schemas,
        },
    });
    closed(&mut document);
    document
}

fn security(function: &Function) -> Value {
    match (function.admin, function.member) {
        (Some(_), _) => json!([{ "sigv4": [] }]),
        (None, true) => json!([{ "bearer": [] }]),
        (None, false) => json!([]),
    }
}

fn entry(function: &Function, operation: &Operation, path: &str, alias: bool) -> Value {
    let id = if alias {
        format!("{}_alias", function.name)
    } else {
        function.name.to_owned()
    };
    let mut entry = json!({
        "operationId": id,
        "tags": [function.domain],
        "summary": summary(function),
        "parameters": parameters(function, path, operation),
        "responses": responses(function, operation),
        "security": security(function),
        "x-rate-class": function.limit.class().name,
    });
    if let Some(admin) = function.admin {
        entry["x-permission"] = json!(admin.permission);
        entry["x-severity"] = json!(admin.severity);
        if let Some(second) = admin.second {
            entry["x-second-person"] = json!(second);
        }
    }
    if let (true, Some(query)) = (operation.form, &operation.query) {
        let content = json!({ "application/x-www-form-urlencoded": { "schema": query } });
        entry["requestBody"] = json!({ "required": false, "content": content });
    }
    if let Some(body) = &operation.body {
        let content = json!({ "application/json": { "schema": body } });
        entry["requestBody"] = json!({ "required": true, "content": content });
    }
    entry
}

#[test]
fn the_contract_is_what_the_code_says() {
    let document = document();
    derived("infra/openapi.yaml", &yaml::document(&document));
    derived(
        "shared/src/operations/openapi.json",
        &format!("{document}\n"),
    );
}

#[test]
fn no_two_types_share_a_schema_name() {
    // schemars numbers a second type of the same name; a number would reach the clients.
    let document = document();
    let names = document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys();
    let numbered: Vec<_> = names
        .filter(|name| name.ends_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert!(numbered.is_empty(), "rename the types behind {numbered:?}");
}
