//! Readable lines on standard output: the one place of this package that prints.

use std::fmt::{Debug, Write};

use shared::Time;
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Prints one line per request, frame and worker run, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    readable: bool,
}

/// When something began.
#[derive(Clone, Copy, Debug)]
pub struct Timer(Instant);

impl Log {
    /// A log that prints if `readable`.
    pub const fn new(readable: bool) -> Self {
        Self { readable }
    }

    /// Starts measuring.
    pub fn timer(&self) -> Timer {
        Timer(Instant::now())
    }

    /// `12:00:01.234 POST /api/v2/messages/send 200 4ms send_message`; never bodies or tokens.
    pub fn line(&self, now: Time, timer: &Timer, what: &str, outcome: &str, function: &str) {
        if self.readable {
            let text = now.to_string();
            let clock = text.get(11..23).unwrap_or_default();
            let ms = timer.0.elapsed().as_millis();
            self.text(&format!("{clock} {what} {outcome} {ms}ms {function}"));
        }
    }

    /// A line that is always printed as it is, if anything is.
    #[expect(clippy::print_stdout, reason = "this is the module that prints")]
    pub fn text(&self, text: &str) {
        if self.readable {
            println!("{text}");
        }
    }

    /// Why the process ends, on standard error.
    #[expect(clippy::print_stderr, reason = "this is the module that prints")]
    pub fn problem(&self, text: &str) {
        eprintln!("{text}");
    }
}

/// Prints failures that functions log, one line each; their request lines are ours already.
pub fn show_failures() {
    // Only fails when somebody else listens already.
    let _ = tracing::subscriber::set_global_default(Failures);
}

struct Failures;

/// The fields of an event, in one line.
struct Fields(String);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Failures {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.is_event() && metadata.target() != "request"
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        Log::new(true).text(&format!("  ! {}{}", event.metadata().target(), fields.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
