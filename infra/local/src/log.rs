//! Readable lines on standard output: the one place of this package that prints.

use shared::Time;
use tokio::time::Instant;

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
