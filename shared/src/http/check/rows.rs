//! The violations of one value and what they amount to.

use serde_json::{Value, json};

use crate::error::{Error, Fault, Result, UNKNOWN_FIELD, VALIDATION_FAILED};

/// Most violations that one answer lists.
pub const ROWS_MAX: usize = 100;
/// Most bytes of one key in a pointer, so that an answer stays small whatever was sent.
const KEY_BYTES_MAX: usize = 256;

/// Collected violations; the path is that of the place being checked.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Value>,
    path: Vec<String>,
    first_unknown: Option<String>,
    others: bool,
    count: usize,
    fault: Option<&'static Fault>,
}

impl Rows {
    /// Runs a check one level deeper.
    pub fn at(&mut self, key: &str, check: impl FnOnce(&mut Self)) {
        let end = key.floor_char_boundary(KEY_BYTES_MAX);
        let key = key.get(..end).unwrap_or("");
        self.path.push(key.replace('~', "~0").replace('/', "~1"));
        check(self);
        self.path.pop();
    }

    /// Notes a violation of the present place.
    pub fn add(&mut self, rule: &'static str, message: &str) {
        self.count += 1;
        if rule != "unknown" {
            self.others = true;
        } else if self.first_unknown.is_none() {
            self.first_unknown = Some(self.pointer());
        }
        if self.rows.len() < ROWS_MAX {
            let field = self.pointer();
            self.rows
                .push(json!({ "field": field, "rule": rule, "message": message }));
        }
    }

    /// Notes a violation that is answered with a fault of its own.
    pub fn fail(&mut self, fault: &'static Fault) {
        self.fault.get_or_insert(fault);
    }

    /// How many violations there are, listed or not.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.fault.is_none()
    }

    /// The fault of a field that has one.
    pub fn fault(&self) -> Option<&'static Fault> {
        self.fault
    }

    /// All violations as one error.
    pub fn into_result(self) -> Result<()> {
        if let Some(fault) = self.fault {
            return Err(fault.into());
        }
        match self.first_unknown {
            _ if self.rows.is_empty() => Ok(()),
            Some(field) if !self.others => {
                Err(UNKNOWN_FIELD.with(json!({ "field": field, "fields": self.rows })))
            }
            _ => Err(VALIDATION_FAILED.with(json!({ "fields": self.rows }))),
        }
    }

    /// RFC 6901.
    fn pointer(&self) -> String {
        self.path.iter().flat_map(|key| ["/", key]).collect()
    }
}

/// The refusal of one field by a rule that no schema can tell; `field` is a JSON Pointer
/// (RFC 6901).
pub fn invalid(field: &str, rule: &str, message: &str) -> Error {
    let row = json!({ "field": field, "rule": rule, "message": message });
    VALIDATION_FAILED.with(json!({ "fields": [row] }))
}
