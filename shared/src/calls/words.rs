//! The words of a call: what it is, how far it is, and why it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is transmitted, which decides the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallType {
    /// Sound.
    #[default]
    Audio,
    /// Sound and picture.
    Video,
}

impl CallType {
    /// Policy that states the price of a started minute.
    pub const fn price(self) -> &'static str {
        match self {
            Self::Audio => "price.call.audio",
            Self::Video => "price.call.video",
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CallStatus")]
pub enum Status {
    /// Asked for; passed on the way to `ringing`.
    #[default]
    Initiated,
    /// The receiver's devices ring.
    Ringing,
    /// Answered; both sides connect.
    Accepted,
    /// Both sides hear each other; the meter runs.
    Connected,
    /// Over after it was answered.
    Ended,
    /// Nobody answered in time.
    Missed,
    /// The receiver did not want it, or was busy.
    Rejected,
    /// The caller gave up before the answer.
    Cancelled,
    /// Answered, but the two never connected.
    Failed,
}

/// In the order of their stored codes: append only.
pub(super) const STATUSES: [Status; 9] = [
    Status::Initiated,
    Status::Ringing,
    Status::Accepted,
    Status::Connected,
    Status::Ended,
    Status::Missed,
    Status::Rejected,
    Status::Cancelled,
    Status::Failed,
];

impl Status {
    /// Whether nothing can happen to the call any more.
    pub const fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::Initiated | Self::Ringing | Self::Accepted | Self::Connected
        )
    }

    /// The status of a stored code.
    pub(super) fn of(code: u8) -> Option<Self> {
        STATUSES.get(usize::from(code)).copied()
    }
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedReason {
    /// One of the two hung up.
    UserHangup,
    /// Nobody answered in time.
    InviteTimeout,
    /// The receiver declined.
    Declined,
    /// The receiver was in another call.
    Busy,
    /// The receiver cannot talk, or the call could not go on.
    Unavailable,
    /// The caller gave up before the answer.
    CancelledByCaller,
    /// The two could not reach each other.
    IceFailed,
    /// Reaching each other took too long.
    IceTimeout,
    /// A microphone or camera did not work.
    UserMediaFailed,
    /// The two did not report media in time.
    MediaTimeout,
    /// No further minute could be paid.
    CreditsExhausted,
    /// Neither side gave a sign of life.
    PeerLost,
    /// One of the two blocked the other.
    Blocked,
    /// One of the accounts ended.
    AccountDeleted,
    /// The device or session of one side lost its right.
    DeviceRevoked,
    /// The operator ended it.
    Admin,
    /// It was as long as a call may be.
    MaxDuration,
    /// The meter failed.
    UnknownError,
}

/// In the order of their stored codes: append only.
const REASONS: [EndedReason; 18] = [
    EndedReason::UserHangup,
    EndedReason::InviteTimeout,
    EndedReason::Declined,
    EndedReason::Busy,
    EndedReason::Unavailable,
    EndedReason::CancelledByCaller,
    EndedReason::IceFailed,
    EndedReason::IceTimeout,
    EndedReason::UserMediaFailed,
    EndedReason::MediaTimeout,
    EndedReason::CreditsExhausted,
    EndedReason::PeerLost,
    EndedReason::Blocked,
    EndedReason::AccountDeleted,
    EndedReason::DeviceRevoked,
    EndedReason::Admin,
    EndedReason::MaxDuration,
    EndedReason::UnknownError,
];

impl EndedReason {
    /// The reason of a stored code.
    pub(super) fn of(code: u8) -> Option<Self> {
        REASONS.get(usize::from(code)).copied()
    }
}

/// Who did something to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The one who pays.
    Caller,
    /// The one who was rung.
    Receiver,
    /// Time, a rule or the operator.
    System,
}

impl Actor {
    /// The actor of a stored code.
    pub(super) const fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Caller),
            1 => Some(Self::Receiver),
            2 => Some(Self::System),
            _ => None,
        }
    }
}

/// What the ends say of their media; changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// They flow.
    #[default]
    Ok,
    /// The ends look for another way.
    Reconnecting,
}

/// How a call sounded.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallQuality {
    /// Loss below 1 %, round trip below 150 ms.
    Excellent,
    /// Below 3 % and 300 ms.
    Good,
    /// Below 8 % and 500 ms.
    Fair,
    /// Anything else.
    Poor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_codes_give_the_same_word() {
        for status in STATUSES {
            assert_eq!(Status::of(status as u8), Some(status));
        }
        for reason in REASONS {
            assert_eq!(EndedReason::of(reason as u8), Some(reason));
        }
        for actor in [Actor::Caller, Actor::Receiver, Actor::System] {
            assert_eq!(Actor::of(actor as u8), Some(actor));
        }
        assert_eq!((Status::of(9), EndedReason::of(18)), (None, None));
    }
}
