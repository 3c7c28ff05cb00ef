//! Composed, wrong and hostile schemas and values.

use super::*;

#[derive(JsonSchema)]
struct Empty {}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Mixed {
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    stamp: Stamp,
    free: Option<BTreeMap<String, Value>>,
    any: Option<Value>,
    words: Option<OneOrMany>,
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
    Small(Inner),
    Nested(BTreeMap<String, OneOrMany>),
}

fn mixed(mut value: Value) -> Option<Value> {
    let error = Checker::of::<Mixed>().check(&mut value).err()?;
    error.details().map(|details| details["fields"].clone())
}

#[test]
fn objects_are_closed_also_when_they_are_composed() {
    assert!(
        Checker::of::<Empty>()
            .check(&mut json!({ "a": 1 }))
            .unwrap_err()
            .is(&UNKNOWN_FIELD)
    );
    assert!(Checker::of::<Empty>().check(&mut json!({})).is_ok());
    let good =
        json!({ "a": 1, "type": "red", "price": 2, "free": { "x": [{ "y": 1 }] }, "any": {} });
    assert_eq!(mixed(good), None);
    let rows = mixed(json!({ "a": 1, "type": "red", "price": 2, "x": 1 })).unwrap();
    assert_eq!(
        (&rows[0]["field"], &rows[0]["rule"]),
        (&json!("/x"), &json!("unknown"))
    );
    let rows = mixed(json!({ "type": "red", "price": 2 })).unwrap();
    assert_eq!(
        (&rows[0]["field"], &rows[0]["rule"]),
        (&json!("/a"), &json!("required"))
    );
}

#[test]
fn one_branch_must_accept() {
    for (words, good) in [
        (json!("a"), true),
        (json!(["a", "b"]), true),
        (json!({ "a": 1 }), true),
        (json!({ "b": { "c": ["d"] } }), true),
        (json!(1), false),
        (json!([1]), false),
        (json!({ "b": { "c": 1 } }), false),
    ] {
        let value = json!({ "a": 1, "type": "red", "price": 2, "words": words });
        assert_eq!(mixed(value.clone()).is_none(), good, "{value}");
    }
}

#[test]
fn the_schema_itself_can_be_wrong_and_opens_no_door() {
    let checker = Checker::from_schema(&json!({ "type": "string", "pattern": "(" }));
    assert!(checker.check(&mut json!("a")).is_err());
    let checker = Checker::from_schema(&json!({ "$ref": "#/$defs/None" }));
    assert!(checker.check(&mut json!("a")).is_err());
    let circle = json!({ "$defs": { "A": { "$ref": "#/$defs/A" } }, "$ref": "#/$defs/A" });
    let checker = Checker::from_schema(&circle);
    assert!(checker.check(&mut json!("a")).is_err());
}

#[test]
fn bytes_are_bounded_besides_characters() {
    let checker = Checker::from_schema(&json!({ "type": "string", "maxLength": 2 }));
    assert!(checker.check(&mut json!("👩👩")).is_ok());
    assert!(checker.check(&mut json!("👩\u{200D}👩")).is_err());
    let checker = Checker::from_schema(&json!({ "type": "string", "x-bytes-max": 3 }));
    assert!(checker.check(&mut json!("äa")).is_ok());
    assert!(checker.check(&mut json!("ää")).is_err());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the bound is about real time")]
fn hostile_values_are_checked_in_linear_time() {
    let nested = |inner: &str, levels| r#"{"b":"#.repeat(levels) + inner + &"}".repeat(levels);
    let wide = format!("[{}1]", "{\"a\":0},".repeat(25_000));
    for words in [nested("1", 15), nested(r#"{"c":1}"#, 13), wide] {
        let words = parse(words.as_bytes()).unwrap();
        let start = std::time::Instant::now();
        assert!(mixed(json!({ "a": 1, "type": "red", "price": 2, "words": words })).is_some());
        assert!(start.elapsed().as_secs() < 5);
    }
}
