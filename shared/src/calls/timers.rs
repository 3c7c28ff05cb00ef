//! Timers: delayed messages that write down in time what stored times say anyway.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::look::Look;
use super::words::Status;
use crate::aws::queue::{MediaWaits, Meters, Queue, Rings};
use crate::desk::desk;
use crate::error::Result;
use crate::time::{SECOND_MS, Time};

/// Longest delay of a message, seconds (AWS limit).
const DELAY_SECONDS_MAX: i64 = 900;

/// Body of the queues `rings` and `media-waits`: a call to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// `cal_…`
    pub call_id: String,
    /// When it is due, epoch milliseconds.
    pub at: i64,
}

/// Body of the queue `meters`: a look at the meter of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// `cal_…`
    pub call_id: String,
    /// Until when minutes were reserved as the look was planned; another one is planned whenever
    /// more are.
    pub covered_until: i64,
    /// When it is due, epoch milliseconds.
    pub at: i64,
}

desk! {
    /// The queues of everybody who times calls.
    Timers {
        rings: Queue<Rings> = "Ends of the ringing.",
        waits: Queue<MediaWaits> = "Ends of the wait for media.",
        meters: Queue<Meters> = "Looks at the meter.",
    }
}

/// Whole seconds until an instant, at least 0; a look comes rather late than early.
pub fn delay(at: Time, now: Time) -> i32 {
    let seconds = (at.since(now) + SECOND_MS - 1) / SECOND_MS;
    i32::try_from(seconds.min(DELAY_SECONDS_MAX)).unwrap_or(0)
}

impl Timers {
    /// Sets the timer that the call's state asks for. A timer that is lost is made up for by the
    /// sweep, so this never fails an operation that has succeeded.
    pub async fn set(&self, call: &Call, now: Time, request_id: &str) {
        let set = self.try_set(call, now, request_id).await;
        if let Err(error) = set {
            crate::log::alarm("calls", &format!("a timer was not set: {error}"));
        }
    }

    async fn try_set(&self, call: &Call, now: Time, request_id: &str) -> Result<()> {
        let wait = |at: Time| Wait {
            call_id: call.call_id.clone(),
            at: at.ms(),
        };
        match call.status {
            Status::Ringing => {
                let at = call.ring_expires_at;
                let jobs = [wait(at)];
                self.rings
                    .send_later(&jobs, delay(at, now), request_id)
                    .await
            }
            Status::Accepted => match call.media_due() {
                Some(at) => {
                    let jobs = [wait(at)];
                    self.waits
                        .send_later(&jobs, delay(at, now), request_id)
                        .await
                }
                None => Ok(()),
            },
            Status::Connected => match Meter::first(call, now) {
                Some((job, seconds)) => self.meters.send_later(&[job], seconds, request_id).await,
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl Meter {
    /// The look after this one; none when the call is over or another plan was made meanwhile.
    pub fn following(&self, look: &Look, now: Time) -> Option<(Self, i32)> {
        let same = look.call.covered_until.map(Time::ms) == Some(self.covered_until);
        match (same || look.extended) && !look.call.status.is_terminal() {
            true => Self::next(&look.call, now),
            false => None,
        }
    }

    /// The first look at a call that has just got its minutes; it may be due at once.
    fn first(call: &Call, now: Time) -> Option<(Self, i32)> {
        Self::planned(call, call.next_look(now.plus(-1))?, now)
    }

    /// The next look at a call, and after how many seconds.
    pub fn next(call: &Call, now: Time) -> Option<(Self, i32)> {
        Self::planned(call, call.next_look(now)?, now)
    }

    fn planned(call: &Call, at: Time, now: Time) -> Option<(Self, i32)> {
        let covered = call.covered_until?;
        let job = Self {
            call_id: call.call_id.clone(),
            covered_until: covered.ms(),
            at: at.ms(),
        };
        Some((job, delay(at, now)))
    }
}
