//! The Lambda runtime: the only place that names `lambda_*`.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::tower::Layer;
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use serde_json::Value;
use tokio::sync::watch;

use crate::aws::Keys;
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
        keys: Keys::read(),
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
