//! What is noted of committed changes, for the logs and figures of administrators.

use serde::{Deserialize, Serialize};

use crate::calls::oversight::CallNote;
use crate::messaging::Note;

/// A note of any domain; each has members of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Noted {
    /// Something that happened to a message.
    Message(Note),
    /// What a call came to.
    Call(CallNote),
}

impl Noted {
    /// The notes by domain.
    pub fn sorted(notes: impl IntoIterator<Item = Self>) -> (Vec<Note>, Vec<CallNote>) {
        let (mut messages, mut calls) = (Vec::new(), Vec::new());
        for note in notes {
            match note {
                Self::Message(note) => messages.push(note),
                Self::Call(note) => calls.push(note),
            }
        }
        (messages, calls)
    }
}
