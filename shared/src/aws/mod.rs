//! AWS as capabilities, one file each; the only place that names `aws_sdk_*`.

pub mod cipher;
pub mod dynamo;
mod expression;
pub mod functions;
pub mod mail;
mod named;
pub mod objects;
pub mod outside;
pub mod presigned;
pub mod push;
pub mod queue;
pub mod secret;
pub mod sms;
pub mod sockets;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::environment;
use crate::env::Env;
use crate::error::Cause;
use crate::time::Clock;

/// Time to open a connection (spec operations.md, *Database*).
const CONNECT_MS: u64 = 1_000;
/// Time for one call with its retries, below every function's own limit.
const CALL_MS: u64 = 5_000;
/// Tries of one call by the SDK for throttles and lost connections.
const TRIES_MAX: u32 = 3;

/// It names the field of a request that is missing, and no value.
impl Cause for aws_smithy_types::error::operation::BuildError {
    fn told(&self) -> String {
        self.to_string()
    }
}

/// It says how a connection ended.
impl Cause for aws_smithy_types::byte_stream::error::Error {
    fn told(&self) -> String {
        self.to_string()
    }
}

/// A call of AWS on its way. It is boxed by a function of this crate, so that the SDK's part of it
/// is compiled here, once, and not again into each binary that makes the call.
pub(crate) type Way<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The clock as the SDK's time source, so that signatures follow the one clock.
#[derive(Debug)]
struct SdkTime(Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.now().ms().max(0).cast_unsigned())
    }
}

/// The credentials of this instance, which live as long as it does.
#[derive(Clone)]
pub struct Keys {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token of a role.
    pub token: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(***)")
    }
}

impl Keys {
    /// The credentials from the environment; without any, those of the local cloud.
    pub fn read() -> Self {
        let var = |name: &str| environment(name).unwrap_or_else(|| "local".to_owned());
        Self {
            id: var("AWS_ACCESS_KEY_ID"),
            secret: var("AWS_SECRET_ACCESS_KEY"),
            token: environment("AWS_SESSION_TOKEN"),
        }
    }
}

/// The SDK's configuration from the host alone: no profile files, no metadata service.
fn sdk_config(env: &Env) -> SdkConfig {
    let config = env.config();
    let keys = env.keys().clone();
    let credentials = Credentials::new(keys.id, keys.secret, keys.token, None, "environment");
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_MS))
        .operation_timeout(Duration::from_millis(CALL_MS))
        .build();
    let mut builder = SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
        )
        .http_client(env.http())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SdkTime(env.clock())))
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
        .timeout_config(timeouts);
    if let Some(endpoint) = &config.endpoint {
        builder = builder.endpoint_url(endpoint.clone());
    }
    // In the user agent, for traces in the cloud and for the roles of the local one.
    builder.set_app_name(AppName::new(env.function()).ok());
    builder.build()
}

/// The kept configuration of this instance.
struct Shared(SdkConfig);

fn shared_config(env: &Env) -> SdkConfig {
    env.part(|env| Shared(sdk_config(env))).0.clone()
}
