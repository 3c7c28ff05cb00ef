//! Errors: a [`Fault`] is what a caller may see, an [`Error`] is what the log needs besides.

mod cause;
mod faults;

pub use cause::Cause;
pub use faults::*;

use std::fmt;
use std::panic::Location;

use serde_json::Value;

/// One refusal of the contract: HTTP status, stable code and a text that is safe for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status, 400–599.
    pub status: u16,
    /// Code of the contract, never renamed.
    pub code: &'static str,
    /// One sentence for a person, without internals.
    pub text: &'static str,
}

impl Fault {
    /// A fault as a constant.
    pub const fn new(status: u16, code: &'static str, text: &'static str) -> Self {
        Self { status, code, text }
    }

    /// This fault with the `details` that its code documents.
    #[track_caller]
    pub fn with(&self, details: Value) -> Error {
        let mut error = Error::from(self);
        error.0.details = Some(details);
        error
    }

    /// This fault with the technical cause, which only the log shows in production.
    #[track_caller]
    pub fn because(&self, cause: impl Cause) -> Error {
        let mut error = Error::from(self);
        error.0.cause = Some(cause.told());
        error
    }
}

/// Why a handler stopped before its own answer.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    fault: Fault,
    details: Option<Value>,
    cause: Option<String>,
    place: &'static Location<'static>,
    replay: Option<Replay>,
}

/// A stored first answer that is given again instead of doing the work twice.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Status of the first answer.
    pub status: u16,
    /// Body of the first answer; null when it had none or held a secret.
    pub body: Value,
}

/// What fallible code of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Ends the handler with the stored answer of an earlier equal request.
    #[track_caller]
    pub fn replay(status: u16, body: Value) -> Self {
        let mut error = Self::from(&REPLAYED);
        error.0.replay = Some(Replay { status, body });
        error
    }

    /// The fault the caller sees.
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The `details` member of the envelope.
    pub fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// The technical cause, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Source line where the error arose, for the log.
    pub fn place(&self) -> &'static Location<'static> {
        self.0.place
    }

    /// The stored answer, if this is a replay and no failure.
    pub fn stored(&self) -> Option<&Replay> {
        self.0.replay.as_ref()
    }

    /// Whether this error carries the given fault.
    pub fn is(&self, fault: &Fault) -> bool {
        self.0.fault == *fault
    }
}

impl From<Fault> for Error {
    #[track_caller]
    fn from(fault: Fault) -> Self {
        Self(Box::new(Inner {
            fault,
            details: None,
            cause: None,
            place: Location::caller(),
            replay: None,
        }))
    }
}

impl From<&Fault> for Error {
    #[track_caller]
    fn from(fault: &Fault) -> Self {
        Self::from(*fault)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.0.fault.code, self.0.place)?;
        match &self.0.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
