//! One row per person: the call they are in, their limiter, and what their calls came to.
//!
//! The row is never deleted and not written when a call ends: a call that is over does not count.
//! The next call of the person finds it over and adds it to the figures, so they cost nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::call::Call;
use super::words::{Actor, EndedReason, Status};
use crate::pack::{Bytes, Packer, Unpacker};
use crate::table::{Condition, Item, Key, Name};
use crate::time::Time;

/// What the calls of a person came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CallStats {
    /// Calls that the person began.
    pub outgoing_calls: i64,
    /// Those that were answered.
    pub outgoing_answered: i64,
    /// Calls to the person.
    pub incoming_calls: i64,
    /// Those that were answered.
    pub incoming_answered: i64,
    /// Calls to the person that nobody answered or declined.
    pub missed_calls: i64,
    /// Started minutes that were billed, of both kinds of calls.
    pub total_minutes: i64,
    /// What the person paid.
    pub total_credits_spent: i64,
}

impl CallStats {
    /// The figures with one more call.
    #[must_use]
    pub fn with(mut self, call: &Call, user_id: &str) -> Self {
        let answered = i64::from(call.accepted_at.is_some());
        if call.caller_id == user_id {
            self.outgoing_calls += 1;
            self.outgoing_answered += answered;
            self.total_credits_spent += call.credits_spent;
        } else {
            self.incoming_calls += 1;
            self.incoming_answered += answered;
            self.missed_calls += i64::from(call.is_missed());
        }
        self.total_minutes += call.billed_minutes;
        self
    }

    fn numbers(&self) -> [i64; 7] {
        [
            self.outgoing_calls,
            self.outgoing_answered,
            self.incoming_calls,
            self.incoming_answered,
            self.missed_calls,
            self.total_minutes,
            self.total_credits_spent,
        ]
    }
}

impl Call {
    /// Whether the receiver was called in vain: nobody answered, the caller gave up, or the
    /// receiver was busy.
    pub fn is_missed(&self) -> bool {
        let busy = (Some(Actor::System), Some(EndedReason::Busy));
        match self.status {
            Status::Missed | Status::Cancelled => true,
            Status::Rejected => (self.ended_by, self.ended_reason) == busy,
            _ => false,
        }
    }
}

/// Figures as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub CallStats);

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = Packer::default();
        self.0.numbers().iter().for_each(|number| {
            out.number(*number);
        });
        serializer.serialize_bytes(&out.finish())
    }
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        let mut from = Unpacker::new(&bytes);
        let mut next = || from.number().ok_or_else(|| de::Error::custom("figures"));
        Ok(Self(CallStats {
            outgoing_calls: next()?,
            outgoing_answered: next()?,
            incoming_calls: next()?,
            incoming_answered: next()?,
            missed_calls: next()?,
            total_minutes: next()?,
            total_credits_spent: next()?,
        }))
    }
}

/// The call that a person is in, as far as it still is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// Raised by every change; each write is conditional on it.
    pub rev: i64,
    /// The person's newest call that rang.
    #[serde(default)]
    pub call_id: Option<String>,
    /// From when on that call cannot be live whatever happened, epoch milliseconds.
    #[serde(default)]
    pub until: i64,
    /// Theoretical arrival time of the next ringing (rate class `call`), epoch milliseconds.
    #[serde(default)]
    pub tat: i64,
    /// All calls before that one.
    #[serde(default)]
    pub tally: Tally,
}

impl Item for Lock {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Busy lock";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

impl Lock {
    /// Where the lock of a person lies.
    pub fn key_of(user_id: &str) -> Key {
        Key::new(user_id, "busy")
    }

    /// The lock of somebody who never had a call.
    pub fn new(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            rev: 0,
            call_id: None,
            until: 0,
            tat: 0,
            tally: Tally::default(),
        }
    }

    /// The stored lock is still the one that this value was read from.
    pub fn unchanged(&self) -> Condition {
        match self.rev {
            0 => Condition::Absent,
            rev => Condition::number("rev", rev),
        }
    }

    /// This lock with its next revision.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            rev: self.rev + 1,
            ..self.clone()
        }
    }

    /// The lock of somebody whose last call, which is over, was `last`, and who is in `call` now.
    #[must_use]
    pub(super) fn taken(&self, last: Option<&Call>, call: &Call, until: Time) -> Self {
        let mut next = self.next();
        next.tally = Tally(self.figures(last));
        next.call_id = Some(call.call_id.clone());
        next.until = until.ms();
        next
    }

    /// All calls, the last one included.
    pub fn figures(&self, last: Option<&Call>) -> CallStats {
        let before = self.tally.0;
        last.map_or(before, |last| before.with(last, &self.user_id))
    }
}
