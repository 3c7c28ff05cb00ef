//! Recovery codes: ten at a time, shown once, stored as hashes, each good once.

use serde::{Deserialize, Serialize};

use crate::crypto;
use crate::id::Ids;
use crate::time::{Time, millis};

/// Codes of one set.
pub const CODES: usize = 10;
/// Random bytes of one code: 120 bits, so a plain hash of it cannot be searched.
const BYTES: usize = 15;
/// Characters of one group, as people read them.
const GROUP: usize = 4;

/// One recovery code as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCode {
    /// SHA-256 of the code without its hyphens, base64url.
    pub hash: String,
    /// When it was used.
    #[serde(default, with = "millis::option")]
    pub used_at: Option<Time>,
}

/// A new set: what is kept, and what is shown this once.
pub(super) fn generate(ids: &Ids) -> (Vec<RecoveryCode>, Vec<String>) {
    let one = || {
        let plain = crypto::base32(&ids.bytes::<BYTES>());
        let kept = RecoveryCode {
            hash: hash_of(&plain),
            used_at: None,
        };
        (kept, grouped(&plain))
    };
    (0..CODES).map(|_| one()).unzip()
}

/// Marks the code as used; `false` when it is none of these or was used before.
pub(super) fn spend(codes: &mut [RecoveryCode], given: &str, now: Time) -> bool {
    let hash = hash_of(given);
    // All are compared, so that time does not tell how far the search came.
    let mut found = None;
    for code in codes.iter_mut() {
        if crypto::same(code.hash.as_bytes(), hash.as_bytes()) && code.used_at.is_none() {
            found = Some(code);
        }
    }
    match found {
        Some(code) => {
            code.used_at = Some(now);
            true
        }
        None => false,
    }
}

fn hash_of(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|c| c.to_ascii_uppercase()).collect();
    crypto::encode(&crypto::sha256(&[plain.as_bytes()]))
}

fn grouped(plain: &str) -> String {
    let groups: Vec<_> = plain.as_bytes().chunks(GROUP).collect();
    let groups = groups.iter().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join("-")
}
