//! Lambda: the capability to have a function carry out what a second person approved.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use super::dynamo::failed;
use crate::aws::Way;
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::function::{Grant, Take};

/// Time for one invocation, below the gateway's limit for the caller.
const INVOKE_MS: u64 = 25_000;

struct Lambda(Client);

/// The capability to invoke the functions whose effects may need a second person; in the role
/// `function/two_person` stands for all of those.
#[derive(Clone)]
pub struct Functions {
    lambda: Arc<Lambda>,
    prefix: String,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Functions")
    }
}

impl Functions {
    /// The functions as this one sees them.
    pub fn of(env: &Env) -> Self {
        let lambda = env.part(|env| {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(1))
                .operation_timeout(Duration::from_millis(INVOKE_MS))
                .build();
            // Whoever asked tries again, under the same key.
            let builder = Builder::from(&super::shared_config(env))
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts);
            Lambda(Client::from_conf(builder.build()))
        });
        Self {
            lambda,
            prefix: env.config().prefix.clone(),
        }
    }

    /// Invokes a function and waits for its result.
    ///
    /// # Errors
    /// 503 when it is throttled, dies or takes too long; whether it had its effect is then
    /// unknown.
    pub fn invoke<'a>(&'a self, function: &'a str, event: &'a Value) -> Way<'a, Result<Value>> {
        Box::pin(async move {
            let request = self.lambda.0.invoke();
            let request = request.function_name(format!("{}-{function}", self.prefix));
            let sent = request.payload(Blob::new(event.to_string())).send().await;
            let answer = sent.map_err(|error| {
                let error = failed(&error);
                UNAVAILABLE.because(error.cause().unwrap_or_default())
            })?;
            if let Some(error) = answer.function_error {
                return Err(UNAVAILABLE.because(format!("{function}: {error}")));
            }
            let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
            serde_json::from_slice(&payload).map_err(|cause| INTERNAL_ERROR.because(cause))
        })
    }
}

impl<C: Send> Take<C> for Functions {
    const GRANTS: &'static [&'static [Grant]] = &[&[Grant {
        actions: &["lambda:InvokeFunction"],
        resource: "function/two_person",
    }]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
