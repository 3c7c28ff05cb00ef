//! Secrets that are made locally, kept where functions find theirs.

use serde_json::{Value, json};
use shared::error::UNAVAILABLE;
use shared::id::Random;
use shared::{Error, Result};

use super::SELF;
use crate::cloud::{Cloud, Request};

/// Name of the secret from which the administrators' keys are made.
const ADMIN_ROOT: &str = "pairly/local-admins";

/// The secret of the administrators' keys: read from the state, or made and kept there.
///
/// # Errors
/// When the state cannot be written.
pub(crate) async fn admin_root(cloud: &Cloud, random: &dyn Random) -> Result<String, String> {
    if let Ok(root) = read(cloud, ADMIN_ROOT).await {
        return Ok(root);
    }
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let root = shared::crypto::encode(&bytes);
    let stored = store(cloud, ADMIN_ROOT, &root).await;
    stored
        .map(|()| root)
        .map_err(|error| format!("The local state cannot be written: {error}"))
}

/// The current version of a secret.
///
/// # Errors
/// 503 when there is none.
pub(super) async fn read(cloud: &Cloud, name: &str) -> Result<String> {
    let answer = call(cloud, "GetSecretValue", json!({ "SecretId": name })).await?;
    let text = answer["SecretString"].as_str();
    text.map(str::to_owned)
        .ok_or_else(|| UNAVAILABLE.because("no text"))
}

/// Makes a secret, or a new version of it.
///
/// # Errors
/// 503 when the state cannot be written.
pub(super) async fn store(cloud: &Cloud, name: &str, text: &str) -> Result<()> {
    let new = json!({ "Name": name, "SecretString": text });
    if call(cloud, "CreateSecret", new).await.is_ok() {
        return Ok(());
    }
    let version = json!({ "SecretId": name, "SecretString": text });
    call(cloud, "PutSecretValue", version).await.map(drop)
}

/// Makes a secret without a value, as a stack does.
///
/// # Errors
/// 503 when it exists, or the state cannot be written.
#[cfg(test)]
pub(super) async fn name(cloud: &Cloud, name: &str) -> Result<()> {
    let new = json!({ "Name": name });
    call(cloud, "CreateSecret", new).await.map(drop)
}

async fn call(cloud: &Cloud, operation: &str, body: Value) -> Result<Value, Error> {
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
    let body = body.to_string().into_bytes();
    let request = Request {
        method: "POST".into(),
        uri: "/".into(),
        headers,
        body,
    };
    let answer = cloud.answer(SELF, request).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(body),
        _ => Err(UNAVAILABLE.because(&body["message"])),
    }
}
