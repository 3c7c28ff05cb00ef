//! DynamoDB: carries queries and commits out, owns the conflict loop, and turns every refusal
//! into one typed outcome.

mod read;
mod transaction;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::retry::RetryConfig;

use super::expression::attribute;
use crate::env::Env;
use crate::error::{Error, INTERNAL_ERROR, TIMEOUT, UNAVAILABLE};
use crate::id::Random;
use crate::table::{Key, Name, Refused, Row};

/// Tries of a write that meets another one in flight (spec operations.md, *Database*).
const CONFLICT_TRIES_MAX: u32 = 6;
/// Full jitter between tries: from this many milliseconds …
const JITTER_MS_MIN: u64 = 10;
/// … up to this many, doubling in between.
const JITTER_MS_MAX: u64 = 400;

/// All tables of the product; the role decides which of them may be used how.
#[derive(Clone)]
pub struct Tables(Arc<Inner>);

struct Inner {
    client: Client,
    once: OnceLock<Client>,
    names: HashMap<Name, String>,
    random: Arc<dyn Random>,
}

impl Inner {
    /// The client that tries once.
    fn once(&self) -> &Client {
        self.once.get_or_init(|| {
            let config = self.client.config().to_builder();
            Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
        })
    }
}

/// Why a commit did not happen.
#[derive(Debug)]
pub enum Missed {
    /// A condition did not hold; nothing was written.
    Refused(Refused),
    /// Anything else.
    Failed(Error),
}

impl From<Missed> for Error {
    #[track_caller]
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Refused(refused) => refused.into(),
            Missed::Failed(error) => error,
        }
    }
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

type Attributes = HashMap<String, AttributeValue>;

fn attributes(row: Row) -> Attributes {
    row.into_iter()
        .map(|(name, value)| (name, attribute(value)))
        .collect()
}

fn row(attributes: Attributes) -> Row {
    attributes
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}

fn key(key: &Key) -> Attributes {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// The error of a call that is no business refusal.
#[track_caller]
pub(super) fn failed<E: ProvideErrorMetadata + std::fmt::Debug, R>(
    error: &SdkError<E, R>,
) -> Error {
    let code = error.code().unwrap_or_default();
    let cause = format!(
        "{code} {}",
        aws_smithy_types::error::display::DisplayErrorContext(Brief(
            error.message().unwrap_or_else(|| kind(error)).to_owned()
        ))
    );
    match (error, code) {
        (SdkError::TimeoutError(_), _) => TIMEOUT.because(cause),
        (SdkError::DispatchFailure(_) | SdkError::ResponseError(_), _) => {
            UNAVAILABLE.because(cause)
        }
        (
            _,
            "ThrottlingException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "TransactionCanceledException"
            | "InternalServerError"
            | "InternalError"
            | "OperationAborted"
            | "ServiceUnavailable"
            | "SlowDown",
        ) => UNAVAILABLE.because(cause),
        _ => INTERNAL_ERROR.because(cause),
    }
}

fn kind<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "construction failure",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection failure",
        SdkError::ResponseError(_) => "unreadable response",
        _ => "service error",
    }
}

/// A message as an error, so that the SDK's display of error chains can be used.
#[derive(Debug)]
struct Brief(String);

impl std::fmt::Display for Brief {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Brief {}

impl Tables {
    /// The tables as this function sees them.
    pub fn of(env: &Env) -> Self {
        let made = env.part(|env| {
            let names = crate::table::SPECS
                .iter()
                .map(|spec| (spec.table, env.config().table(spec.table)))
                .collect();
            let client = Client::new(&super::shared_config(env));
            Self(Arc::new(Inner {
                client,
                once: OnceLock::new(),
                names,
                random: env.random(),
            }))
        });
        (*made).clone()
    }

    fn name(&self, table: Name) -> String {
        self.0.names.get(&table).cloned().unwrap_or_default()
    }

    /// Waits before a write is decided again, with full jitter, longer from round to round.
    pub async fn pause(&self, round: u32) {
        let top = (JITTER_MS_MIN << round.min(16)).clamp(JITTER_MS_MIN, JITTER_MS_MAX);
        let mut bytes = [0; 8];
        self.0.random.fill(&mut bytes);
        let wait = u64::from_le_bytes(bytes) % top + 1;
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}
