//! Phones as SNS knows them: endpoints of platform applications, kept with the rest of the state.

use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::grants::{ACCOUNT, REGION};
use super::ses::OutboxItem;
use super::store::Store;
use super::wire::{Response, Service};
use super::{Cloud, random_id};

const SERVICE: Service = Service::Sns;
/// Platform applications that exist: one of each platform, all with this name.
const PLATFORMS: [&str; 3] = ["APNS", "APNS_VOIP", "GCM"];
/// Their name.
const APPLICATION: &str = "pairly";
/// Tokens that begin so are none: no endpoint is made for them.
const NO_TOKEN: &str = "bad-";
/// Tokens that begin so belong to phones without the app: their endpoint is switched off when
/// something is published to it.
const GONE: &str = "gone-";
/// Most bytes of a push.
const PUSH_BYTES_MAX: usize = 4_096;

/// ARN of the platform application of a platform.
pub fn platform_arn(platform: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:app/{platform}/{APPLICATION}")
}

/// An endpoint: its application's platform, its token, whether it is switched on.
struct Endpoint {
    platform: String,
    token: String,
    enabled: bool,
}

type Sql<T> = rusqlite::Result<T>;

impl Store {
    fn endpoint(&self, arn: &str) -> Sql<Option<Endpoint>> {
        let mut select = self.own.prepare_cached(
            "SELECT platform, token, enabled FROM _local_endpoints WHERE arn = ?1",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Endpoint {
                platform: row.get(0)?,
                token: row.get(1)?,
                enabled: row.get(2)?,
            })
        };
        select.query_row(params![arn], read).optional()
    }

    fn endpoint_of(&self, platform: &str, token: &str) -> Sql<Option<(String, bool)>> {
        let mut select = self.own.prepare_cached(
            "SELECT arn, enabled FROM _local_endpoints WHERE platform = ?1 AND token = ?2",
        )?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        select.query_row(params![platform, token], read).optional()
    }

    fn put_endpoint(&self, arn: &str, one: &Endpoint) -> Sql<()> {
        let mut put = self.own.prepare_cached(
            "INSERT OR REPLACE INTO _local_endpoints (arn, platform, token, enabled)
             VALUES (?1, ?2, ?3, ?4)",
        )?;
        put.execute(params![arn, one.platform, one.token, one.enabled])
            .map(drop)
    }

    fn drop_endpoint(&self, arn: &str) -> Sql<()> {
        let mut delete = self
            .own
            .prepare_cached("DELETE FROM _local_endpoints WHERE arn = ?1")?;
        delete.execute(params![arn]).map(drop)
    }

    /// ARN and token of every endpoint, switched on or off.
    pub fn endpoints(&self) -> Sql<Vec<(String, String)>> {
        let mut select = self
            .own
            .prepare_cached("SELECT arn, token FROM _local_endpoints ORDER BY arn")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}

fn failed(cause: &rusqlite::Error) -> Response {
    SERVICE.error(500, "InternalError", &cause.to_string())
}

fn invalid(parameter: &str, reason: &str) -> Response {
    let message = format!("Invalid parameter: {parameter} Reason: {reason}");
    SERVICE.error(400, "InvalidParameter", &message)
}

/// The platform of an application that exists.
fn platform_of(application: &str) -> Result<&'static str, Response> {
    let known = |platform: &&&str| platform_arn(platform) == application;
    let found = PLATFORMS.iter().find(known).copied();
    found.ok_or_else(|| SERVICE.error(404, "NotFound", "PlatformApplication does not exist"))
}

/// What a platform gets of a message in JSON.
fn content(platform: &str, message: &str) -> Result<Value, Response> {
    let wrong = |reason: &str| invalid("Message Structure", reason);
    let all: Map<String, Value> =
        serde_json::from_str(message).map_err(|_| wrong("JSON message body failed to parse"))?;
    let text = all.get(platform).and_then(Value::as_str);
    let text = text.ok_or_else(|| wrong("No message for the platform of the endpoint"))?;
    if text.len() > PUSH_BYTES_MAX {
        return Err(invalid("Message", "Message too long"));
    }
    serde_json::from_str(text).map_err(|_| wrong("The platform's message is no JSON"))
}

impl Cloud {
    /// ARN and token of every endpoint.
    pub fn endpoints(&self) -> Vec<(String, String)> {
        super::logged("endpoints", self.store().endpoints())
    }

    /// Whether a platform application exists.
    pub(super) fn application(application: &str) -> Result<String, Response> {
        platform_of(application).map(|_| {
            "<Attributes><entry><key>Enabled</key><value>true</value></entry></Attributes>".into()
        })
    }

    /// The endpoint of a token; one that was switched off is named in the refusal.
    pub(super) fn create_endpoint(
        &self,
        application: &str,
        token: &str,
    ) -> Result<String, Response> {
        let platform = platform_of(application)?;
        if token.is_empty() || token.starts_with(NO_TOKEN) {
            return Err(invalid("Token", "This is not a token of the platform"));
        }
        let store = self.store();
        let known = store.endpoint_of(platform, token);
        let arn = match known.map_err(|cause| failed(&cause))? {
            Some((arn, true)) => arn,
            Some((arn, false)) => {
                let reason = format!(
                    "Endpoint {arn} already exists with the same Token, but different attributes."
                );
                return Err(invalid("Token", &reason));
            }
            None => {
                let begin = platform_arn(platform).replacen(":app/", ":endpoint/", 1);
                let arn = format!("{begin}/{}", random_id());
                let one = Endpoint {
                    platform: platform.to_owned(),
                    token: token.to_owned(),
                    enabled: true,
                };
                let put = store.put_endpoint(&arn, &one);
                put.map_err(|cause| failed(&cause))?;
                arn
            }
        };
        Ok(format!("<EndpointArn>{arn}</EndpointArn>"))
    }

    /// Changes the token of an endpoint, and switches it on or off.
    pub(super) fn set_endpoint(&self, arn: &str, set: &[(String, String)]) -> Result<(), Response> {
        let store = self.store();
        let known = store.endpoint(arn).map_err(|cause| failed(&cause))?;
        let missing = || SERVICE.error(404, "NotFound", "Endpoint does not exist");
        let mut one = known.ok_or_else(missing)?;
        for (name, value) in set {
            match name.as_str() {
                "Enabled" => one.enabled = value == "true",
                "Token" => one.token.clone_from(value),
                _ => return Err(invalid("Attributes", "Unknown attribute")),
            }
        }
        let put = store.put_endpoint(arn, &one);
        put.map_err(|cause| failed(&cause))
    }

    /// Takes an endpoint back; one that does not exist is fine.
    pub(super) fn delete_endpoint(&self, arn: &str) -> Result<(), Response> {
        let gone = self.store().drop_endpoint(arn);
        gone.map_err(|cause| failed(&cause))
    }

    /// A push to an endpoint ends in the outbox.
    pub(super) fn push(
        &self,
        arn: &str,
        message: &str,
        attributes: &[(String, String)],
    ) -> Result<(), Response> {
        let known = self.store().endpoint(arn).map_err(|cause| failed(&cause))?;
        let missing = || {
            invalid(
                "TargetArn",
                "No endpoint found for the target arn specified",
            )
        };
        let mut one = known.ok_or_else(missing)?;
        if one.token.starts_with(GONE) && one.enabled {
            one.enabled = false;
            let put = self.store().put_endpoint(arn, &one);
            put.map_err(|cause| failed(&cause))?;
        }
        if !one.enabled {
            return Err(SERVICE.error(400, "EndpointDisabled", "Endpoint is disabled"));
        }
        let content = content(&one.platform, message)?;
        let attributes: Map<String, Value> = attributes
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        self.post(&OutboxItem {
            kind: "push".to_owned(),
            to: one.token,
            subject: None,
            text: None,
            html: None,
            payload: json!({
                "platform": one.platform,
                "target": arn,
                "message": content,
                "attributes": attributes,
            }),
            at: self.0.clock.now(),
        });
        Ok(())
    }
}
