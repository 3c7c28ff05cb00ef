//! Health: each dependency is asked in parallel, for at most two seconds.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::dynamo::Tables;
use crate::aws::mail::Mailer;
use crate::aws::push::Push;
use crate::aws::queue::{Mails, Queue};
use crate::aws::secret;
use crate::aws::sms::Sms;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::function::{Grant, Take};
use crate::http::Call;
use crate::http::limit::Activity;
use crate::time::Time;

/// Longest wait for one dependency.
const CHECK_MS: u64 = 2_000;

/// How one dependency is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Check {
    /// `healthy`, `unhealthy` or `not_configured`.
    pub status: &'static str,
    /// How long it took.
    pub latency_ms: i64,
    /// Short category, never a cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// Whether requests need it.
    #[serde(skip)]
    required: bool,
}

/// How the product is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    /// By dependency.
    pub checks: BTreeMap<&'static str, Check>,
    /// Instant of the report.
    pub timestamp: Time,
    /// Release, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'static str>,
}

impl Report {
    /// The report of some checks.
    pub fn of(
        checks: BTreeMap<&'static str, Check>,
        timestamp: Time,
        version: Option<&'static str>,
    ) -> Self {
        let bad = checks
            .values()
            .any(|check| check.required && check.status == "unhealthy");
        let status = if bad { "not_ready" } else { "ready" };
        Self {
            status,
            checks,
            timestamp,
            version,
        }
    }

    /// 200, or 503 when a required dependency is unhealthy.
    pub fn http_status(&self) -> u16 {
        if self.status == "ready" { 200 } else { 503 }
    }
}

/// The capability to ask what every request needs.
#[derive(Debug, Clone)]
pub struct Probes(Env);

/// The capability to ask what some features need.
#[derive(Debug, Clone)]
pub struct FeatureProbes(Env);

impl Take<Call> for Probes {
    const GRANTS: &'static [&'static [Grant]] = &[&[
        Grant {
            actions: &["dynamodb:GetItem"],
            resource: "table/live",
        },
        Grant {
            actions: &["sqs:GetQueueAttributes"],
            resource: "queue/mail",
        },
        Grant {
            actions: &["secretsmanager:GetSecretValue"],
            resource: "secret/cursor",
        },
    ]];

    async fn take(env: &Env, _: &mut Call) -> Result<Self> {
        Ok(Self(env.clone()))
    }
}

impl Take<Call> for FeatureProbes {
    const GRANTS: &'static [&'static [Grant]] = &[&[
        Grant {
            actions: &["ses:GetAccount"],
            resource: "mail",
        },
        Grant {
            actions: &["sns:GetSMSAttributes"],
            resource: "sms",
        },
        Grant {
            actions: &["sns:GetPlatformApplicationAttributes"],
            resource: "push",
        },
    ]];

    async fn take(env: &Env, _: &mut Call) -> Result<Self> {
        Ok(Self(env.clone()))
    }
}

impl Probes {
    /// Database, queues and secrets: without them nothing works.
    pub async fn required(&self) -> BTreeMap<&'static str, Check> {
        let env = &self.0;
        let database = async {
            let key = Activity::key_of("health");
            Tables::of(env).get::<Activity>(&key).await.map(|_| ())
        };
        let queues = async { Queue::<Mails>::of(env).probe().await };
        let secrets = async { secret::read::<secret::Cursor>(env).await.map(|_| ()) };
        let (database, queues, secrets) = tokio::join!(
            ask(env, true, database),
            ask(env, true, queues),
            ask(env, true, secrets)
        );
        BTreeMap::from([
            ("database", database),
            ("queues", queues),
            ("secrets", secrets),
        ])
    }
}

impl FeatureProbes {
    /// What some features need; what this release does not use says `not_configured`.
    pub async fn all(&self) -> BTreeMap<&'static str, Check> {
        let (email, sms, push) = tokio::join!(
            ask(&self.0, false, async { Mailer::of(&self.0).probe().await }),
            ask(&self.0, false, async { Sms::of(&self.0).probe().await }),
            self.push()
        );
        let healthy = Check {
            status: "healthy",
            latency_ms: 0,
            error: None,
            required: false,
        };
        let absent = Check {
            status: "not_configured",
            ..healthy.clone()
        };
        let mut checks = BTreeMap::from([("email", email), ("sms", sms)]);
        checks.insert("push", push.unwrap_or_else(|| absent.clone()));
        for name in ["payments", "storage", "transcoding"] {
            checks.insert(name, absent.clone());
        }
        for name in ["memory", "scratch_space", "websocket"] {
            checks.insert(name, healthy.clone());
        }
        checks
    }

    /// Pushes, if a way to phones is switched on.
    async fn push(&self) -> Option<Check> {
        let push = Push::of(&self.0);
        Some(ask(&self.0, false, push.probe()?).await)
    }
}

/// How one dependency is.
async fn ask(env: &Env, required: bool, probe: impl Future<Output = Result<()>>) -> Check {
    let clock = env.clock();
    let started = clock.now();
    let limit = Duration::from_millis(CHECK_MS);
    let error = match tokio::time::timeout(limit, probe).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(category(&error)),
        Err(_) => Some("timeout"),
    };
    let status = if error.is_none() {
        "healthy"
    } else {
        "unhealthy"
    };
    Check {
        status,
        latency_ms: clock.now().since(started),
        error,
        required,
    }
}

fn category(error: &Error) -> &'static str {
    match error.fault().code {
        "TIMEOUT" => "timeout",
        "UNAVAILABLE" => "unreachable",
        _ => "refused",
    }
}
