//! Randomness that repeats: a failing scenario fails again.

use std::sync::atomic::{AtomicU64, Ordering};

use shared::crypto::sha256;
use shared::id::Random;

/// SHA-256 in counter mode over a seed.
pub struct Seeded {
    seed: u64,
    count: AtomicU64,
}

impl Seeded {
    /// Randomness of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            count: AtomicU64::new(0),
        }
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            let block = sha256(&[&self.seed.to_be_bytes(), &count.to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
