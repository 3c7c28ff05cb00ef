//! `infra/openapi.yaml`: the HTTP contract as OpenAPI 3.1.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use shared::function::{Function, Operation, Trigger};

use super::{derived, requests, responses, summary, yaml};

fn without_dialect(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("$schema");
            members.values_mut().for_each(without_dialect);
        }
        Value::Array(items) => items.iter_mut().for_each(without_dialect),
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
        let entry = entry(function, operation, (&method, path), alias);
        paths
            .entry(path.to_owned())
            .or_default()
            .insert(method.clone(), entry);
    }
}

/// An operation that has not been described yet, with names as documents refer to them.
pub fn described_nothing() -> Operation {
    let mut read = SchemaSettings::draft2020_12();
    read.definitions_path = "/components/schemas".into();
    Operation {
        answered: read.clone().for_serialize().into_generator(),
        schemas: read.into_generator(),
        ..Operation::default()
    }
}

/// Adds what is answered to what is read: under one name, both have to be the same.
pub fn join(schemas: &mut Map<String, Value>, answered: Map<String, Value>) {
    for (name, schema) in answered {
        match schemas.get(&name) {
            Some(read) => assert_eq!(*read, schema, "read and answered, {name} differs"),
            None => schemas.extend([(name, schema)]),
        }
    }
}

/// The document of all operations of clients and admins.
pub fn document() -> Value {
    let mut operation = described_nothing();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for function in local::functions() {
        operation = Operation {
            schemas: operation.schemas,
            answered: operation.answered,
            ..Operation::default()
        };
        (function.describe)(&mut operation);
        add(&mut paths, function, &operation);
    }
    let mut schemas = operation.schemas.take_definitions(true);
    requests::finish(&mut paths, &mut schemas);
    let shared = responses::share(&mut paths);
    for (name, schema) in responses::schemas() {
        let taken = schemas.insert(name, schema);
        assert!(taken.is_none(), "rename the type of this schema: {taken:?}");
    }
    join(&mut schemas, operation.answered.take_definitions(true));
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
            "headers": responses::headers(),
            "responses": shared,
            "schemas": schemas,
        },
    });
    without_dialect(&mut document);
    document
}

fn security(function: &Function, operation: &Operation) -> Value {
    match (function.admin, function.member) {
        (None, false) if operation.visitor => json!([{}, { "bearer": [] }]),
        (Some(_), _) => json!([{ "sigv4": [] }]),
        (None, true) => json!([{ "bearer": [] }]),
        (None, false) => json!([]),
    }
}

fn entry(
    function: &Function,
    operation: &Operation,
    (method, path): (&str, &str),
    alias: bool,
) -> Value {
    let id = if alias {
        format!("{}_alias", function.name)
    } else {
        function.name.to_owned()
    };
    let mut entry = json!({
        "operationId": id,
        "tags": [function.domain],
        "summary": summary(function),
        "parameters": requests::parameters(function, operation, (method, path)),
        "responses": responses::all(function, operation),
        "security": security(function, operation),
        "x-rate-class": function.limit.class().name,
    });
    if let Some(admin) = function.admin {
        entry["x-permission"] = json!(admin.permission);
        entry["x-severity"] = json!(admin.severity);
        if let Some(second) = admin.second {
            entry["x-second-person"] = json!(second);
        }
    }
    if let Some(body) = requests::body(operation, method) {
        entry["requestBody"] = body;
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
