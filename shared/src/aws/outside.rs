//! Calls to other people's services, over the same connector as the SDK: one time limit, one size
//! limit, JSON back, and whatever goes wrong is 502 with the provider's name.

use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::interceptors::context::{Error as Failed, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::{Value, json};

use super::SdkTime;
use crate::aws::Way;
use crate::env::Env;
use crate::error::{Error, PROVIDER_ERROR, Result};
use crate::function::Take;
use crate::text::escape_uri;

/// Time for one call, from the connection to the last byte.
const CALL_MS: u64 = 5_000;
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// An answer: its status and JSON body.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// HTTP status below 500.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

/// What is asked.
#[derive(Debug)]
struct Ask {
    method: &'static str,
    path: String,
    form: Option<String>,
}

/// The capability to call services outside of AWS. No role grants it: there is nothing to sign.
#[derive(Clone, Debug)]
pub struct Outside(Env);

impl Outside {
    /// The way out of this instance.
    pub fn of(env: &Env) -> Self {
        Self(env.clone())
    }

    /// Reads a JSON document.
    ///
    /// # Errors
    /// 502 `PROVIDER_ERROR` {provider}.
    pub async fn get(&self, provider: &'static str, address: &str) -> Result<Told> {
        self.call(provider, "GET", address, None).await
    }

    /// Posts a form (`application/x-www-form-urlencoded`) and reads the JSON answer.
    ///
    /// # Errors
    /// 502 `PROVIDER_ERROR` {provider}.
    pub async fn post(
        &self,
        provider: &'static str,
        address: &str,
        form: &[(&str, &str)],
    ) -> Result<Told> {
        let pairs = form
            .iter()
            .map(|(name, value)| format!("{}={}", escape_uri(name), escape_uri(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        self.call(provider, "POST", address, Some(form)).await
    }

    fn call<'a>(
        &'a self,
        provider: &'static str,
        method: &'static str,
        address: &'a str,
        form: Option<String>,
    ) -> Way<'a, Result<Told>> {
        Box::pin(async move {
            let failed = |cause: &str| failed(provider, cause);
            let (host, path) = split(address).ok_or_else(|| failed("address"))?;
            let ask = Ask {
                method,
                path: path.to_owned(),
                form,
            };
            let limit = Duration::from_millis(CALL_MS);
            let told = tokio::time::timeout(limit, self.told(host, ask)).await;
            let (status, bytes) = told.map_err(|_| failed("timeout"))?.map_err(failed)?;
            if status >= 500 {
                return Err(failed("status"));
            }
            let body = serde_json::from_slice(&bytes).map_err(|_| failed("no JSON"))?;
            Ok(Told { status, body })
        })
    }

    async fn told(&self, host: &str, ask: Ask) -> Result<(u16, Vec<u8>), &'static str> {
        // A replaced endpoint stands in for these services as well.
        let host = match &self.0.config().endpoint {
            Some(own) => format!("{own}/outside/{}", host.trim_start_matches("https://")),
            None => host.to_owned(),
        };
        let operation = Operation::builder()
            .service_name("outside")
            .operation_name("call")
            .http_client(self.0.http())
            .endpoint_url(&host)
            .no_auth()
            .no_retry()
            .sleep_impl(TokioSleep::new())
            .time_source(SdkTime(self.0.clock()))
            .timeout_config(TimeoutConfig::disabled())
            .serializer(|ask: Ask| request(ask).map_err(Into::into))
            .deserializer_impl::<Raw, NoError>(Unread)
            .build();
        let raw = operation.invoke(ask).await.map_err(|_| "unreachable")?;
        let (mut body, mut bytes) = (ByteStream::new(raw.body), Vec::new());
        while let Some(part) = body.next().await {
            bytes.extend_from_slice(&part.map_err(|_| "connection lost")?);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err("answer too large");
            }
        }
        Ok((raw.status, bytes))
    }
}

/// 502 for a provider; the cause is a category, never what the provider said.
fn failed(provider: &'static str, cause: &str) -> Error {
    tracing::warn!(target: "failure", provider, cause, "a provider failed");
    PROVIDER_ERROR.with(json!({ "provider": provider }))
}

/// Scheme and host, and the rest.
fn split(address: &str) -> Option<(&str, &str)> {
    let after = address.find("://")? + 3;
    let at = address.get(after..)?.find('/')? + after;
    address.split_at_checked(at)
}

fn request(ask: Ask) -> Result<HttpRequest, http::Error> {
    let request = http::Request::builder()
        .method(ask.method)
        .uri(ask.path)
        .header("accept", "application/json");
    let built = match ask.form {
        Some(form) => request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", form.len())
            .body(SdkBody::from(form))?,
        None => request.body(SdkBody::empty())?,
    };
    // The types are those of the same crate: only what is no request at all is refused.
    Ok(HttpRequest::try_from(built).unwrap_or_else(|_| HttpRequest::new(SdkBody::empty())))
}

/// An answer whose body was not read yet.
#[derive(Debug)]
struct Raw {
    status: u16,
    body: SdkBody,
}

/// Errors are statuses here.
#[derive(Debug, thiserror::Error)]
#[error("never")]
struct NoError;

/// Hands the body on unread, so that its size can be limited.
#[derive(Debug)]
struct Unread;

impl DeserializeResponse for Unread {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Failed>>> {
        let status = response.status().as_u16();
        let body = response.take_body();
        Some(Ok(Output::erase(Raw { status, body })))
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Failed>> {
        let status = response.status().as_u16();
        let body = SdkBody::empty();
        Ok(Output::erase(Raw { status, body }))
    }
}

impl<C: Send> Take<C> for Outside {
    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_path() {
        let whole = "https://accounts.example/oauth/token?a=b";
        let parts = ("https://accounts.example", "/oauth/token?a=b");
        assert_eq!(split(whole), Some(parts));
        for wrong in ["", "/path", "https://host"] {
            assert_eq!(split(wrong), None);
        }
    }
}
