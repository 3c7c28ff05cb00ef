mod composed;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::*;
use crate::error::{MALFORMED_JSON, MESSAGE_TOO_LARGE, PAYLOAD_TOO_LARGE};
use crate::error::{UNKNOWN_FIELD, VALIDATION_FAILED};
use crate::time::Time;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Letter {
    /// To whom.
    #[schemars(length(min = 1, max = 10), extend("x-text" = "name"))]
    to: String,
    #[schemars(length(min = 1, max = 5), extend("x-text" = "plain"))]
    #[schemars(extend("x-fault" = "MESSAGE_TOO_LARGE"))]
    content: Option<String>,
    #[schemars(regex(pattern = r"^[a-z]+$"))]
    code: Option<String>,
    #[schemars(length(max = 3))]
    raw: Option<String>,
    #[schemars(range(min = 1, max = 9))]
    count: Option<i64>,
    small: Option<i32>,
    urgent: Option<bool>,
    kind: Option<Kind>,
    at: Option<Time>,
    stamp: Option<Stamp>,
    #[schemars(length(max = 2))]
    inner: Option<Vec<Inner>>,
    #[schemars(extend("maxProperties" = 2, "propertyNames" = { "maxLength": 3 }))]
    map: Option<BTreeMap<String, i64>>,
    next: Option<Box<Letter>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Kind {
    /// Documented, and so a constant of its own.
    Short,
    Long,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Inner {
    a: i64,
}

#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Stamp {
    Red { price: i64 },
    Blue(Inner),
}

fn rows(mut value: Value) -> Vec<(String, String)> {
    match Checker::of::<Letter>().check(&mut value) {
        Ok(()) => Vec::new(),
        Err(error) => error.details().unwrap()["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (
                    row["field"].as_str().unwrap().into(),
                    row["rule"].as_str().unwrap().into(),
                )
            })
            .collect(),
    }
}

#[track_caller]
fn assert_row(member: &str, value: Value, field: &str, rule: &str) {
    assert_eq!(
        rows(json!({ "to": "Ann", member: value })),
        [(field.into(), rule.into())]
    );
}

#[track_caller]
fn assert_good(member: &str, value: Value) {
    assert_eq!(rows(json!({ "to": "Ann", member: value })), []);
}

#[test]
fn json_is_read_strictly() {
    let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
    assert!(parse(deep(16).as_bytes()).is_ok());
    for bad in [
        "",
        "{",
        "nope",
        "1 2",
        r#"{"a":1,"a":1}"#,
        r#"[{"b":{"a":1,"\u0061":2}}]"#,
        &deep(17),
        &deep(100_000),
        r#""\ud800""#,
    ] {
        assert!(parse(bad.as_bytes()).unwrap_err().is(&MALFORMED_JSON));
    }
    assert!(parse(b"\"\xff\"").unwrap_err().is(&MALFORMED_JSON));
    assert!(
        parse(&[b' '; BODY_BYTES_MAX + 1])
            .unwrap_err()
            .is(&PAYLOAD_TOO_LARGE)
    );
    assert_eq!(
        parse(br#"{"a":[1,-2,1.5,"x",null,true]}"#).unwrap(),
        json!({"a":[1,-2,1.5,"x",null,true]})
    );
}

#[test]
fn every_rule_has_its_row() {
    assert_eq!(rows(json!([])), [(String::new(), "type".into())]);
    assert_eq!(
        rows(json!({ "to": null })),
        [("/to".into(), "required".into())]
    );
    assert_row("count", json!(0), "/count", "range");
    assert_row("count", json!(u64::MAX), "/count", "range");
    assert_row("count", json!(1.5), "/count", "type");
    assert_row("count", json!("1"), "/count", "type");
    assert_row("small", json!(i64::MAX), "/small", "range");
    assert_row("urgent", json!(1), "/urgent", "type");
    assert_row("code", json!("A"), "/code", "pattern");
    assert_row("raw", json!("abcd"), "/raw", "length");
    assert_row("kind", json!("wide"), "/kind", "enum");
    assert_row("at", json!("2026-01-31 09:00:00Z"), "/at", "pattern");
    assert_row("at", json!("2026-02-31T09:00:00Z"), "/at", "pattern");
    assert_row("inner", json!([{ "a": 1 }, null]), "/inner/1", "type");
    assert_row("inner", json!([{}, { "a": 1 }]), "/inner/0/a", "required");
    assert_row(
        "inner",
        json!([{ "a": 1 }, { "a": 1 }, { "a": 1 }]),
        "/inner",
        "length",
    );
    assert_row("map", json!({ "a": 1, "b": 2, "c": 3 }), "/map", "length");
    assert_row("map", json!({ "abcd": 1 }), "/map/abcd", "length");
    assert_row("map", json!({ "a/~": "x" }), "/map/a~1~0", "type");
    assert_row(
        "next",
        json!({ "to": "B", "next": { "to": 1 } }),
        "/next/next/to",
        "type",
    );
    assert_row("content", json!("<b></b>"), "/content", "length");
    assert_row("to", json!("a\u{202E}b"), "/to", "pattern");
}

#[test]
fn good_values_pass() {
    assert_good("kind", json!("short"));
    assert_good("at", json!("2026-01-31T09:00:00.000+01:00"));
    assert_good("stamp", json!({ "type": "red", "price": 1 }));
    assert_good("stamp", json!({ "type": "blue", "a": 1 }));
    assert_good("map", json!({ "a": 1 }));
    assert_good("raw", json!("äöü"));
    assert_good("count", Value::Null);
}

#[test]
fn tagged_variants_tell_their_own_violations() {
    assert_row(
        "stamp",
        json!({ "type": "red", "price": "x" }),
        "/stamp/price",
        "type",
    );
    assert_row("stamp", json!({ "type": "blue" }), "/stamp/a", "required");
    assert_row("stamp", json!({ "type": "green" }), "/stamp", "type");
    assert_row(
        "stamp",
        json!({ "type": "red", "price": 1, "x": 1 }),
        "/stamp/x",
        "unknown",
    );
}

#[test]
fn all_violations_come_together() {
    let mut value = json!({ "count": 0, "nope": 1, "code": 5 });
    let error = Checker::of::<Letter>().check(&mut value).unwrap_err();
    assert!(error.is(&VALIDATION_FAILED));
    assert_eq!(
        error.details().unwrap()["fields"].as_array().unwrap().len(),
        4
    );
    let mut value = json!({ "to": "Ann", "nope": 1, "next": { "to": "B", "x": 1 } });
    let error = Checker::of::<Letter>().check(&mut value).unwrap_err();
    assert!(error.is(&UNKNOWN_FIELD));
    assert_eq!(error.details().unwrap()["field"], "/next/x");
    assert_eq!(
        error.details().unwrap()["fields"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_text_is_cleaned_and_a_raw_string_kept() {
    let mut value =
        json!({ "to": " A\nB", "content": "<b>e\u{301}</b>", "raw": "e\u{301}", "count": 2.0 });
    Checker::of::<Letter>().check(&mut value).unwrap();
    assert_eq!(
        value,
        json!({ "to": "A B", "content": "é", "raw": "e\u{301}", "count": 2 })
    );
}

#[test]
fn a_field_can_have_its_own_fault() {
    let mut value = json!({ "content": "too long", "nope": 1 });
    let error = Checker::of::<Letter>().check(&mut value).unwrap_err();
    assert!(error.is(&MESSAGE_TOO_LARGE));
}

#[test]
fn the_rows_are_bounded_and_the_code_is_not_fooled() {
    let mut value: Value = (0..500).map(|n| (format!("a{n:03}"), json!(1))).collect();
    let error = Checker::of::<Letter>()
        .check(&mut value.clone())
        .unwrap_err();
    assert_eq!(
        error.details().unwrap()["fields"].as_array().unwrap().len(),
        ROWS_MAX
    );
    value["to"] = json!(5);
    let error = Checker::of::<Letter>().check(&mut value).unwrap_err();
    assert!(error.is(&VALIDATION_FAILED));
}

#[test]
fn queries_are_typed_by_the_schema() {
    let checker = Checker::of::<Letter>();
    let value = checker
        .query(&decode_query(
            "to=A+%42&count=3&urgent=true&kind=long&code=",
        ))
        .map(drop);
    assert!(value.unwrap_err().is(&VALIDATION_FAILED));
    let value = checker
        .query(&decode_query("to=A+%42&count=3&urgent=true&kind=long"))
        .unwrap();
    assert_eq!(
        value,
        json!({ "to": "A B", "count": 3, "urgent": true, "kind": "long" })
    );
    for bad in ["to=a&count=x", "to=a&to=b", "to=a&count=", "to=a&urgent=1"] {
        assert!(
            checker
                .query(&decode_query(bad))
                .unwrap_err()
                .is(&VALIDATION_FAILED),
            "{bad}"
        );
    }
    assert!(
        checker
            .query(&decode_query("to=a&x=1"))
            .unwrap_err()
            .is(&UNKNOWN_FIELD)
    );
}

#[test]
fn queries_are_decoded_leniently() {
    let pairs = decode_query("a=1&&b&c=%e4%&d=x%3Dy=z&%61=%2B+%zz");
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("a", "1"),
            ("b", ""),
            ("c", "\u{FFFD}%"),
            ("d", "x=y=z"),
            ("a", "+ %zz")
        ]
    );
}

#[test]
fn the_canonical_form_is_sorted_and_dense() {
    let value = parse(br#" { "b" : [ 1 , { "z":null, "a":"\n" } ], "a": 1.5 } "#).unwrap();
    assert_eq!(
        canonical(&value),
        r#"{"a":1.5,"b":[1,{"a":"\n","z":null}]}"#
    );
}
