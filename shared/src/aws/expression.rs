//! Renders conditions, changes and ranges as DynamoDB expressions, with placeholders only.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::table::{Change, Condition, Query, Range, Value};

/// Placeholders collected while expressions are rendered.
#[derive(Default)]
pub(super) struct Names {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

/// A value as the SDK takes it.
pub(super) fn attribute(value: Value) -> AttributeValue {
    value.into()
}

impl Names {
    /// The names, or nothing when none was needed.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    /// The values, or nothing when none was needed.
    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    fn path(&mut self, path: &str) -> String {
        let parts: Vec<_> = path.split('.').map(|part| self.name(part)).collect();
        parts.join(".")
    }

    fn name(&mut self, name: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, known)| *known == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), attribute(value));
        placeholder
    }

    /// A condition expression.
    pub(super) fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Absent => format!("attribute_not_exists({})", self.name("pk")),
            Condition::Present => format!("attribute_exists({})", self.name("pk")),
            Condition::Missing(attribute) => {
                format!("attribute_not_exists({})", self.path(attribute))
            }
            Condition::Lacks(attribute, bytes) => {
                let name = self.path(attribute);
                let value = self.value(Value::B(bytes.clone()));
                format!("NOT contains({name}, {value})")
            }
            Condition::Is(attribute, value) => self.compare(attribute, "=", value),
            Condition::AtLeast(attribute, value) => self.compare(attribute, ">=", value),
            Condition::Below(attribute, value) => self.compare(attribute, "<", value),
            Condition::All(all) => self.joined(all, " AND "),
            Condition::Any(any) => self.joined(any, " OR "),
        }
    }

    fn compare(&mut self, attribute: &str, operator: &str, value: &Value) -> String {
        let name = self.path(attribute);
        let value = self.value(value.clone());
        format!("{name} {operator} {value}")
    }

    fn joined(&mut self, parts: &[Condition], by: &str) -> String {
        let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(by))
    }

    /// An update expression.
    pub(super) fn changes(&mut self, changes: &[Change]) -> String {
        let (mut sets, mut removes, mut adds) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Set(path, value) => {
                    let name = self.path(path);
                    sets.push(format!("{name} = {}", self.value(value.clone())));
                }
                Change::Remove(path) => removes.push(self.path(path)),
                Change::Include(path, bytes) => {
                    let name = self.path(path);
                    let value = self.value(Value::Bs(vec![bytes.clone()]));
                    adds.push(format!("{name} {value}"));
                }
                Change::Add(path, number) => {
                    let name = self.path(path);
                    let value = self.value(Value::N(number.to_string()));
                    adds.push(format!("{name} {value}"));
                }
            }
        }
        let clause = |word: &str, parts: Vec<String>| {
            (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")))
        };
        let clauses = [
            clause("SET", sets),
            clause("REMOVE", removes),
            clause("ADD", adds),
        ];
        clauses.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// A key condition expression.
    pub(super) fn keys(&mut self, query: &Query) -> String {
        let (pk, sk) = query
            .index
            .map_or(("pk", "sk"), |index| (index.pk, index.sk));
        let partition = self.compare(pk, "=", &Value::S(query.pk.clone()));
        let range = match &query.range {
            Range::All => return partition,
            Range::Prefix(text) => {
                let name = self.name(sk);
                format!(
                    "begins_with({name}, {})",
                    self.value(Value::S(text.clone()))
                )
            }
            Range::Between(from, to) => {
                let (name, from) = (self.name(sk), self.value(from.clone()));
                format!("{name} BETWEEN {from} AND {}", self.value(to.clone()))
            }
            Range::After(value) => self.compare(sk, ">", value),
            Range::Before(value) => self.compare(sk, "<", value),
        };
        format!("{partition} AND {range}")
    }
}
