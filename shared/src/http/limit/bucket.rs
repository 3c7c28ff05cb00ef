//! The bucket: one request decided from the remembered arrival time, and what answers tell of it.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::{Class, Limit};
use crate::env::Env;
use crate::error::{Error, RATE_LIMITED, Result};
use crate::function::Take;
use crate::http::call::Call;
use crate::time::{SECOND_MS, Time};

/// What the limiter said of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Arrival time to remember, if the request was permitted.
    pub tat: Option<i64>,
    /// Requests left now.
    pub remaining: i64,
    /// Milliseconds until one more is allowed than now.
    pub wait_ms: i64,
}

impl Verdict {
    /// The refusal of a caller whose own calls hinder each other.
    pub(super) fn crowded(class: Class) -> Self {
        Self {
            tat: None,
            remaining: 0,
            wait_ms: class.every_ms,
        }
    }
}

/// Decides one request by the generic cell rate algorithm. `tat` is the remembered theoretical
/// arrival time in epoch milliseconds, 0 if none.
pub fn admit(class: Class, tat: i64, now: Time) -> Verdict {
    let (now, room) = (now.ms(), class.burst * class.every_ms);
    // A value further ahead than a full bucket can only come from a clock that jumped back.
    let next = tat.clamp(now, now + room) + class.every_ms;
    if next - now > room {
        return Verdict {
            tat: None,
            remaining: 0,
            wait_ms: next - now - room,
        };
    }
    let left = room - (next - now);
    let remaining = left / class.every_ms;
    Verdict {
        tat: Some(next),
        remaining,
        wait_ms: class.every_ms - left % class.every_ms,
    }
}

/// What the limit said, shared between the call and a handler's [`Rate`].
#[derive(Debug, Clone, Default)]
pub struct Spent(Arc<Mutex<Option<(Class, Verdict)>>>);

impl Spent {
    pub(super) fn tell(&self, class: Class, verdict: Verdict) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((class, verdict));
    }

    /// The headers `RateLimit-Policy` and `RateLimit`, and `Retry-After` of a refusal.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((class, verdict)) = told else {
            return Vec::new();
        };
        let wait = seconds_up(verdict.wait_ms);
        let mut headers = Vec::new();
        if class.told {
            let window = class.burst * class.every_ms / SECOND_MS;
            let Class { name, burst, .. } = class;
            headers.push((
                "ratelimit-policy",
                format!("\"{name}\";q={burst};w={window}"),
            ));
            headers.push((
                "ratelimit",
                format!("\"{name}\";r={};t={wait}", verdict.remaining),
            ));
        }
        if verdict.tat.is_none() {
            headers.push(("retry-after", wait.to_string()));
        }
        headers
    }
}

fn seconds_up(ms: i64) -> i64 {
    (ms + SECOND_MS - 1) / SECOND_MS
}

pub(super) fn refusal(class: Class, verdict: Verdict, now: Time) -> Error {
    RATE_LIMITED.with(json!({
        "limit": class.burst,
        "remaining": verdict.remaining,
        "reset_at": now.plus(verdict.wait_ms),
        "scope": class.name,
    }))
}

/// The limiter of an operation whose class rides in an item of its own.
#[derive(Debug, Clone)]
pub struct Rate {
    class: Class,
    on: bool,
    spent: Spent,
}

impl Rate {
    /// Decides one request from the remembered arrival time and returns the one to remember.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`.
    pub fn admit(&self, tat: i64, now: Time) -> Result<i64> {
        let verdict = admit(self.class, tat, now);
        if !self.on {
            return Ok(verdict.tat.unwrap_or(tat));
        }
        self.spent.tell(self.class, verdict);
        verdict.tat.ok_or_else(|| refusal(self.class, verdict, now))
    }

    /// A limiter of a class for rules and their tests.
    pub fn of(limit: Limit) -> Self {
        Self {
            class: limit.class(),
            on: true,
            spent: Spent::default(),
        }
    }
}

impl Take<Call> for Rate {
    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let is_slow = call.slowed_until > Some(call.now);
        let class = call.limit.class().slowed(is_slow);
        let on = env.config().rate_limit;
        Ok(Self {
            class,
            on,
            spent: call.spent.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_one_waits() {
        let class = Limit::Send.class();
        let now = Time(1_000_000);
        let mut tat = 0;
        for left in (0..60).rev() {
            let verdict = admit(class, tat, now);
            assert_eq!(verdict.remaining, left);
            tat = verdict.tat.unwrap();
        }
        let refused = admit(class, tat, now);
        assert_eq!((refused.tat, refused.wait_ms), (None, 1_000));
        assert!(admit(class, tat, now.plus(999)).tat.is_none());
        assert!(admit(class, tat, now.plus(1_000)).tat.is_some());
    }

    #[test]
    fn a_clock_that_jumped_back_locks_nobody_out_for_longer_than_a_full_bucket() {
        let class = Limit::Send.class();
        let verdict = admit(class, 10_000_000, Time(0));
        assert_eq!(verdict.wait_ms, 1_000);
    }
}
