//! The end of a call and its settlement: one commit, whoever ends it.

use super::answer::Wish;
use super::call::{Call, Side};
use super::fate::End;
use super::signal::Signal;
use super::words::{EndedReason, Status};
use crate::credits::{Booking, Wallet};
use crate::error::{Result, UNAVAILABLE};
use crate::table::Commit;
use crate::time::{SECOND_MS, Time};

/// The next state of a call and what is booked with it.
#[derive(Debug)]
pub struct Turn {
    /// The call afterwards.
    pub call: Call,
    /// The caller's wallet afterwards, if it is part of this.
    pub booking: Option<Booking>,
    /// A signal that comes with it.
    pub signal: Option<Signal>,
}

impl Turn {
    /// A change without money.
    pub(super) const fn of(call: Call) -> Self {
        Self {
            call,
            booking: None,
            signal: None,
        }
    }

    /// The writes, each conditional on what was read. A refusal with the call's key comes first.
    pub fn commit(self, before: &Call) -> (Call, Commit) {
        let commit = Commit::new().replace(&self.call, before.unchanged(), &UNAVAILABLE);
        let commit = match self.booking {
            Some(booking) => commit.with(booking.commit()),
            None => commit,
        };
        let commit = match &self.signal {
            Some(signal) => commit.create(signal, &UNAVAILABLE),
            None => commit,
        };
        (self.call, commit)
    }
}

impl Call {
    /// The call as it is once this end is noted, apart from the books: what everybody may read
    /// of it from the instant of the end on.
    #[must_use]
    pub fn over(&self, end: End, now: Time) -> Self {
        let mut next = self.moved(end.status, (end.by, end.at), now);
        if let Some(step) = next.timeline.0.last_mut() {
            step.reason = Some(end.reason);
        }
        next.ended_reason = Some(end.reason);
        next.ended_at = Some(end.at);
        next.ended_by = Some(end.by);
        (next.live_shard, next.live_at) = (None, None);
        if let Some(ms) = self.connected_ms(end.at) {
            next.duration_seconds = ms / SECOND_MS;
            next.billed_minutes = self.minutes_until(end.at);
            next.credits_spent = next.billed_minutes * self.rate_per_minute;
        }
        next
    }

    /// The call as it is now: as stored, or as time has ended it in the meantime.
    #[must_use]
    pub fn seen(&self, now: Time) -> Self {
        match self.fate(now) {
            Some(end) => self.over(end, now),
            None => self.clone(),
        }
    }

    /// Ends the call: what was used of its hold is charged and the rest released, in the same
    /// commit. `wallet` is the caller's; it is needed once there is a hold.
    ///
    /// # Errors
    /// 500 when the books do not hold what the call says.
    pub fn finish(&self, end: End, wallet: Option<&Wallet>, now: Time) -> Result<Turn> {
        let mut next = self.over(end, now);
        let held = self.hold_id.as_deref().zip(wallet);
        let held = held.and_then(|(id, wallet)| Some((wallet, wallet.open_hold(id)?)));
        let Some((wallet, hold)) = held else {
            // Nothing is reserved: what is not held cannot be charged.
            next.credits_spent = 0;
            return Ok(Turn::of(next));
        };
        let mut booking = wallet.book(now);
        let settled = match next.credits_spent {
            0 => booking.void(hold)?,
            used => booking.post(hold, used)?,
        };
        next.transaction_id = settled.transaction_id;
        next.balance = Some((booking.wallet.available, booking.wallet.held));
        Ok(Turn {
            booking: Some(booking),
            ..Turn::of(next)
        })
    }

    /// Whether settling needs the caller's wallet.
    pub fn holds(&self) -> bool {
        self.hold_id.is_some() && !self.status.is_terminal()
    }

    /// How a wish to hang up ends the call, by the side that has it. What time has ended already
    /// keeps that end.
    pub fn hang_up(&self, side: Side, wish: Wish, now: Time) -> End {
        if let Some(end) = self.fate(now) {
            return end;
        }
        let (status, reason) = match (self.status, side) {
            (Status::Initiated | Status::Ringing, Side::Caller) => {
                (Status::Cancelled, EndedReason::CancelledByCaller)
            }
            (Status::Initiated | Status::Ringing, Side::Receiver) => {
                (Status::Rejected, EndedReason::Declined)
            }
            (Status::Accepted, _) if wish.is_failure() => (Status::Failed, wish.reason()),
            _ => (Status::Ended, wish.reason()),
        };
        let by = side.actor();
        End {
            status,
            reason,
            // Never before the connection, though the clocks of two servers differ.
            at: self.connected_at.map_or(now, |from| from.max(now)),
            by,
        }
    }
}
