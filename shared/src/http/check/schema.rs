//! A type's derived schema (JSON Schema 2020-12) as rules that can be applied quickly.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::error::{ALL, Fault};

/// How often a schema may refer on to another at the same place.
const MERGES_MAX: usize = 32;

type Json = Map<String, Value>;

/// What one place of a value must be. Everything absent is allowed.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Name of the definition that holds the rules instead.
    pub target: Option<String>,
    /// Names of the allowed types; empty allows all.
    pub types: Vec<String>,
    /// The only allowed values.
    pub values: Option<Vec<Value>>,
    /// One of these must accept.
    pub branches: Vec<Rules>,
    pub object: Option<Object>,
    pub items: Option<Box<Rules>>,
    pub tuple: Vec<Rules>,
    pub sizes: Sizes,
    pub text: Text,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub above: Option<f64>,
    pub below: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Sizes {
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub max_bytes: Option<u64>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub max_members: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Text {
    pub kind: Option<String>,
    pub format: Option<String>,
    pub pattern: Option<Pattern>,
    pub fault: Option<&'static Fault>,
}

#[derive(Debug)]
pub(super) enum Pattern {
    Good(regex_lite::Regex),
    /// Refuses everything: a mistake in a schema must not open a door.
    Broken,
}

#[derive(Debug, Default)]
pub(super) struct Object {
    pub properties: BTreeMap<String, Rules>,
    pub required: BTreeSet<String>,
    /// Rules of members without a rule of their own; none refuses them.
    pub others: Option<Box<Rules>>,
    pub names: Option<Box<Rules>>,
}

/// The rules of a whole schema, its definitions by name.
pub(super) fn compile(schema: &Value) -> (Rules, BTreeMap<String, Rules>) {
    let names = schema.get("$defs").and_then(Value::as_object);
    let named = names.into_iter().flatten();
    let defs = named.map(|(name, rules)| (format!("#/$defs/{name}"), rules));
    let defs = defs.chain([("#".to_owned(), schema)]);
    (
        rules(schema, schema),
        defs.map(|(name, at)| (name, rules(schema, at))).collect(),
    )
}

fn rules(root: &Value, schema: &Value) -> Rules {
    let Value::Object(json) = schema else {
        let refuse_all = schema == &Value::Bool(false);
        return Rules {
            values: refuse_all.then(Vec::new),
            ..Rules::default()
        };
    };
    if let Some(target) = lone_reference(json) {
        return Rules {
            target: Some(target.to_owned()),
            ..Rules::default()
        };
    }
    let json = &merged(root, json, MERGES_MAX);
    let mut rules = Rules {
        types: types(json),
        values: values(json),
        object: object(root, json),
        items: json
            .get("items")
            .map(|items| Box::new(self::rules(root, items))),
        tuple: list(json, "prefixItems")
            .iter()
            .map(|item| self::rules(root, item))
            .collect(),
        sizes: sizes(json),
        text: text(json),
        ..Rules::default()
    };
    limits(json, &mut rules);
    rules.branches = branches(json)
        .iter()
        .map(|branch| self::rules(root, branch))
        .collect();
    rules
}

/// The reference of a schema that says nothing else that counts, but perhaps that null may stand
/// for it. Kept as a name, so that a type may contain itself.
fn lone_reference(json: &Json) -> Option<&str> {
    let notes = [
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "writeOnly",
        "$defs",
        "$schema",
    ];
    let mut words = json
        .iter()
        .filter(|(key, _)| !notes.contains(&key.as_str()));
    match (words.next()?, words.next()) {
        ((key, Value::String(name)), None) if key == "$ref" => Some(name),
        ((key, Value::Array(branches)), None) if key == "anyOf" || key == "oneOf" => {
            let mut branches = branches.iter().filter(|branch| !is_null(branch));
            let only = branches.next().filter(|_| branches.next().is_none());
            lone_reference(only?.as_object()?)
        }
        _ => None,
    }
}

/// One object out of `$ref`, `allOf` and what stands beside them, and out of the one branch that
/// remains when `null` is taken away.
fn merged(root: &Value, json: &Json, merges: usize) -> Json {
    let mut whole = json.clone();
    let mut parts = list(json, "allOf").to_vec();
    let reference = json.get("$ref").and_then(Value::as_str);
    // A reference to nothing refuses everything, as a circle does.
    parts.extend(reference.map(|name| resolve(root, name).cloned().unwrap_or_else(nothing)));
    for key in ["allOf", "$ref", "$defs"] {
        whole.remove(key);
    }
    for key in ["oneOf", "anyOf"] {
        let without_null: Vec<_> = list(&whole, key)
            .iter()
            .filter(|part| !is_null(part))
            .collect();
        if let [only] = without_null.as_slice() {
            parts.push((*only).clone());
            whole.remove(key);
        }
    }
    if merges == 0 {
        merge(
            &mut whole,
            nothing().as_object().cloned().unwrap_or_default(),
        );
        return whole;
    }
    for part in parts.iter().filter_map(Value::as_object) {
        merge(&mut whole, merged(root, part, merges - 1));
    }
    let base = Value::Object(without_branches(&whole));
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(branches)) = whole.get_mut(key) else {
            continue;
        };
        branches.retain(|branch| !is_null(branch));
        for branch in branches {
            let Some(part) = branch
                .as_object()
                .filter(|_| base.get("properties").is_some())
            else {
                continue;
            };
            let mut both = merged(root, part, merges - 1);
            merge(&mut both, base.as_object().cloned().unwrap_or_default());
            *branch = Value::Object(both);
        }
    }
    whole
}

fn without_branches(json: &Json) -> Json {
    let kept = json
        .iter()
        .filter(|(key, _)| *key != "oneOf" && *key != "anyOf");
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Adds a part; where both speak, the whole keeps its word, members and requirements add up.
fn merge(whole: &mut Json, part: Json) {
    for (key, value) in part {
        match (key.as_str(), whole.get_mut(&key), value) {
            ("properties", Some(Value::Object(mine)), Value::Object(theirs)) => {
                for (name, rules) in theirs {
                    mine.entry(name).or_insert(rules);
                }
            }
            ("required", Some(Value::Array(mine)), Value::Array(theirs)) => mine.extend(theirs),
            (_, Some(_), _) => {}
            (_, None, value) => {
                whole.insert(key, value);
            }
        }
    }
}

fn resolve<'a>(root: &'a Value, name: &str) -> Option<&'a Value> {
    root.pointer(name.strip_prefix('#')?)
}

/// The schema that no value satisfies.
fn nothing() -> Value {
    serde_json::json!({ "enum": [] })
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|name| name == "null")
}

fn list<'a>(json: &'a Json, key: &str) -> &'a [Value] {
    json.get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Several constants are one enum and no branches.
fn branches(json: &Json) -> Vec<Value> {
    let all: Vec<_> = list(json, "oneOf")
        .iter()
        .chain(list(json, "anyOf"))
        .cloned()
        .collect();
    if constants(&all).is_some() {
        Vec::new()
    } else {
        all
    }
}

fn constants(branches: &[Value]) -> Option<Vec<Value>> {
    let values = branches.iter().map(|branch| values(branch.as_object()?));
    let values: Option<Vec<_>> = values.collect();
    values
        .filter(|values| !values.is_empty())
        .map(|values| values.concat())
}

fn types(json: &Json) -> Vec<String> {
    let names = match json.get("type") {
        Some(Value::Array(names)) => names.as_slice(),
        Some(name) => std::slice::from_ref(name),
        None => &[],
    };
    let names = names
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| *name != "null");
    names.map(str::to_owned).collect()
}

fn values(json: &Json) -> Option<Vec<Value>> {
    if let Some(Value::Array(values)) = json.get("enum") {
        return Some(
            values
                .iter()
                .filter(|value| !value.is_null())
                .cloned()
                .collect(),
        );
    }
    let both: Vec<_> = list(json, "oneOf")
        .iter()
        .chain(list(json, "anyOf"))
        .cloned()
        .collect();
    json.get("const")
        .map(|value| vec![value.clone()])
        .or_else(|| constants(&both))
}

/// A closed object unless the schema speaks of other members.
fn object(root: &Value, json: &Json) -> Option<Object> {
    let has_type = types(json).iter().any(|name| name == "object");
    let has_branches = !branches(json).is_empty();
    if has_branches || !(has_type || json.contains_key("properties")) {
        return None;
    }
    let of = |schema: &Value| Box::new(rules(root, schema));
    let properties = json.get("properties").and_then(Value::as_object);
    let named = properties.into_iter().flatten();
    let required = list(json, "required").iter().filter_map(Value::as_str);
    let others = json
        .get("additionalProperties")
        .filter(|others| **others != Value::Bool(false));
    Some(Object {
        properties: named
            .map(|(name, at)| (name.clone(), rules(root, at)))
            .collect(),
        required: required.map(str::to_owned).collect(),
        others: others.map(of),
        names: json.get("propertyNames").map(of),
    })
}

fn sizes(json: &Json) -> Sizes {
    let size = |key: &str| json.get(key).and_then(Value::as_u64);
    Sizes {
        min_length: size("minLength"),
        max_length: size("maxLength"),
        max_bytes: size("x-bytes-max"),
        min_items: size("minItems"),
        max_items: size("maxItems"),
        max_members: size("maxProperties"),
    }
}

fn text(json: &Json) -> Text {
    let word = |key: &str| json.get(key).and_then(Value::as_str);
    let pattern = word("pattern")
        .map(|pattern| regex_lite::Regex::new(pattern).map_or(Pattern::Broken, Pattern::Good));
    Text {
        kind: word("x-text").map(str::to_owned),
        format: word("format").map(str::to_owned),
        pattern,
        fault: word("x-fault").and_then(|code| ALL.iter().copied().find(|f| f.code == code)),
    }
}

fn limits(json: &Json, rules: &mut Rules) {
    let number = |key: &str| json.get(key).and_then(Value::as_f64);
    // schemars leaves the range of the 32-bit types to their format.
    let (low, high) = match rules.text.format.as_deref() {
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        _ => (None, None),
    };
    rules.minimum = number("minimum").or(low);
    rules.maximum = number("maximum").or(high);
    rules.above = number("exclusiveMinimum");
    rules.below = number("exclusiveMaximum");
}
