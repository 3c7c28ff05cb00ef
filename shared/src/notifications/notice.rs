//! What people are told inside the app, in their language.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::person;

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
    /// Trigger of the contract.
    pub const fn trigger(&self) -> &'static str {
        match self {
            Self::CallMissed { .. } => "call.missed",
        }
    }

    /// Ids that lead a client to it; it knows names and pictures itself.
    pub fn payload(&self) -> Value {
        match self {
            Self::CallMissed {
                call_id, caller_id, ..
            } => json!({ "call_id": call_id, "caller_id": caller_id }),
        }
    }

    /// Title and message in the language of a locale, English where there is none.
    pub fn words(&self, locale: &str) -> (&'static str, &'static str) {
        let Self::CallMissed { video, .. } = self;
        match (person::language(locale).as_str(), video) {
            ("de", false) => ("Verpasster Anruf", "Du hast einen Anruf verpasst."),
            ("de", true) => ("Verpasster Anruf", "Du hast einen Videoanruf verpasst."),
            ("es", false) => ("Llamada perdida", "Tienes una llamada perdida."),
            ("es", true) => ("Llamada perdida", "Tienes una videollamada perdida."),
            (_, false) => ("Missed call", "You missed a call."),
            (_, true) => ("Missed call", "You missed a video call."),
        }
    }
}
