//! The Lambda runtime: the only place that names `lambda_*`.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Body, Request, RequestExt};
use lambda_runtime::tower::Layer;
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use serde_json::Value;
use tokio::sync::watch;

use crate::config::{Config, environment};
use crate::env::{Env, Host};
use crate::function::Run;
use crate::id::SystemRandom;
use crate::start::Needs;
use crate::time::{Clock, FollowingClock, Now, SystemClock, Time};

/// Header of an invocation, or else member of its event, that says in RFC 3339 what the local
/// cloud's clock shows. In production nobody looks at it. The member exists because not every
/// stand-in for Lambda passes headers on.
pub const LOCAL_TIME: &str = "x-local-time";

/// How long the check of what a function needs lets its first poll go ahead.
const POLL_FIRST: Duration = Duration::from_millis(1);

/// An HTTP event, as far as a call needs it.
#[derive(Debug, Default)]
pub struct HttpParts {
    /// HTTP method.
    pub method: String,
    /// Path as called.
    pub path: String,
    /// Raw query string.
    pub query: String,
    /// Route template, or `$default`.
    pub route: String,
    /// Path parameters.
    pub params: HashMap<String, String>,
    /// Headers by lower-case name.
    pub headers: HashMap<String, String>,
    /// Address of the client.
    pub address: String,
    /// Raw body.
    pub body: Vec<u8>,
}

/// Reads an API Gateway HTTP event (payload format 2.0).
///
/// # Errors
/// When the event has another shape.
pub fn http_parts(event: Value) -> Result<HttpParts, serde_json::Error> {
    let query = event["rawQueryString"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let path = event["rawPath"].as_str().unwrap_or_default().to_owned();
    let request: Request = serde_json::from_value::<LambdaRequest>(event)?.into();
    let params = request.path_parameters();
    let mut parts = HttpParts {
        method: request.method().as_str().to_owned(),
        path,
        query,
        params: params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..HttpParts::default()
    };
    if let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() {
        let route = context.route_key.as_deref().unwrap_or_default();
        parts.route = route
            .split_once(' ')
            .map_or(route, |(_, path)| path)
            .to_owned();
        parts.address = context.http.source_ip.clone().unwrap_or_default();
    }
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        parts.headers.insert(name.as_str().to_owned(), value);
    }
    parts.body = match request.into_body() {
        Body::Empty => Vec::new(),
        Body::Text(text) => text.into_bytes(),
        Body::Binary(bytes) => bytes,
        _ => Vec::new(),
    };
    Ok(parts)
}

/// Serves one function until the environment ends: the whole `main` of every binary.
pub fn start(name: &'static str, run: Run, needs: Needs) {
    let config = match Config::read(environment) {
        Ok(config) => config,
        Err(missing) => stop(name, &missing),
    };
    crate::log::start(&config);
    serve(name, run, needs, host(config));
}

/// The cloud as host: real time, real randomness, and AWS over the network.
pub fn host(config: Config) -> Host {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    // Production knows no replaced endpoint, and so nobody's clock but the system's.
    let clock: Arc<dyn Now> = match config.endpoint {
        Some(_) => Arc::new(FollowingClock::default()),
        None => Arc::new(SystemClock),
    };
    Host {
        http,
        clock,
        random: Arc::new(SystemRandom),
        config: Arc::new(config),
    }
}

/// Serves one function on a host; ends the process before its first event when something that it
/// needs is missing. What it needs is asked for while the first poll is under way.
pub fn serve(name: &'static str, run: Run, needs: Needs, host: Host) {
    let env = Env::new(name, host);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (checked, ready) = watch::channel(false);
    let check = async {
        // The first poll goes out before the work of asking begins.
        tokio::time::sleep(POLL_FIRST).await;
        if let Err(missing) = needs.met(&env).await {
            stop(name, &missing);
        }
        checked.send_replace(true);
    };
    let serve = async {
        let handler = service_fn(|event: LambdaEvent<Value>| {
            let (env, mut ready, mut event) = (env.clone(), ready.clone(), event.payload);
            if let Some(told) = event.as_object_mut().and_then(|all| all.remove(LOCAL_TIME)) {
                follow(&env.clock(), told.as_str());
            }
            async move {
                // It can only fail when the check is gone, and with it the process.
                let _ = ready.wait_for(|ready| *ready).await;
                run(&env, event).await
            }
        });
        let follower = Follower(env.clock());
        Runtime::new(handler).layer(follower).run().await
    };
    let serve = async { tokio::join!(serve, check).0 };
    match runtime {
        Ok(runtime) => {
            if let Err(cause) = runtime.block_on(serve) {
                stop(name, &cause.to_string());
            }
        }
        Err(cause) => stop(name, &cause.to_string()),
    }
}

/// Tells the clock what the local cloud's shows.
fn follow(clock: &Clock, told: Option<&str>) {
    if let Some(now) = told.and_then(Time::parse) {
        clock.0.follow(now);
    }
}

/// Reads the time off the headers of each invocation.
struct Follower(Clock);

/// A service with its [`Follower`].
struct Followed<S> {
    inner: S,
    clock: Clock,
}

impl<S> Layer<S> for Follower {
    type Service = Followed<S>;

    fn layer(&self, inner: S) -> Followed<S> {
        let clock = self.0.clone();
        Followed { inner, clock }
    }
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for Followed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> S::Future {
        let told = invocation.parts.headers.get(LOCAL_TIME);
        follow(&self.clock, told.and_then(|told| told.to_str().ok()));
        self.inner.call(invocation)
    }
}

/// Ends the process with the reason in the log.
fn stop(name: &str, reason: &str) -> ! {
    tracing::error!(
        target: "failure", function = name, exception = reason, "the function cannot start"
    );
    #[expect(
        clippy::print_stderr,
        reason = "without configuration there is no logging yet"
    )]
    {
        eprintln!("the function {name} cannot start: {reason}");
    }
    std::process::exit(1)
}
