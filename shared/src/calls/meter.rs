//! The meter: minutes are reserved before they are used, and signs of life are noted.

use super::call::{ALIVE_STORED_MS, CALL_MS_MAX, Call, HOLD_GRACE_SECONDS, Side};
use super::finish::Turn;
use super::words::{MediaState, Status};
use crate::credits::Wallet;
use crate::error::Result;
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// Seconds before the end of the reserved minutes at which more are reserved.
pub const EXTEND_SECONDS: i64 = 60;
/// Seconds before the end at which a caller without credits is warned.
pub const WARNINGS: [i64; 2] = [60, 15];

/// What a look at the meter comes to.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives for one decision, on the stack"
)]
pub enum Metered {
    /// This is to be written.
    Turn(Turn),
    /// Nothing is to be done.
    Nothing,
}

impl Call {
    /// Whether less than a minute is left of what is reserved, so that the wallet has to be asked.
    pub fn is_running_out(&self, now: Time) -> bool {
        let left = self.covered_until.map(|until| until.since(now));
        self.status == Status::Connected
            && self.fate(now).is_none()
            && self.granted_ms() < CALL_MS_MAX
            && left.is_some_and(|left| left <= EXTEND_SECONDS * SECOND_MS)
    }

    /// Reserves further minutes, or notes that there are none to pay. A sign of life that comes
    /// along is noted with it.
    ///
    /// # Errors
    /// 500 when the books do not hold what the call says.
    pub fn extend(&self, wallet: &Wallet, alive: Option<Time>, now: Time) -> Result<Metered> {
        let (true, Some(covered)) = (self.is_running_out(now), self.covered_until) else {
            return Ok(Metered::Nothing);
        };
        let Some(minutes) = self.affordable(wallet, self.granted_minutes) else {
            if self.is_short {
                return Ok(Metered::Nothing);
            }
            let mut next = self.touched(now);
            next.is_short = true;
            next.last_alive = alive.max(self.last_alive);
            return Ok(Metered::Turn(Turn::of(next)));
        };
        let mut next = self.touched(now);
        next.is_short = false;
        next.last_alive = alive.max(self.last_alive);
        next.granted_minutes += minutes;
        let until = covered.plus(minutes * MINUTE_MS);
        next.covered_until = Some(until);
        let hold = self.hold_id.as_deref().and_then(|id| wallet.open_hold(id));
        let Some(hold) = hold else {
            return Ok(match self.rate_per_minute {
                0 => Metered::Turn(Turn::of(next)),
                // Without a hold there is nothing to extend; the call ends with its minutes.
                _ => Metered::Nothing,
            });
        };
        let mut booking = wallet.book(now);
        let expires_at = until.plus(HOLD_GRACE_SECONDS * SECOND_MS);
        booking.extend(hold, minutes * self.rate_per_minute, expires_at)?;
        next.balance = Some((booking.wallet.available, booking.wallet.held));
        let booking = Some(booking);
        Ok(Metered::Turn(Turn {
            booking,
            ..Turn::of(next)
        }))
    }

    /// Notes a sign of life of one of the ends, if the last one is old enough.
    pub fn alive(&self, media: Option<MediaState>, now: Time) -> Metered {
        let known = self.last_alive.or(self.connected_at);
        let is_due = known.is_some_and(|last| now.since(last) >= ALIVE_STORED_MS);
        if self.status != Status::Connected || !is_due || self.fate(now).is_some() {
            return Metered::Nothing;
        }
        let mut next = self.touched(now);
        next.last_alive = Some(now);
        next.media_state = media.unwrap_or(self.media_state);
        Metered::Turn(Turn::of(next))
    }

    /// The warning that a caller without further credits is due now, as seconds that are left.
    pub fn warning(&self, now: Time) -> Option<i64> {
        let covered = self.covered_until.filter(|_| self.is_short)?;
        let left = covered.since(now);
        let reached = |seconds: &i64| left <= seconds * SECOND_MS;
        let due = WARNINGS.into_iter().filter(reached).min()?;
        self.is_live(now).then_some(due)
    }

    /// When the meter has to look next: a minute before the end of what is reserved, at the second
    /// warning, at the end.
    pub fn next_look(&self, now: Time) -> Option<Time> {
        let covered = self.covered_until?;
        let before = |seconds: i64| covered.plus(-seconds * SECOND_MS);
        let looks = [before(EXTEND_SECONDS), before(15), covered];
        looks.into_iter().find(|at| *at > now)
    }

    /// Whether this is one of the two people, and which.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND`; 410 `CALL_ENDED`.
    pub fn live_side(&self, user_id: &str, now: Time) -> Result<Side> {
        let side = self.side(user_id)?;
        self.living(side, now).map(|_| side)
    }
}
