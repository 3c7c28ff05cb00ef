//! What the two people do to a call: answering, declining, reporting, hanging up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{CALL_MS_MAX, Call, HOLD_GRACE_SECONDS, MEDIA_WAIT_MS, Side};
use super::fate::End;
use super::finish::Turn;
use super::words::{Actor, EndedReason, Status};
use crate::credits::{NewHold, Wallet};
use crate::error::{
    ANSWERED_ELSEWHERE, CALL_ENDED, CALL_NOT_FOUND, CALL_STATE_CONFLICT, Error,
    INSUFFICIENT_CREDITS, Result, WALLET_FROZEN,
};
use crate::pack::Fixed;
use crate::time::{MINUTE_MS, Time};

/// Why somebody hangs up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HangupReason")]
pub enum Wish {
    /// The talk is over.
    #[default]
    UserHangup,
    /// The two could not reach each other.
    IceFailed,
    /// Reaching each other took too long.
    IceTimeout,
    /// A microphone or camera does not work.
    UserMediaFailed,
}

impl Wish {
    pub(super) const fn reason(self) -> EndedReason {
        match self {
            Self::UserHangup => EndedReason::UserHangup,
            Self::IceFailed => EndedReason::IceFailed,
            Self::IceTimeout => EndedReason::IceTimeout,
            Self::UserMediaFailed => EndedReason::UserMediaFailed,
        }
    }

    pub(super) const fn is_failure(self) -> bool {
        !matches!(self, Self::UserHangup)
    }
}

/// Why somebody declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Does not want to.
    Declined,
    /// Talks to somebody else.
    Busy,
    /// Cannot talk.
    Unavailable,
}

impl Refusal {
    const fn reason(self) -> EndedReason {
        match self {
            Self::Declined => EndedReason::Declined,
            Self::Busy => EndedReason::Busy,
            Self::Unavailable => EndedReason::Unavailable,
        }
    }
}

/// What comes with an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Acceptance {
    /// Key and content of the request, if it had a key.
    pub key: Option<Fixed<16>>,
    /// Whether the receiver hides the own address.
    pub hidden: bool,
}

/// What a step comes to.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives for one decision, on the stack"
)]
pub enum Answered {
    /// This happens.
    Turn(Turn),
    /// It happened before; nothing is to be done.
    Before,
}

impl Answered {
    /// What is to be written, if anything.
    pub fn turn(self) -> Option<Turn> {
        match self {
            Self::Turn(turn) => Some(turn),
            Self::Before => None,
        }
    }
}

impl Call {
    /// 410 with how the call is over, as this side may know it.
    pub fn gone(&self, side: Side) -> Error {
        CALL_ENDED.with(json!({
            "status": self.status,
            "ended_reason": self.reason_for(side),
        }))
    }

    /// Why it is over as this side may know it: the receiver never learns that credits ran out.
    pub fn reason_for(&self, side: Side) -> Option<EndedReason> {
        self.ended_reason.map(|reason| match (side, reason) {
            (Side::Receiver, EndedReason::CreditsExhausted) => EndedReason::Unavailable,
            _ => reason,
        })
    }

    fn conflict(&self) -> Error {
        CALL_STATE_CONFLICT.with(json!({ "status": self.status }))
    }

    /// The call itself while it is live.
    ///
    /// # Errors
    /// 410 `CALL_ENDED`.
    pub fn living(&self, side: Side, now: Time) -> Result<&Self> {
        match self.is_live(now) {
            true => Ok(self),
            false => Err(self.seen(now).gone(side)),
        }
    }

    /// The receiver answers on a device. Minutes are reserved in the caller's wallet; if there is
    /// none to pay, the call fails instead, which the returned state tells.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND` for anybody but the receiver; 409 `ANSWERED_ELSEWHERE`; 410
    /// `CALL_ENDED`.
    pub fn accept(
        &self,
        (user_id, slot): (&str, &str),
        (wallet, hold_id): (&Wallet, &str),
        with: &Acceptance,
        now: Time,
    ) -> Result<Answered> {
        if self.side(user_id)? != Side::Receiver {
            return Err(CALL_NOT_FOUND.into());
        }
        self.living(Side::Receiver, now)?;
        if self.status != Status::Ringing {
            return match self.receiver_slot.as_deref() == Some(slot) {
                true => Ok(Answered::Before),
                false => Err(ANSWERED_ELSEWHERE.into()),
            };
        }
        let Some(minutes) = self.affordable(wallet, 0) else {
            let end = End {
                status: Status::Failed,
                reason: EndedReason::CreditsExhausted,
                at: now,
                by: Actor::System,
            };
            return Ok(Answered::Turn(Turn::of(self.over(end, now))));
        };
        let mut next = self.moved(Status::Accepted, (Actor::Receiver, now), now);
        next.accepted_at = Some(now);
        next.receiver_slot = Some(slot.to_owned());
        next.granted_minutes = minutes;
        next.accept_key = with.key;
        next.receiver_hidden = with.hidden;
        next.reserved((wallet, hold_id), now).map(Answered::Turn)
    }

    /// The answered call with its first minutes reserved, unless they are free.
    fn reserved(mut self, (wallet, hold_id): (&Wallet, &str), now: Time) -> Result<Turn> {
        if self.rate_per_minute == 0 {
            return Ok(Turn::of(self));
        }
        let mut booking = wallet.book(now);
        booking.hold(NewHold {
            hold_id: hold_id.to_owned(),
            call_id: self.call_id.clone(),
            amount: self.granted_minutes * self.rate_per_minute,
            rate: self.rate_per_minute,
            timeout_seconds: self.granted_minutes * 60 + HOLD_GRACE_SECONDS,
        })?;
        self.hold_id = Some(hold_id.to_owned());
        self.balance = Some((booking.wallet.available, booking.wallet.held));
        Ok(Turn {
            booking: Some(booking),
            ..Turn::of(self)
        })
    }

    /// Whole minutes that are to be reserved next, after so many: as many as are reserved at a
    /// time, can be paid, and still belong into the longest call. None if that is none.
    pub(super) fn affordable(&self, wallet: &Wallet, granted: i64) -> Option<i64> {
        let left = CALL_MS_MAX / MINUTE_MS - granted;
        let minutes = self.grant.max(1).min(left);
        let minutes = match self.rate_per_minute {
            0 => minutes,
            _ if wallet.frozen || wallet.closed => 0,
            rate => minutes.min(wallet.available / rate),
        };
        (minutes > 0).then_some(minutes)
    }

    /// The receiver does not want the call.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND` for anybody but the receiver; 409 `CALL_STATE_CONFLICT` once it is
    /// answered; 410 `CALL_ENDED`.
    pub fn reject(&self, user_id: &str, refusal: Refusal, now: Time) -> Result<Turn> {
        if self.side(user_id)? != Side::Receiver {
            return Err(CALL_NOT_FOUND.into());
        }
        self.living(Side::Receiver, now)?;
        if self.status != Status::Ringing {
            return Err(self.conflict());
        }
        let end = End {
            status: Status::Rejected,
            reason: refusal.reason(),
            at: now,
            by: Actor::Receiver,
        };
        Ok(Turn::of(self.over(end, now)))
    }

    /// A device of the receiver rings; the first one counts.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND` for anybody but the receiver; 410 `CALL_ENDED`.
    pub fn rings(&self, user_id: &str, now: Time) -> Result<Answered> {
        if self.side(user_id)? != Side::Receiver {
            return Err(CALL_NOT_FOUND.into());
        }
        self.living(Side::Receiver, now)?;
        if self.status != Status::Ringing || self.ringing_at.is_some() {
            return Ok(Answered::Before);
        }
        let mut next = self.touched(now);
        next.ringing_at = Some(now);
        Ok(Answered::Turn(Turn::of(next)))
    }

    /// One end reports that media flow; the second report starts the meter.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND` for whoever is no end of it; 409 `CALL_STATE_CONFLICT` before the
    /// answer; 410 `CALL_ENDED`.
    pub fn connects(&self, (user_id, slot): (&str, &str), now: Time) -> Result<Answered> {
        let side = self.side(user_id)?;
        self.living(side, now)?;
        if self.status == Status::Ringing {
            return Err(self.conflict());
        }
        self.end_of(user_id, slot)?;
        let known = match side {
            Side::Caller => self.caller_connected_at,
            Side::Receiver => self.receiver_connected_at,
        };
        if known.is_some() {
            return Ok(Answered::Before);
        }
        let is_second = self.caller_connected_at.is_some() || self.receiver_connected_at.is_some();
        let mut next = match is_second {
            true => self.moved(Status::Connected, (side.actor(), now), now),
            false => self.touched(now),
        };
        match side {
            Side::Caller => next.caller_connected_at = Some(now),
            Side::Receiver => next.receiver_connected_at = Some(now),
        }
        if is_second {
            next.connected_at = Some(now);
            next.covered_until = Some(now.plus(self.granted_ms()));
            next.last_alive = Some(now);
        }
        Ok(Answered::Turn(Turn::of(next)))
    }

    /// When both ends must have reported media.
    pub fn media_due(&self) -> Option<Time> {
        self.accepted_at.map(|at| at.plus(MEDIA_WAIT_MS))
    }
}

/// Whether a caller can pay the first minute.
///
/// # Errors
/// 409 `WALLET_FROZEN`; 402 `INSUFFICIENT_CREDITS` with the price of a minute as required.
pub fn can_pay(wallet: &Wallet, rate: i64) -> Result<()> {
    if rate == 0 {
        return Ok(());
    }
    if wallet.frozen || wallet.closed {
        return Err(WALLET_FROZEN.into());
    }
    match wallet.available < rate {
        true => Err(INSUFFICIENT_CREDITS.with(json!({
            "required": rate,
            "available": wallet.available,
        }))),
        false => Ok(()),
    }
}
