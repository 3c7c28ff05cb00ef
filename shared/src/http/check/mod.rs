//! The one way from bytes to a checked value: JSON is read once, checked against the schema
//! derived from its type and only then deserialised, so that no handler sees an unchecked field.

mod parse;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::error::Result;
use rows::Rows;
use schema::Rules;
use walk::Walk;

pub use parse::{BODY_BYTES_MAX, DEPTH_MAX, canonical, decode_query, parse, parse_form};
pub use rows::{ROWS_MAX, invalid};

/// Checks values against the schema of one type (JSON Schema 2020-12).
#[derive(Debug)]
pub struct Checker {
    root: Rules,
    defs: BTreeMap<String, Rules>,
}

impl Checker {
    /// The checker of a type's schema for reading. Make it once and keep it.
    pub fn of<T: JsonSchema>() -> Self {
        let generator = SchemaSettings::draft2020_12()
            .for_deserialize()
            .into_generator();
        Self::from_schema(&generator.into_root_schema_for::<T>().to_value())
    }

    /// The checker of a schema that is given as a value.
    pub fn from_schema(schema: &Value) -> Self {
        let (root, defs) = schema::compile(schema);
        Self { root, defs }
    }

    /// Cleans and checks: members that are null are removed, texts normalised. All violations
    /// come together as 422 `VALIDATION_FAILED`, or `UNKNOWN_FIELD` when nothing else is wrong.
    pub fn check(&self, value: &mut Value) -> Result<()> {
        let mut rows = Rows::default();
        self.walk(value, &mut rows);
        rows.into_result()
    }

    /// The object of a query's parameters, typed by the schema and checked like a body; a
    /// repeated parameter violates `type`.
    pub fn query(&self, pairs: &[(String, String)]) -> Result<Value> {
        let mut rows = Rows::default();
        let mut object = Map::new();
        let mut repeated = BTreeSet::new();
        for (name, text) in pairs {
            if object.contains_key(name) {
                repeated.insert(name.as_str());
                continue;
            }
            object.insert(name.clone(), self.typed(name, text));
        }
        for name in repeated {
            rows.at(name, |rows| {
                rows.add("type", "Give this parameter only once.")
            });
        }
        let mut value = Value::Object(object);
        self.walk(&mut value, &mut rows);
        rows.into_result().map(|()| value)
    }

    fn walk(&self, value: &mut Value, rows: &mut Rows) {
        walk::remove_nulls(value);
        Walk::new(&self.defs).check(&self.root, value, rows);
    }

    /// A parameter in the type of its property; as text where it does not read as that.
    fn typed(&self, name: &str, text: &str) -> Value {
        let root = walk::target(&self.defs, &self.root);
        let rules = root
            .object
            .as_ref()
            .and_then(|object| object.properties.get(name));
        let types = rules.map(|rules| walk::target(&self.defs, rules).types.as_slice());
        let read = |kind: &String| match kind.as_str() {
            "integer" => text.parse::<i64>().ok().map(Value::from),
            "number" => text
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .map(Value::from),
            "boolean" => text.parse::<bool>().ok().map(Value::from),
            _ => None,
        };
        types
            .unwrap_or(&[])
            .iter()
            .find_map(read)
            .unwrap_or_else(|| Value::from(text))
    }
}
