//! Functions in other processes, behind anything that answers Lambda's Invoke API, such as
//! `cargo lambda watch`.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use shared::function::Function;
use shared::lambda::LOCAL_TIME;

use super::{Failure, Local};
use crate::clock::LocalClock;

/// Pause before asking again somebody who does not listen, milliseconds.
const PAUSE_MS: u64 = 200;
/// Largest answer of a function, bytes, as in the cloud.
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Says that the body tells of a failure.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// Where functions are served: all of them at `http://127.0.0.1:9000`, or those of one domain at
/// `messaging=http://127.0.0.1:9000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Only this domain.
    pub domain: Option<String>,
    /// Address before the path of the Invoke API.
    pub base: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, base) = match text.split_once('=') {
            Some((domain, base)) if !domain.contains("://") => (Some(domain.to_owned()), base),
            _ => (None, text),
        };
        let address: Result<Uri, _> = base.parse();
        let fits = address.is_ok_and(|address| {
            address.scheme_str() == Some("http") && address.authority().is_some()
        });
        if !fits {
            return Err("expected `http://HOST:PORT` or `DOMAIN=http://HOST:PORT`".to_owned());
        }
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { domain, base })
    }
}

/// The way to functions in other processes.
pub(crate) struct Via {
    places: Vec<Place>,
    client: Client<HttpConnector, Body>,
    open: AtomicBool,
}

impl Via {
    /// The way to these places; closed at first.
    pub(crate) fn new(places: Vec<Place>, functions: &[&Function]) -> Result<Self, String> {
        for domain in places.iter().filter_map(|place| place.domain.as_deref()) {
            if !functions.iter().any(|function| function.domain == domain) {
                return Err(format!("There is no domain `{domain}`."));
            }
        }
        Ok(Self {
            places,
            client: Client::builder(TokioExecutor::new()).build_http(),
            open: AtomicBool::new(false),
        })
    }

    /// Lets functions run elsewhere, or keeps all of them here while the first people are made.
    pub(crate) fn open(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
    }

    /// How to reach a function that is served elsewhere.
    pub(crate) fn to(&self, function: &Function, clock: Arc<LocalClock>) -> Option<Way> {
        let serves = |place: &&Place| {
            let domain = place.domain.as_deref();
            domain.is_none_or(|domain| domain == function.domain)
        };
        let open = self.open.load(Ordering::SeqCst);
        let place = self.places.iter().find(serves).filter(|_| open)?;
        Some(Way {
            address: format!(
                "{}/2015-03-31/functions/{}/invocations",
                place.base, function.name
            ),
            client: self.client.clone(),
            clock,
        })
    }
}

impl Local {
    /// Lets functions run where [`super::Options::via`] says, or keeps all of them in this process.
    pub fn serve_elsewhere(&self, elsewhere: bool) {
        self.0.via.open(elsewhere);
    }
}

/// The way to one function.
pub(crate) struct Way {
    address: String,
    client: Client<HttpConnector, Body>,
    clock: Arc<LocalClock>,
}

impl Way {
    /// Invokes the function. Waits for somebody to listen: compilers take their time.
    pub(crate) async fn invoke(&self, mut event: Value) -> Result<Value, Failure> {
        let failed = |cause: String| Failure::Failed(format!("{}: {cause}", self.address));
        loop {
            let now = self.clock.now().to_string();
            if let Some(members) = event.as_object_mut() {
                members.insert(LOCAL_TIME.to_owned(), json!(now));
            }
            let request = Request::post(&self.address)
                .header("content-type", "application/json")
                .header(LOCAL_TIME, &now)
                .body(Body::from(event.to_string()))
                .map_err(|cause| failed(cause.to_string()))?;
            match self.client.request(request).await {
                Ok(response) => {
                    let (parts, body) = response.into_parts();
                    let body = to_bytes(Body::new(body), ANSWER_BYTES_MAX).await;
                    let body = body.map_err(|cause| failed(cause.to_string()))?;
                    let is_error = parts.headers.contains_key(FUNCTION_ERROR);
                    return read(parts.status, is_error, &body);
                }
                Err(cause) if cause.is_connect() => {
                    tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
                }
                Err(cause) => return Err(failed(cause.to_string())),
            }
        }
    }
}

/// What a function answered: Lambda marks failures by a header, `cargo lambda watch` by the status.
fn read(status: StatusCode, is_error: bool, body: &[u8]) -> Result<Value, Failure> {
    let value = match body {
        [] => Value::Null,
        body => serde_json::from_slice(body).unwrap_or_else(|_| json!({ "detail": "no JSON" })),
    };
    if status == StatusCode::OK && !is_error {
        return Ok(value);
    }
    let told = ["errorMessage", "detail", "title"];
    let told = told.iter().find_map(|name| value[*name].as_str());
    Err(Failure::Failed(told.unwrap_or(status.as_str()).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_that_of_a_domain() {
        let place = |text: &str| text.parse::<Place>();
        let base = "http://127.0.0.1:9000".to_owned();
        let all = Place {
            domain: None,
            base: base.clone(),
        };
        assert_eq!(place("http://127.0.0.1:9000/"), Ok(all));
        let domain = Some("messaging".to_owned());
        assert_eq!(
            place("messaging=http://127.0.0.1:9000"),
            Ok(Place { domain, base })
        );
        for wrong in [
            "",
            "9000",
            "https://127.0.0.1",
            "messaging",
            "messaging=",
            "http://",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_domain_is_refused() {
        let place: Place = "cooking=http://127.0.0.1:9000".parse().unwrap();
        let refused = Via::new(vec![place], &crate::functions());
        assert_eq!(
            refused.err().as_deref(),
            Some("There is no domain `cooking`.")
        );
    }

    #[test]
    fn failures_are_told_by_header_or_status() {
        let ok = StatusCode::OK;
        assert_eq!(read(ok, false, b"{\"a\":1}"), Ok(json!({ "a": 1 })));
        assert_eq!(read(ok, false, b""), Ok(Value::Null));
        let error = br#"{"errorType":"E","errorMessage":"INTERNAL_ERROR"}"#;
        let failed = Err(Failure::Failed("INTERNAL_ERROR".to_owned()));
        assert_eq!(read(ok, true, error), failed);
        assert_eq!(
            read(StatusCode::INTERNAL_SERVER_ERROR, false, error),
            failed
        );
        let missing = read(
            StatusCode::NOT_FOUND,
            false,
            br#"{"title":"Missing function"}"#,
        );
        assert_eq!(missing, Err(Failure::Failed("Missing function".to_owned())));
    }
}
