//! Conditions as data.

use super::Value;

/// What must hold of an item at the instant of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The item does not exist.
    Absent,
    /// The item exists.
    Present,
    /// The attribute does not exist.
    Missing(&'static str),
    /// The attribute equals the value.
    Is(&'static str, Value),
    /// The attribute is no set of byte strings that holds these bytes.
    Lacks(&'static str, Vec<u8>),
    /// The attribute is at least the value.
    AtLeast(&'static str, Value),
    /// The attribute is below the value.
    Below(&'static str, Value),
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
}

impl Condition {
    /// The number attribute equals `number`.
    pub fn number(attribute: &'static str, number: i64) -> Self {
        Self::Is(attribute, Value::N(number.to_string()))
    }

    /// The string attribute equals `text`.
    pub fn text(attribute: &'static str, text: &str) -> Self {
        Self::Is(attribute, Value::S(text.to_owned()))
    }

    /// The item is absent, or its `expires` (epoch seconds) has passed; TTL deletes late.
    pub fn absent_or_expired(now_seconds: i64) -> Self {
        Self::Any(vec![
            Self::Absent,
            Self::Below(super::TTL_ATTRIBUTE, Value::N(now_seconds.to_string())),
        ])
    }
}
