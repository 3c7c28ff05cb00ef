//! What `infra/openapi.yaml` promises is exact: nothing that the code refuses is allowed there, and
//! nothing is answered that does not stand there.

use serde_json::{Value, json};

use super::openapi::document;

/// Every operation: method, path, description.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            found.push((format!("{method} {path}"), operation));
        }
    }
    found
}

fn parameter<'a>(operation: &'a Value, name: &str) -> Option<&'a Value> {
    let all = operation["parameters"].as_array().expect("a list");
    all.iter().find(|one| one["name"] == name)
}

/// The codes of a status, wherever its description stands.
fn codes(document: &Value, operation: &Value, status: &str) -> Vec<Value> {
    let mut answer = &operation["responses"][status];
    if let Some(reference) = answer["$ref"].as_str() {
        answer = document.pointer(&reference[1..]).expect("shared");
    }
    let schema = &answer["content"]["application/problem+json"]["schema"];
    let codes = schema["properties"]["code"]["enum"].as_array();
    codes.cloned().unwrap_or_default()
}

fn names(document: &Value, path: &str, method: &str, status: &str, code: &str) -> bool {
    let operation = &document["paths"][path][method];
    codes(document, operation, status).contains(&json!(code))
}

#[test]
fn a_page_has_no_limit_below_one() {
    let document = document();
    for (name, operation) in operations(&document) {
        for wish in ["limit", "page"] {
            let schema = parameter(operation, wish).map(|it| &it["schema"]);
            assert!(schema.is_none_or(|it| it["minimum"] == 1), "{name}: {wish}");
        }
    }
}

#[test]
fn a_parameter_is_given_or_not_but_never_null() {
    let document = document();
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().expect("a list") {
            assert!(!parameter["schema"].to_string().contains("null"), "{name}");
        }
    }
}

#[test]
fn a_body_takes_no_field_that_it_does_not_name() {
    let document = document();
    for (name, operation) in operations(&document) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let reference = schema["$ref"]
            .as_str()
            .or(schema["anyOf"][0]["$ref"].as_str());
        let Some(reference) = reference else {
            continue;
        };
        let schema = document.pointer(&reference[1..]).expect("a schema");
        let is_object = schema["type"] == "object";
        assert!(
            !is_object || schema["additionalProperties"] == false,
            "{name}"
        );
    }
}

#[test]
fn a_body_without_demands_may_be_left_out() {
    let document = document();
    let required = |path: &str| &document["paths"][path]["post"]["requestBody"]["required"];
    assert_eq!(required("/api/v2/auth/logout"), false);
    assert_eq!(required("/api/v2/ws/tickets"), false);
    assert_eq!(required("/api/v2/messages/send"), true);
    assert_eq!(required("/api/v2/auth/verify-email"), true);
}

#[test]
fn either_of_two_ways_is_told_by_the_schema() {
    let document = document();
    for name in ["Evidence", "Presence", "ReadWish", "SocialExchange"] {
        let ways = &document["components"]["schemas"][name]["oneOf"];
        assert_eq!(ways.as_array().map(Vec::len), Some(2), "{name}");
    }
}

#[test]
fn a_key_is_required_of_posts_of_admins_only() {
    let document = document();
    for (name, operation) in operations(&document) {
        let Some(key) = parameter(operation, "Idempotency-Key") else {
            continue;
        };
        let is_admin = operation["security"] == json!([{ "sigv4": [] }]);
        let posts = name.starts_with("post ");
        assert_eq!(key["required"], is_admin && posts, "{name}");
    }
}

#[test]
fn every_refusal_names_its_codes() {
    let document = document();
    for (name, operation) in operations(&document) {
        let answers = operation["responses"].as_object().expect("answers");
        for status in answers.keys().filter(|it| it.starts_with(['4', '5'])) {
            // A function never sees what is too long for the gateway.
            let gateway = status == "431" || status == "413" && name.starts_with("get ");
            let named = !codes(&document, operation, status).is_empty();
            assert!(named || gateway, "{name}: {status}");
        }
    }
    let named = |path, status, code| names(&document, path, "post", status, code);
    let send = "/api/v2/messages/send";
    assert!(named(send, "400", "IDEMPOTENCY_KEY_REQUIRED"));
    let start = "/api/v2/auth/oauth/{provider}/start";
    assert!(names(&document, start, "get", "401", "TOKEN_INVALID"));
}

#[test]
fn a_reason_to_reject_a_call_is_no_error_envelope() {
    // Both were named `Refusal`, and the one took the place of the other.
    let document = document();
    let schemas = &document["components"]["schemas"];
    let reason = schemas["Rejection"]["properties"]["reason"]["$ref"].as_str();
    let reason = document.pointer(&reason.expect("a reference")[1..]);
    let reason = reason.expect("a schema").to_string();
    assert!(
        reason.contains("busy") && !reason.contains("trace_id"),
        "{reason}"
    );
}

#[test]
fn what_is_left_out_of_answers_is_not_required_there() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let required = |schema: &str| schemas[schema]["required"].to_string();
    assert!(!required("Counts").contains("capped"));
    assert!(!required("AuditView").contains("before"));
    assert!(required("AuditView").contains("audit_id"));
}

#[test]
fn the_page_behind_a_link_is_html() {
    let document = document();
    for status in ["200", "410"] {
        let answer = &document["paths"]["/verify-email"]["get"]["responses"][status];
        assert!(answer["content"]["text/html"].is_object(), "{status}");
    }
}

#[test]
fn a_limit_of_bytes_bounds_the_characters_too_and_an_adjustment_is_not_nothing() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let password = &schemas["Credentials"]["properties"]["password"];
    assert_eq!(password["maxLength"], password["x-bytes-max"]);
    assert!(password["maxLength"].is_number());
    assert_eq!(
        schemas["Adjustment"]["properties"]["amount"]["not"],
        json!({ "const": 0 })
    );
}
