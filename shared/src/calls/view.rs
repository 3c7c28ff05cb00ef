//! What the API shows of a call, to each side what it may know.

use schemars::JsonSchema;
use serde::Serialize;

use super::call::{CALL_MS_MAX, Call, Side};
use super::candidate::IceCandidate;
use super::relay::SignalView;
use super::turn::IceServer;
use super::words::{CallQuality, CallType, EndedReason, MediaState, Status};
use crate::time::{SECOND_MS, Time};

/// A call as one of the two sees it. What it costs, only the caller knows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CallView {
    /// `cal_…`
    pub id: String,
    /// Who rings and pays.
    pub caller_id: String,
    /// Who is rung.
    pub receiver_id: String,
    /// What is transmitted.
    pub call_type: CallType,
    /// How far it is.
    pub status: Status,
    /// Why it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_reason: Option<EndedReason>,
    /// When it began to ring.
    pub initiated_at: Time,
    /// When it stops ringing; a device that wakes up later stays silent.
    pub ring_expires_at: Time,
    /// When the first device reported that it rings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Time>,
    /// Answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Time>,
    /// When both sides reported media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Time>,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// User id of who ended it, or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// Credits per started minute; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_minute: Option<i64>,
    /// Minutes that are reserved so far; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted_minutes: Option<i64>,
    /// Until when they reach; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_until: Option<Time>,
    /// Longest call, seconds.
    pub max_seconds: i64,
    /// Connected seconds, at the end.
    pub duration_seconds: i64,
    /// Started minutes that were billed; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billed_minutes: Option<i64>,
    /// What it cost; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_spent: Option<i64>,
    /// The transaction that settled it; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// Device or session of the caller.
    pub caller_device_id: String,
    /// Device or session that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_device_id: Option<String>,
    /// What the ends say of their media.
    pub media_state: MediaState,
    /// How it sounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_quality: Option<CallQuality>,
    /// The client's id for it; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_call_id: Option<String>,
    /// Raised by every change.
    pub version: i64,
    /// Same as `initiated_at`.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
}

impl CallView {
    /// The call as a side sees it now.
    pub fn of(call: &Call, side: Side, now: Time) -> Self {
        let call = &call.seen(now);
        let is_caller = side == Side::Caller;
        let settled = is_caller && call.status.is_terminal();
        Self {
            id: call.call_id.clone(),
            caller_id: call.caller_id.clone(),
            receiver_id: call.receiver_id.clone(),
            call_type: call.call_type,
            status: call.status,
            ended_reason: call.reason_for(side),
            initiated_at: call.initiated_at,
            ring_expires_at: call.ring_expires_at,
            ringing_at: call.ringing_at,
            accepted_at: call.accepted_at,
            connected_at: call.connected_at,
            ended_at: call.ended_at,
            ended_by: call.ended_by_id(),
            rate_per_minute: is_caller.then_some(call.rate_per_minute),
            granted_minutes: is_caller.then_some(call.granted_minutes),
            covered_until: call.covered_until.filter(|_| is_caller),
            max_seconds: CALL_MS_MAX / SECOND_MS,
            duration_seconds: call.duration_seconds,
            billed_minutes: settled.then_some(call.billed_minutes),
            credits_spent: is_caller.then_some(call.credits_spent),
            transaction_id: call.transaction_id.clone().filter(|_| is_caller),
            caller_device_id: call.caller_slot.clone(),
            receiver_device_id: call.receiver_slot.clone(),
            media_state: call.media_state,
            call_quality: call.call_quality,
            client_call_id: call.client_call_id.clone().filter(|_| is_caller),
            version: call.version,
            created_at: call.initiated_at,
            updated_at: call.updated_at,
        }
    }
}

impl Call {
    /// User id of who ended it, or `system`.
    pub fn ended_by_id(&self) -> Option<String> {
        use super::words::Actor;
        self.ended_by.map(|actor| match actor {
            Actor::Caller => self.caller_id.clone(),
            Actor::Receiver => self.receiver_id.clone(),
            Actor::System => "system".to_owned(),
        })
    }
}

/// A call with the servers that help the two ends to find each other.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Joined {
    /// The call.
    #[serde(flatten)]
    pub call: CallView,
    /// Servers and credentials, none without a server.
    pub ice_servers: Vec<IceServer>,
    /// Whole minutes that the caller's balance is good for; only for the caller while it rings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affordable_minutes: Option<i64>,
}

/// A call with what the other end has said, for a device that missed it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Opened {
    /// The call.
    #[serde(flatten)]
    pub call: CallView,
    /// Signals of the other end, oldest first.
    pub signals: Vec<SignalView>,
    /// Candidates of the other end that were sent by HTTP.
    pub candidates: Vec<IceCandidate>,
}

/// A call as the answer to a report of media tells it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ConnectedCall")]
pub struct Connected {
    /// How far it is.
    pub status: Status,
    /// When both sides had reported media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Time>,
    /// Until when minutes are reserved; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_until: Option<Time>,
}

impl Connected {
    /// The call as one of the two people sees it.
    pub fn to(call: &Call, user_id: &str) -> Self {
        Self {
            status: call.status,
            connected_at: call.connected_at,
            covered_until: call.covered_until.filter(|_| call.caller_id == user_id),
        }
    }
}

/// How a call is over, as the answer to hanging up tells it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Over {
    /// Always true.
    pub success: bool,
    /// How far it was in the end.
    pub status: Status,
    /// Why it is over.
    pub ended_reason: Option<EndedReason>,
    /// Connected seconds.
    pub duration_seconds: i64,
    /// Started minutes that were billed; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billed_minutes: Option<i64>,
    /// What it cost; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_spent: Option<i64>,
    /// The transaction that settled it; only for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

impl Over {
    /// The end of a call as one of the two people sees it.
    pub fn to(call: &Call, user_id: &str) -> Self {
        let side = match call.caller_id == user_id {
            true => Side::Caller,
            false => Side::Receiver,
        };
        Self::of(call, side)
    }

    /// The end of a call as a side sees it.
    pub fn of(call: &Call, side: Side) -> Self {
        let is_caller = side == Side::Caller;
        Self {
            success: true,
            status: call.status,
            ended_reason: call.reason_for(side),
            duration_seconds: call.duration_seconds,
            billed_minutes: is_caller.then_some(call.billed_minutes),
            credits_spent: is_caller.then_some(call.credits_spent),
            transaction_id: call.transaction_id.clone().filter(|_| is_caller),
        }
    }
}
