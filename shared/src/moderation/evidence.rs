//! Sealed copies of what was found.

use serde::{Deserialize, Serialize};

use crate::crypto::sha256;
use crate::error::Result;
use crate::messaging::Message;
use crate::pack::Fixed;
use crate::time::{Time, millis};

/// A copy of what was found, which its author's deletion does not touch, with a hash over it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// `usr_…`
    pub author_id: String,
    /// Whom it was for.
    pub receiver_id: String,
    /// The text.
    pub content: String,
    /// When it was written.
    #[serde(with = "millis")]
    pub written_at: Time,
    /// SHA-256 over target and all of this.
    pub hash: Fixed<32>,
}

/// A sealed copy of a message.
///
/// # Errors
/// 500 when the row is no message's.
pub fn evidence_of(message: &Message) -> Result<Evidence> {
    let mut evidence = Evidence {
        author_id: message.sender_id.clone(),
        receiver_id: message.receiver_id.clone(),
        content: message.content.clone(),
        written_at: message.created_at,
        hash: Fixed::default(),
    };
    evidence.hash = evidence.seal(&message.id()?);
    Ok(evidence)
}

impl Evidence {
    /// Whether this is still what was sealed for the target.
    pub fn is_intact(&self, target_id: &str) -> bool {
        self.hash == self.seal(target_id)
    }

    fn seal(&self, target_id: &str) -> Fixed<32> {
        let written = self.written_at.ms().to_be_bytes();
        let parts: [&[u8]; 5] = [
            target_id.as_bytes(),
            self.author_id.as_bytes(),
            self.receiver_id.as_bytes(),
            &written,
            self.content.as_bytes(),
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part);
        }
        Fixed(sha256(&[&bytes]))
    }
}
