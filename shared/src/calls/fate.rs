//! What time alone makes of a call. Every state is computed from stored times, so a timer that is
//! late, or never comes, changes no result.

use super::call::{CALL_MS_MAX, Call, LOST_MS, MEDIA_WAIT_MS};
use super::words::{Actor, EndedReason, Status};
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// How a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// A terminal state.
    pub status: Status,
    /// Why.
    pub reason: EndedReason,
    /// When, on the server's clock.
    pub at: Time,
    /// Who ended it.
    pub by: Actor,
}

impl End {
    const fn timely(status: Status, reason: EndedReason, at: Time) -> Self {
        Self {
            status,
            reason,
            at,
            by: Actor::System,
        }
    }
}

impl Call {
    /// How time has ended the call by now, if it has; none also for a call that is over anyway.
    /// Once it has, nothing else can be the end: no stored time moves any more.
    pub fn fate(&self, now: Time) -> Option<End> {
        match self.status {
            Status::Initiated | Status::Ringing => {
                let at = self.ring_expires_at;
                (now >= at).then(|| End::timely(Status::Missed, EndedReason::InviteTimeout, at))
            }
            Status::Accepted => {
                let at = self.accepted_at?.plus(MEDIA_WAIT_MS);
                (now >= at).then(|| End::timely(Status::Failed, EndedReason::MediaTimeout, at))
            }
            Status::Connected => self.fate_connected(now),
            _ => None,
        }
    }

    fn fate_connected(&self, now: Time) -> Option<End> {
        let (covered, alive) = (self.covered_until?, self.last_alive.or(self.connected_at)?);
        let lost = alive.plus(LOST_MS);
        if covered <= lost {
            let reason = match () {
                () if self.granted_ms() >= CALL_MS_MAX => EndedReason::MaxDuration,
                () if self.is_short => EndedReason::CreditsExhausted,
                // Nobody looked during the last minute although there was something to pay with.
                () => EndedReason::UnknownError,
            };
            return (now >= covered).then(|| End::timely(Status::Ended, reason, covered));
        }
        (now > lost).then(|| End::timely(Status::Ended, EndedReason::PeerLost, alive))
    }

    /// Whether anything can still happen to the call.
    pub fn is_live(&self, now: Time) -> bool {
        !self.status.is_terminal() && self.fate(now).is_none()
    }

    /// Milliseconds that are reserved, from the connection on.
    pub(super) fn granted_ms(&self) -> i64 {
        self.granted_minutes * MINUTE_MS
    }

    /// The instant at which the call is over at the latest if nothing more happens to it.
    pub fn ends_by(&self) -> Time {
        match (self.status, self.covered_until, self.accepted_at) {
            (Status::Connected, Some(covered), _) => covered,
            (Status::Accepted, _, Some(at)) => at.plus(MEDIA_WAIT_MS + self.granted_ms()),
            _ => {
                let minutes = self.grant.clamp(1, CALL_MS_MAX / MINUTE_MS);
                let talk = MEDIA_WAIT_MS + minutes * MINUTE_MS;
                self.ring_expires_at.plus(talk)
            }
        }
    }

    /// Connected milliseconds up to an end; none when the two never connected. Nothing beyond the
    /// reserved minutes counts.
    pub(super) fn connected_ms(&self, end: Time) -> Option<i64> {
        let (from, covered) = (self.connected_at?, self.covered_until?);
        Some(end.min(covered).since(from))
    }

    /// Started minutes that are billed for a call that ends then.
    pub fn minutes_until(&self, end: Time) -> i64 {
        match self.connected_ms(end) {
            Some(ms) => billed_minutes(ms, self.free_below_seconds),
            None => 0,
        }
    }
}

/// Started minutes of a connected time: at least one, unless so short a call is free.
pub fn billed_minutes(connected_ms: i64, free_below_seconds: i64) -> i64 {
    if connected_ms < free_below_seconds * SECOND_MS {
        return 0;
    }
    ((connected_ms + MINUTE_MS - 1) / MINUTE_MS).max(1)
}
