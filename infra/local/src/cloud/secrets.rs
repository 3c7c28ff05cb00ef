//! Secrets Manager as the SDK speaks it, with the current and the previous version of a secret.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value, json};
use shared::time::Time;

use super::grants::{ACCOUNT, REGION};
use super::store::Store;
use super::wire::{Response, Service, parse};
use super::{Cloud, random_bytes, random_id};

const SERVICE: Service = Service::SecretsManager;
/// Secrets that local mode makes at the first start: 32 random bytes, base64url.
const MADE: &[&str] = &[
    "pairly/pepper",
    "pairly/lookup",
    "pairly/cursor",
    "pairly/turn",
];

/// What the identity providers know us by.
const OAUTH: &str = "pairly/oauth";

struct Version {
    id: String,
    stage: String,
    value: Value,
    created: Time,
}

type Sql<T> = rusqlite::Result<T>;

impl Store {
    /// Makes the secrets that do not exist yet.
    pub fn make_secrets(&mut self, now: Time) -> Sql<()> {
        for name in MADE {
            if self.current(name)?.is_none() {
                let text = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
                self.put_secret(name, &random_id(), &json!({ "SecretString": text }), now)?;
            }
        }
        if self.current(OAUTH)?.is_none() {
            let text = oauth_secret().to_string();
            self.put_secret(OAUTH, &random_id(), &json!({ "SecretString": text }), now)?;
        }
        Ok(())
    }

    fn versions(&self, name: &str) -> Sql<Vec<Version>> {
        let mut select = self.own.prepare_cached(
            "SELECT version, stage, value, created_at FROM _local_secrets
             WHERE name = ?1 ORDER BY created_at DESC",
        )?;
        let rows = select.query_map([name], version)?;
        rows.collect()
    }

    fn current(&self, name: &str) -> Sql<Option<Version>> {
        let mut select = self.own.prepare_cached(
            "SELECT version, stage, value, created_at FROM _local_secrets
             WHERE name = ?1 AND stage = 'AWSCURRENT'",
        )?;
        select.query_row([name], version).optional()
    }

    /// Makes a secret that has no value yet.
    fn name_secret(&self, name: &str, now: Time) -> Sql<()> {
        let mut insert = self.own.prepare_cached(
            "INSERT INTO _local_secrets (name, version, stage, value, created_at)
             VALUES (?1, '', '', '{}', ?2)",
        )?;
        insert.execute(params![name, now.ms()]).map(drop)
    }

    /// Stores a new current version; the one before stays readable as the previous one.
    fn put_secret(&mut self, name: &str, id: &str, value: &Value, now: Time) -> Sql<()> {
        let change = self.own.transaction()?;
        for (from, to) in [("AWSPREVIOUS", ""), ("AWSCURRENT", "AWSPREVIOUS")] {
            change
                .prepare_cached(
                    "UPDATE _local_secrets SET stage = ?3 WHERE name = ?1 AND stage = ?2",
                )?
                .execute(params![name, from, to])?;
        }
        change
            .prepare_cached(
                "INSERT OR REPLACE INTO _local_secrets (name, version, stage, value, created_at)
                 VALUES (?1, ?2, 'AWSCURRENT', ?3, ?4)",
            )?
            .execute(params![name, id, value.to_string(), now.ms()])?;
        change.commit()
    }
}

/// Shared secrets, and for Apple a key pair (PKCS #8, base64) as its developer pages give it.
fn oauth_secret() -> Value {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let apple = pair
        .map(|pair| STANDARD.encode(pair.as_ref()))
        .unwrap_or_default();
    let shared = || URL_SAFE_NO_PAD.encode(random_bytes::<32>());
    json!({ "google": shared(), "facebook": shared(), "apple": apple })
}

fn version(row: &Row<'_>) -> Sql<Version> {
    let value: String = row.get(2)?;
    Ok(Version {
        id: row.get(0)?,
        stage: row.get(1)?,
        value: serde_json::from_str(&value).unwrap_or_default(),
        created: Time(row.get(3)?),
    })
}

impl Cloud {
    /// The current text of a secret; empty without one.
    pub(super) fn secret_text(&self, name: &str) -> String {
        let current = self.store().current(name).ok().flatten();
        let text = current.and_then(|it| it.value["SecretString"].as_str().map(str::to_owned));
        text.unwrap_or_default()
    }

    /// Answers an operation by the second part of its target, such as `GetSecretValue`.
    pub(super) fn secrets(&self, function: &str, operation: &str, body: &[u8]) -> Response {
        self.try_secrets(function, operation, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_secrets(
        &self,
        function: &str,
        operation: &str,
        body: &[u8],
    ) -> Result<Response, Response> {
        let body = parse(SERVICE, body)?;
        let (action, call) = named(operation)?;
        let id = body["SecretId"]
            .as_str()
            .or(body["Name"].as_str())
            .unwrap_or_default();
        let name = id.rsplit(':').next().unwrap_or_default();
        let resource = format!("secret/{}", name.strip_prefix("pairly/").unwrap_or(name));
        self.0
            .grants
            .check(function, SERVICE, &[(action, resource.clone())])?;
        self.0
            .meter
            .add((function, call), &resource, None, (0.0, 0.0));
        let known = self
            .store()
            .versions(name)
            .map_err(|cause| failed(&cause))?;
        match operation {
            "CreateSecret" if known.is_empty() => {
                let some = !body["SecretString"].is_null() || !body["SecretBinary"].is_null();
                self.store_secret(name, &body, usize::from(some))
            }
            "CreateSecret" => {
                let message = format!("The secret {name} already exists.");
                Err(SERVICE.error(400, "ResourceExistsException", &message))
            }
            _ if known.is_empty() => Err(missing()),
            "PutSecretValue" => match same_token(name, &known, &body) {
                Some(answer) => answer,
                None => self.store_secret(name, &body, 1),
            },
            "GetSecretValue" => value(name, &known, &body),
            _ => Ok(described(name, &known)),
        }
    }

    /// Stores so many values as one version: one, or none where a secret is made without.
    fn store_secret(&self, name: &str, body: &Value, values: usize) -> Result<Response, Response> {
        let mut value = Map::new();
        for kind in ["SecretString", "SecretBinary"] {
            if !body[kind].is_null() {
                value.insert(kind.to_owned(), body[kind].clone());
            }
        }
        if name.is_empty() || value.len() != values {
            let message = "A secret has a name and one value.";
            return Err(SERVICE.error(400, "InvalidParameterException", message));
        }
        // The SDK sends a token of its own, so that its retries make one version.
        let id = body["ClientRequestToken"]
            .as_str()
            .map_or_else(random_id, str::to_owned);
        let now = self.0.clock.now();
        let stored = match values {
            0 => self.store().name_secret(name, now),
            _ => self.store().put_secret(name, &id, &value.into(), now),
        };
        stored.map_err(|cause| failed(&cause))?;
        Ok(SERVICE.ok(&json!({
            "ARN": arn(name), "Name": name, "VersionId": id, "VersionStages": ["AWSCURRENT"],
        })))
    }
}

/// A version with this token is there already: the same value changes nothing, another is refused.
fn same_token(name: &str, known: &[Version], body: &Value) -> Option<Result<Response, Response>> {
    let token = body["ClientRequestToken"].as_str()?;
    let version = known.iter().find(|version| version.id == token)?;
    let same = |kind: &&str| version.value[*kind] == body[*kind];
    if ["SecretString", "SecretBinary"].iter().all(same) {
        return Some(Ok(SERVICE.ok(&json!({
            "ARN": arn(name), "Name": name, "VersionId": token, "VersionStages": stages(version),
        }))));
    }
    let message = "A version with this token and another value exists already.";
    Some(Err(SERVICE.error(400, "ResourceExistsException", message)))
}

/// The IAM action and the name of an operation.
fn named(operation: &str) -> Result<(&'static str, &'static str), Response> {
    Ok(match operation {
        "GetSecretValue" => (
            "secretsmanager:GetSecretValue",
            "SecretsManager.GetSecretValue",
        ),
        "PutSecretValue" => (
            "secretsmanager:PutSecretValue",
            "SecretsManager.PutSecretValue",
        ),
        "CreateSecret" => ("secretsmanager:CreateSecret", "SecretsManager.CreateSecret"),
        "DescribeSecret" => (
            "secretsmanager:DescribeSecret",
            "SecretsManager.DescribeSecret",
        ),
        _ => return Err(SERVICE.unknown(operation)),
    })
}

fn value(name: &str, known: &[Version], body: &Value) -> Result<Response, Response> {
    let stage = body["VersionStage"].as_str().unwrap_or("AWSCURRENT");
    let wanted = |version: &&Version| match body["VersionId"].as_str() {
        Some(id) => version.id == id,
        None => version.stage == stage,
    };
    let version = known.iter().find(wanted).ok_or_else(missing)?;
    let mut answer = json!({
        "ARN": arn(name),
        "Name": name,
        "VersionId": version.id,
        "VersionStages": stages(version),
        "CreatedDate": seconds(version.created),
    });
    for kind in ["SecretString", "SecretBinary"] {
        if !version.value[kind].is_null() {
            answer[kind] = version.value[kind].clone();
        }
    }
    Ok(SERVICE.ok(&answer))
}

fn described(name: &str, known: &[Version]) -> Response {
    let staged = known.iter().filter(|version| !version.stage.is_empty());
    let stages: Map<_, _> = staged
        .map(|version| (version.id.clone(), stages(version)))
        .collect();
    let changed = known
        .iter()
        .map(|version| version.created)
        .max()
        .unwrap_or_default();
    SERVICE.ok(&json!({
        "ARN": arn(name),
        "Name": name,
        "LastChangedDate": seconds(changed),
        "VersionIdsToStages": stages,
    }))
}

fn stages(version: &Version) -> Value {
    match version.stage.as_str() {
        "" => json!([]),
        stage => json!([stage]),
    }
}

fn seconds(at: Time) -> Value {
    json!(at.ms() as f64 / 1_000.0)
}

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}")
}

fn missing() -> Response {
    let message = "Secrets Manager can't find the specified secret.";
    SERVICE.error(400, "ResourceNotFoundException", message)
}

fn failed(cause: &rusqlite::Error) -> Response {
    SERVICE.error(500, "InternalServiceError", &cause.to_string())
}
