//! What an admin did, as the audit log tells it.

use serde_json::{Map, Value, json};

use crate::error::{REASON_REQUIRED, Result};
use crate::text::graphemes;

/// Fields that the log never shows.
pub const PRIVATE: &[&str] = &[
    "address",
    "birthdate",
    "body",
    "content",
    "email",
    "ip",
    "latitude",
    "longitude",
    "name",
    "phone",
    "preview",
    "text",
    "user_agent",
];
/// What stands in their place.
const MASK: &str = "***";

/// The reason that an admin gave, of at least so many characters.
///
/// # Errors
/// 422 `REASON_REQUIRED`.
pub fn reason(given: Option<&str>, chars_min: usize) -> Result<String> {
    let given = crate::text::plain(given.unwrap_or_default());
    let given = given.trim().to_owned();
    match graphemes(&given) >= chars_min {
        true => Ok(given),
        false => Err(REASON_REQUIRED.into()),
    }
}

/// What an admin did, to what, and why.
#[derive(Clone, Debug)]
pub struct Act {
    pub(super) target: Option<(String, String)>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) reason: Option<String>,
    pub(super) metadata: Value,
    pub(super) approval_id: Option<String>,
}

impl Act {
    /// Something that is about nothing in particular, such as a list.
    pub fn general() -> Self {
        Self {
            target: None,
            before: None,
            after: None,
            reason: None,
            metadata: json!({}),
            approval_id: None,
        }
    }

    /// Something about one object: its kind, such as `user`, and its id.
    pub fn on(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            target: Some((kind.into(), id.into())),
            ..Self::general()
        }
    }

    /// What changed: of two objects only the fields that differ are kept, private ones masked.
    #[must_use]
    pub fn changed(mut self, before: Value, after: Value) -> Self {
        let (mut before, mut after) = (members(before), members(after));
        let same: Vec<String> = before
            .iter()
            .filter(|(name, value)| after.get(*name) == Some(*value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in same {
            before.remove(&name);
            after.remove(&name);
        }
        self.before = Some(masked(Value::Object(before)));
        self.after = Some(masked(Value::Object(after)));
        self
    }

    /// Why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// One more thing worth knowing, such as a filter of a list; private ones are masked.
    #[must_use]
    pub fn noting(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut noted = masked(json!({ name: value.into() }));
        self.metadata[name] = noted[name].take();
        self
    }

    /// Everything that an object says, private values masked; what is null is left out.
    #[must_use]
    pub fn noting_all(self, values: &Value) -> Self {
        let members = values.as_object().into_iter().flatten();
        let given = members.filter(|(_, value)| !value.is_null());
        given.fold(self, |act, (name, value)| act.noting(name, value.clone()))
    }

    /// Belongs to an approval.
    #[must_use]
    pub(super) fn under(mut self, approval_id: &str) -> Self {
        self.approval_id = Some(approval_id.to_owned());
        self
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mask = |(name, value): (String, Value)| {
                let value = match PRIVATE.contains(&name.as_str()) && !value.is_null() {
                    true => json!(MASK),
                    false => masked(value),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(mask).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told_and_nothing_private() {
        let before = json!({ "status": "active", "email": "a@b", "name": "Ann", "seq": 1 });
        let after = json!({ "status": "banned", "email": "c@d", "name": "Ann", "until": null });
        let act = Act::on("user", "usr_1").changed(before, after);
        let expected = json!({ "status": "active", "email": "***", "seq": 1 });
        assert_eq!(act.before, Some(expected));
        let expected = json!({ "status": "banned", "email": "***", "until": null });
        assert_eq!(act.after, Some(expected));
        let noted = Act::general().noting("filters", json!([{ "phone": "+1", "kind": "user" }]));
        let expected = json!({ "filters": [{ "phone": "***", "kind": "user" }] });
        assert_eq!(noted.metadata, expected);
    }
}
