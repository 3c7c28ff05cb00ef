//! What people are told inside the app, in their language, and on their phones.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::person;
use crate::calls::CallType;
use crate::time::{DAY_MS, MINUTE_MS, Time};

/// How long it is worth telling a phone that a call rings no more, milliseconds.
const STOP_MS: i64 = MINUTE_MS;

/// Something that one person is to be told: body of the queue `notices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Recipient, `usr_…`
    pub user_id: String,
    /// What caused it; the same event causes no second entry.
    pub event: String,
    /// What happened.
    pub told: Told,
    /// When, epoch milliseconds.
    pub at: i64,
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trigger")]
pub enum Told {
    /// Somebody calls.
    #[serde(rename = "call.incoming")]
    CallIncoming {
        /// `cal_…`
        call_id: String,
        /// `usr_…`
        caller_id: String,
        /// What is transmitted.
        call_type: CallType,
        /// End of the ringing, epoch milliseconds.
        until: i64,
    },
    /// A call rings no more.
    #[serde(rename = "call.cancelled")]
    CallCancelled {
        /// `cal_…`
        call_id: String,
        /// As in the frame of this name.
        reason: String,
        /// The device that knows, or its session.
        device_id: Option<String>,
    },
    /// Somebody called in vain.
    #[serde(rename = "call.missed")]
    CallMissed {
        /// `cal_…`
        call_id: String,
        /// `usr_…`
        caller_id: String,
        /// Whether it was to be a call with pictures.
        video: bool,
    },
}

impl Told {
    /// Trigger of what rings phones.
    pub const RING: &'static str = "call.incoming";
    /// Trigger of what stops that.
    pub const STOP: &'static str = "call.cancelled";

    /// Trigger of the contract.
    pub const fn trigger(&self) -> &'static str {
        match self {
            Self::CallIncoming { .. } => Self::RING,
            Self::CallCancelled { .. } => Self::STOP,
            Self::CallMissed { .. } => "call.missed",
        }
    }

    /// When it is too late to tell it to phones, if it happened `at`.
    pub fn valid_until(&self, at: Time) -> Time {
        match self {
            Self::CallIncoming { until, .. } => Time(*until),
            Self::CallCancelled { .. } => at.plus(STOP_MS),
            Self::CallMissed { .. } => at.plus(DAY_MS),
        }
    }

    /// Ids that lead a client to it; it knows names and pictures itself.
    pub fn payload(&self) -> Value {
        match self {
            Self::CallIncoming {
                call_id,
                caller_id,
                call_type,
                until,
            } => json!({
                "call_id": call_id,
                "caller_id": caller_id,
                "call_type": call_type,
                "ring_expires_at": Time(*until),
            }),
            Self::CallCancelled {
                call_id,
                reason,
                device_id,
            } => json!({ "call_id": call_id, "reason": reason, "device_id": device_id }),
            Self::CallMissed {
                call_id, caller_id, ..
            } => json!({ "call_id": call_id, "caller_id": caller_id }),
        }
    }

    /// Title and message in the language of a locale, English where there is none; none for what
    /// is not told inside the app, because sockets tell it.
    pub fn words(&self, locale: &str) -> Option<(&'static str, &'static str)> {
        let Self::CallMissed { video, .. } = self else {
            return None;
        };
        Some(match (person::language(locale).as_str(), video) {
            ("de", false) => ("Verpasster Anruf", "Du hast einen Anruf verpasst."),
            ("de", true) => ("Verpasster Anruf", "Du hast einen Videoanruf verpasst."),
            ("es", false) => ("Llamada perdida", "Tienes una llamada perdida."),
            ("es", true) => ("Llamada perdida", "Tienes una videollamada perdida."),
            (_, false) => ("Missed call", "You missed a call."),
            (_, true) => ("Missed call", "You missed a video call."),
        })
    }
}
