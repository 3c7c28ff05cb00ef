//! The routes of the client API as the derived description knows them.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::error::{INTERNAL_ERROR, Result};

/// `infra/openapi.yaml` as JSON; both are derived from the list of functions.
const DESCRIPTION: &str = include_str!("openapi.json");

/// An OpenAPI 3.1 document.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Description(pub Value);

fn parsed() -> &'static Value {
    static PARSED: OnceLock<Value> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(DESCRIPTION).unwrap_or(Value::Null))
}

/// The description of the client API.
///
/// # Errors
/// 500 when the derived file is not JSON.
pub fn description() -> Result<Description> {
    match parsed() {
        Value::Null => Err(INTERNAL_ERROR.because("openapi.json")),
        document => {
            let mut document = document.clone();
            if let Some(paths) = document["paths"].as_object_mut() {
                paths.retain(|path, _| !is_admin(path));
            }
            Ok(Description(document))
        }
    }
}

/// Whether a path is one of the admin API.
fn is_admin(path: &str) -> bool {
    path.starts_with("/api/admin/") || path.starts_with("/admin/")
}

/// The methods that the path supports, for `Allow`; `None` for an unknown path.
pub fn allowed(path: &str) -> Option<String> {
    let paths = parsed()["paths"].as_object()?;
    let (_, methods) = paths.iter().find(|(template, _)| matches(template, path))?;
    let methods = methods.as_object()?.keys();
    let known = methods.filter(|name| !name.starts_with("x-") && *name != "parameters");
    Some(
        known
            .map(|name| name.to_uppercase())
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) if want == have => {}
            (Some(want), Some(have)) if want.starts_with('{') && !have.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_matches_whole_segments() {
        assert!(matches(
            "/api/v2/messages/{message_id}",
            "/api/v2/messages/msg_1"
        ));
        assert!(!matches(
            "/api/v2/messages/{message_id}",
            "/api/v2/messages/"
        ));
        assert!(!matches(
            "/api/v2/messages/{message_id}",
            "/api/v2/messages/a/b"
        ));
    }
}
