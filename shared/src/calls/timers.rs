//! Timers: delayed messages that write down in time what stored times say anyway.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::look::Look;
use super::words::Status;
use crate::aws::queue::{MediaWaits, Meters, Named, Queue, Rings};
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

/// A queue of timers that calls in some state ask for.
pub trait Timer: Named {
    /// What its messages say.
    type Job: Serialize;

    /// The timer that the call's state asks for, and after how many seconds; none in other states.
    fn planned(call: &Call, now: Time) -> Option<(Self::Job, i32)>;
}

impl Timer for Rings {
    type Job = Wait;

    fn planned(call: &Call, now: Time) -> Option<(Wait, i32)> {
        let is_ringing = call.status == Status::Ringing;
        is_ringing.then(|| Wait::until(call, call.ring_expires_at, now))
    }
}

impl Timer for MediaWaits {
    type Job = Wait;

    fn planned(call: &Call, now: Time) -> Option<(Wait, i32)> {
        let is_accepted = call.status == Status::Accepted;
        let due = call.media_due().filter(|_| is_accepted);
        due.map(|at| Wait::until(call, at, now))
    }
}

impl Timer for Meters {
    type Job = Meter;

    fn planned(call: &Call, now: Time) -> Option<(Meter, i32)> {
        let is_connected = call.status == Status::Connected;
        is_connected.then(|| Meter::first(call, now)).flatten()
    }
}

/// Whole seconds until an instant, at least 0; a look comes rather late than early.
pub fn delay(at: Time, now: Time) -> i32 {
    let seconds = (at.since(now) + SECOND_MS - 1) / SECOND_MS;
    i32::try_from(seconds.min(DELAY_SECONDS_MAX)).unwrap_or(0)
}

/// Sets the timer of a queue that the call's state asks for. A timer that is lost is made up for by
/// the sweep, so this never fails an operation that has succeeded.
pub async fn set_timer<T: Timer>(queue: &Queue<T>, call: &Call, now: Time, request_id: &str)
where
    T::Job: Send + Sync,
{
    let Some((job, seconds)) = T::planned(call, now) else {
        return;
    };
    if let Err(error) = queue.send_later(&[job], seconds, request_id).await {
        crate::log::alarm("calls", &format!("a timer was not set: {error}"));
    }
}

impl Wait {
    fn until(call: &Call, at: Time, now: Time) -> (Self, i32) {
        let job = Self {
            call_id: call.call_id.clone(),
            at: at.ms(),
        };
        (job, delay(at, now))
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
