//! Logs: one JSON line per record, never a text, address, token, code, key or position.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use crate::admin::AuditRow;
use crate::config::{Config, Stage};
use crate::env::Env;
use crate::error::{Error, INTERNAL_ERROR, Result};
use crate::http::Call;
use crate::time::{Now, SystemClock};

/// Runs a handler so that a panic is a 500 with a trace id and not a lost instance.
///
/// # Errors
/// The handler's own, or `INTERNAL_ERROR` after a panic.
pub async fn guarded<T>(handler: impl Future<Output = Result<T>>) -> Result<T> {
    let mut handler = pin!(handler);
    std::future::poll_fn(|context| {
        let polled = AssertUnwindSafe(|| handler.as_mut().poll(context));
        match std::panic::catch_unwind(polled) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(Err(INTERNAL_ERROR.because("panic"))),
        }
    })
    .await
}

/// Records the one line of a request, at every level.
pub fn served(env: &Env, call: &Call, status: u16, code: Option<&'static str>) {
    tracing::error!(
        target: "request",
        request_id = call.request_id,
        user_id = call.user_id.as_deref().unwrap_or("anonymous"),
        endpoint = format!("{} {}", call.method, call.route).trim(),
        function = env.function(),
        duration_ms = env.clock().now().since(call.now),
        status_code = status,
        code,
        "request"
    );
}

/// Records an unexpected failure of a request, with its cause.
pub fn failed_call(env: &Env, call: &Call, error: &Error) {
    tracing::error!(
        target: "failure",
        request_id = call.request_id,
        user_id = call.user_id.as_deref().unwrap_or("anonymous"),
        endpoint = call.route,
        function = env.function(),
        code = error.fault().code,
        exception = %error,
        "failed"
    );
}

/// Records a failure outside a request.
pub fn failed(env: &Env, what: &'static str, error: &Error) {
    tracing::error!(
        target: "failure",
        function = env.function(),
        code = error.fault().code,
        exception = %error,
        "{what} failed"
    );
}

/// Records that an admin did something: what metrics count, and alarms when it is critical.
pub fn acted(row: &AuditRow) {
    tracing::error!(
        target: "admin",
        request_id = row.request_id,
        user_id = row.admin_id,
        function = row.action,
        severity = row.severity.as_str(),
        outcome = row.outcome.as_str(),
        "acted"
    );
}

/// Records how many items of the moderation queue should have been decided by now: a metric.
pub fn overdue(function: &'static str, count: usize) {
    tracing::error!(target: "queue", function, overdue = count as u64, "overdue");
}

/// Records a finding that somebody must look at, though nothing failed.
pub fn alarm(function: &'static str, finding: &str) {
    tracing::error!(target: "failure", function, code = "ALARM", exception = finding, "alarm");
}

/// JSON lines at the levels of a stage, to wherever they are to go.
pub fn lines<W>(stage: Stage, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Plain prefixes of targets: patterns would be compiled at every start.
    let levels = match stage {
        Stage::Development => Targets::new()
            .with_default(Level::WARN)
            .with_targets(["request", "failure", "admin"].map(|own| (own, Level::INFO))),
        Stage::Staging => Targets::new()
            .with_default(Level::INFO)
            .with_targets([("hyper", Level::WARN), ("aws", Level::WARN)]),
        Stage::Production => Targets::new().with_default(Level::WARN),
    };
    tracing_subscriber::fmt()
        .event_format(Lines)
        .with_writer(writer)
        .finish()
        .with(levels)
}

/// Starts JSON logging on standard output: what Lambda passes on to CloudWatch.
pub fn start(config: &Config) {
    let subscriber = lines(config.stage, std::io::stdout);
    // Only fails when there is a subscriber already, as in tests.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(target: "failure", exception = %place, "panic");
    }));
}

/// Formats one event as one JSON line with the members that the contract names.
struct Lines;

#[derive(Default)]
struct Members(Map<String, Value>);

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut members = Members::default();
        event.record(&mut members);
        let mut line = members.0;
        let level = match (*event.metadata().level(), event.metadata().target()) {
            (_, "request" | "admin" | "queue") => Level::INFO,
            (level, _) => level,
        };
        line.insert("timestamp".to_owned(), json!(SystemClock.now()));
        line.insert("level".to_owned(), json!(level.as_str()));
        line.insert("logger".to_owned(), json!(event.metadata().target()));
        for (name, default) in [
            ("request_id", "N/A"),
            ("user_id", "anonymous"),
            ("endpoint", "N/A"),
        ] {
            line.entry(name).or_insert_with(|| json!(default));
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}
