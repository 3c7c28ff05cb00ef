//! Frames of one connection, counted in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::bucket::refusal;
use super::{Class, admit};
use crate::error::Result;
use crate::time::{SECOND_MS, Time};

/// Frames allowed at once on one connection, and per window.
const FRAMES_BURST: i64 = 60;
/// That window.
const FRAMES_WINDOW_MS: i64 = 10 * SECOND_MS;
/// Connections remembered by one instance.
const CONNECTIONS_MAX: usize = 10_000;

/// Frames counted in memory, per connection and instance; stored nowhere.
#[derive(Debug, Default)]
pub struct Frames(Mutex<HashMap<String, i64>>);

impl Frames {
    /// Counts one frame.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`.
    pub fn admit(&self, connection_id: &str, now: Time) -> Result<()> {
        let every_ms = FRAMES_WINDOW_MS / FRAMES_BURST;
        let class = Class {
            name: "frames",
            burst: FRAMES_BURST,
            every_ms,
            closed: false,
            told: false,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CONNECTIONS_MAX {
            known.retain(|_, tat| *tat > now.ms());
        }
        let tat = known.entry(connection_id.to_owned()).or_default();
        let verdict = admit(class, *tat, now);
        *tat = verdict.tat.ok_or_else(|| refusal(class, verdict, now))?;
        Ok(())
    }
}
