//! Identifiers: `prefix_` and 26 Crockford base-32 characters.

use std::sync::Arc;

use crate::time::{Clock, Time};

/// Where randomness comes from: the operating system, or a seed in tests.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The capability to make identifiers, tokens and nonces.
#[derive(Clone)]
pub struct Ids {
    clock: Clock,
    random: Arc<dyn Random>,
}

impl Ids {
    /// Ids whose time part comes from `clock` and whose rest comes from `random`.
    pub fn new(clock: Clock, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// A fresh id such as `usr_01J…`.
    pub fn new_id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.ulid())
    }

    /// A fresh ULID: 48 bits of time and 80 random bits.
    pub fn ulid(&self) -> String {
        ulid_at(self.clock.now(), u128::from_be_bytes(self.bytes()))
    }

    /// Random bytes, for tokens and nonces.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }
}

/// The ULID of an instant and a random part.
pub fn ulid_at(at: Time, random: u128) -> String {
    ulid::Ulid::from_parts(at.ms().max(0) as u64, random).to_string()
}

/// An id made of 16 given bytes, for ids that are derived and not drawn.
pub fn id_of(prefix: &str, bytes: [u8; 16]) -> String {
    format!("{prefix}_{}", ulid::Ulid::from(u128::from_be_bytes(bytes)))
}

/// A ULID that always follows from the same texts, for what may be told more than once.
pub fn derived(texts: &[&str]) -> String {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    let hash = crate::crypto::take(&crate::crypto::sha256(&[&bytes]));
    ulid::Ulid::from(u128::from_be_bytes(hash)).to_string()
}

/// The 16 bytes behind an id; `None` when prefix, length or alphabet is wrong.
pub fn bytes_of(prefix: &str, id: &str) -> Option<[u8; 16]> {
    let body = id.strip_prefix(prefix)?.strip_prefix('_')?;
    let ulid = ulid::Ulid::from_string(body).ok()?;
    // One spelling per id: lower case and look-alike letters are somebody else's.
    (ulid.to_string() == body).then(|| u128::from(ulid).to_be_bytes())
}

/// Whether this is a well-formed id of the kind.
pub fn is_id(prefix: &str, id: &str) -> bool {
    bytes_of(prefix, id).is_some()
}

/// The operating system's generator, through aws-lc.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        use aws_lc_rs::rand::SecureRandom;
        // aws-lc's generator cannot fail after start; an all-zero token must never leave us.
        if aws_lc_rs::rand::SystemRandom::new().fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
