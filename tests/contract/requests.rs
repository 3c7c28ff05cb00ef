//! What requests may hold, for `infra/openapi.yaml`: parameters and bodies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::function::{Function, Operation};

/// An `Idempotency-Key` (spec conventions.md §8), bare or in double quotes.
const KEY: &str = r#"^([A-Za-z0-9._:-]{8,255}|"[A-Za-z0-9._:-]{8,255}")$"#;

/// The parameters of a path, its query and its headers.
pub fn parameters(
    function: &Function,
    operation: &Operation,
    (method, path): (&str, &str),
) -> Vec<Value> {
    let names = path.split('/');
    let names = names.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let own = |name: &str| {
        operation
            .path
            .as_ref()?
            .get("properties")?
            .get(name)
            .cloned()
    };
    let parameter = |name: &str| {
        let mut schema = own(name).unwrap_or(json!({ "type": "string" }));
        if schema["pattern"].is_null() {
            // An empty segment would be another route.
            schema["minLength"] = json!(1);
        }
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    let mut list: Vec<Value> = names.map(parameter).collect();
    if !(operation.form && method == "post") {
        list.extend(query(operation));
    }
    if operation.key {
        list.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "required": function.admin.is_some() && method == "post",
            "schema": { "type": "string", "pattern": KEY },
        }));
    }
    if operation.answers.iter().any(|(status, ..)| *status == 304) {
        list.push(json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "schema": { "type": "string" },
        }));
    }
    list
}

fn query(operation: &Operation) -> Vec<Value> {
    let Some(schema) = &operation.query else {
        return Vec::new();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.cloned().unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    let parameter = |(name, schema): (&String, &Value)| {
        let must = required.contains(&json!(name));
        json!({ "name": name, "in": "query", "required": must, "schema": present(schema) })
    };
    properties.into_iter().flatten().map(parameter).collect()
}

/// The schema without null: a parameter is given, or it is not.
fn present(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(branches)) = members.get_mut("anyOf") {
        branches.retain(|branch| branch["type"] != "null");
        if let [only] = branches.as_slice() {
            let only = only.as_object().cloned().unwrap_or_default();
            members.remove("anyOf");
            members.extend(only);
        }
    }
    // It says that no answer repeats the parameter, which goes without saying here.
    members.remove("writeOnly");
    schema
}

/// The body, if the method has one.
pub fn body(operation: &Operation, method: &str) -> Option<Value> {
    if let (true, "post", Some(query)) = (operation.form, method, &operation.query) {
        let mut form = query.clone().to_value();
        if let Some(members) = form.as_object_mut() {
            // A schema of its own brings along all that any other refers to.
            members.remove("components");
            // Whatever else stands in a form is a text, too.
            members.insert("additionalProperties".into(), json!({ "type": "string" }));
        }
        let content = json!({ "application/x-www-form-urlencoded": { "schema": form } });
        return Some(json!({ "required": false, "content": content }));
    }
    let body = operation.body.as_ref()?;
    let content = json!({ "application/json": { "schema": body } });
    Some(json!({ "required": true, "content": content }))
}

/// Makes the schemas of bodies as strict as the checks, and the bodies no stricter than that.
pub fn finish(paths: &mut BTreeMap<String, Map<String, Value>>, schemas: &mut Map<String, Value>) {
    close(paths, schemas);
    schemas.values_mut().for_each(choose);
    for entry in paths.values_mut().flat_map(Map::values_mut) {
        let Some(body) = entry.get_mut("requestBody") else {
            continue;
        };
        let schema = &body["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().unwrap_or_default();
        let Some(rules) = schemas.get(name.trim_start_matches("#/components/schemas/")) else {
            continue;
        };
        // No body, and null, are read like an object without members.
        let demands = |word: &str| rules[word].as_array().is_some_and(|all| !all.is_empty());
        if !demands("required") && !demands("oneOf") && !demands("anyOf") {
            let either = json!({ "anyOf": [schema, { "type": "null" }] });
            body["content"]["application/json"]["schema"] = either;
            body["required"] = json!(false);
        }
    }
}

/// Spells out `x-either`: lists of members, one of which has to be given and the others not; a
/// member with a question mark may be given.
pub fn choose(schema: &mut Value) {
    let Some(Value::Array(ways)) = schema.as_object_mut().and_then(|it| it.remove("x-either"))
    else {
        return;
    };
    let names = |way: &Value| -> Vec<String> {
        let names = way.as_array().into_iter().flatten();
        names
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    };
    let all: BTreeSet<String> = ways.iter().flat_map(names).collect();
    let branch = |way: &Value| {
        let given = names(way);
        let must: Vec<_> = given.iter().filter(|name| !name.ends_with('?')).collect();
        let rule = |name: &String| match (given.contains(name), must.contains(&name)) {
            (_, true) => Some((name.clone(), json!({ "not": { "type": "null" } }))),
            (true, false) => None,
            (false, _) => Some((bare(name), json!({ "type": "null" }))),
        };
        let rules: Map<String, Value> = all.iter().filter_map(rule).collect();
        json!({ "required": must, "properties": rules })
    };
    schema["oneOf"] = ways.iter().map(branch).collect();
}

fn bare(name: &str) -> String {
    name.trim_end_matches('?').to_owned()
}

/// Says of all that stands in bodies that a field which it does not name is refused.
fn close(paths: &BTreeMap<String, Map<String, Value>>, schemas: &mut Map<String, Value>) {
    let mut found = BTreeSet::new();
    let entries = paths.values().flat_map(Map::values);
    for entry in entries {
        names(&entry["requestBody"], &mut found);
    }
    let mut open: Vec<String> = found.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let mut further = BTreeSet::new();
        if let Some(schema) = schemas.get_mut(&name) {
            shut_all(schema);
            names(schema, &mut further);
        }
        open.extend(
            further
                .into_iter()
                .filter(|name| found.insert(name.clone())),
        );
    }
}

/// The names of the schemas that a value refers to.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|name| name.strip_prefix("#/components/schemas/"));
            found.extend(name.map(str::to_owned));
            members.values().for_each(|member| names(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// Says of every object that it takes no members but those that it names.
pub fn shut_all(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(shut_all);
            shut(members);
            bound(members);
        }
        Value::Array(items) => items.iter_mut().for_each(shut_all),
        _ => {}
    }
}

/// A text has no more characters than bytes, and bytes are what a schema cannot tell.
fn bound(schema: &mut Map<String, Value>) {
    if let (Some(max), None) = (schema.get("x-bytes-max").cloned(), schema.get("maxLength")) {
        schema.insert("maxLength".into(), max);
    }
}

/// An object that says nothing of other members takes none.
fn shut(schema: &mut Map<String, Value>) {
    if schema.get("type").is_some_and(|kind| kind == "object")
        && !["oneOf", "anyOf", "allOf", "$ref", "additionalProperties"]
            .iter()
            .any(|word| schema.contains_key(*word))
    {
        schema.insert("additionalProperties".into(), json!(false));
    }
}
