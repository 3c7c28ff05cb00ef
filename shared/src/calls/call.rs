//! The row of a call: one item below a kilobyte that every transition replaces.

use serde::{Deserialize, Serialize};

use super::timeline::{Step, Timeline};
use super::words::{Actor, CallQuality, CallType, EndedReason, MediaState, Status};
use crate::aws::dynamo::Tables;
use crate::error::{CALL_NOT_FOUND, Result};
use crate::id::is_id;
use crate::pack::Fixed;
use crate::table::{Condition, Item, Key, Name};
use crate::time::{HOUR_MS, SECOND_MS, Time, millis};

/// How long a call rings.
pub const RING_SECONDS: i64 = 45;
/// How long an answered call may take until both sides report media.
pub const MEDIA_WAIT_MS: i64 = 15 * SECOND_MS;
/// Silence of both sides after which a call is lost.
pub const LOST_MS: i64 = 120 * SECOND_MS;
/// A sign of life is stored at most so often.
pub const ALIVE_STORED_MS: i64 = 60 * SECOND_MS;
/// Longest call.
pub const CALL_MS_MAX: i64 = 4 * HOUR_MS;
/// How long a hold outlives the minutes that it pays.
pub const HOLD_GRACE_SECONDS: i64 = 120;
/// Partitions of the index of live calls.
pub const LIVE_SHARDS: u8 = 4;

/// One call of two people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// `cal_…`, derived from the caller and the client's id for it.
    #[serde(rename = "pk")]
    pub call_id: String,
    /// Who rings and pays; partition of the index `called`.
    #[serde(rename = "caller")]
    pub caller_id: String,
    /// Who is rung; partition of the index `rung`.
    #[serde(rename = "callee")]
    pub receiver_id: String,
    /// Place in both of these indexes.
    #[serde(rename = "rang_at", with = "millis")]
    pub initiated_at: Time,
    /// Partition of the index `live_calls` until the call is over.
    #[serde(rename = "live", default)]
    pub live_shard: Option<String>,
    /// Place in that index: the end of the ringing, from which on the sweep looks at the call.
    #[serde(rename = "live_at", default, with = "millis::option")]
    pub live_at: Option<Time>,
    /// What is transmitted.
    #[serde(rename = "ty")]
    pub call_type: CallType,
    /// How far it is, as the last transition left it; see [`Call::fate`].
    #[serde(rename = "st")]
    pub status: Status,
    /// Why it is over.
    #[serde(rename = "er", default)]
    pub ended_reason: Option<EndedReason>,
    /// Raised by every change; each write is conditional on it.
    #[serde(rename = "v")]
    pub version: i64,
    /// End of the ringing.
    #[serde(rename = "rx", with = "millis")]
    pub ring_expires_at: Time,
    /// When the first device reported that it rings.
    #[serde(rename = "ri", default, with = "millis::option")]
    pub ringing_at: Option<Time>,
    /// Answer.
    #[serde(rename = "ac", default, with = "millis::option")]
    pub accepted_at: Option<Time>,
    /// Report of the second side that media flow; the meter starts.
    #[serde(rename = "co", default, with = "millis::option")]
    pub connected_at: Option<Time>,
    /// End.
    #[serde(rename = "en", default, with = "millis::option")]
    pub ended_at: Option<Time>,
    /// Who ended it.
    #[serde(rename = "by", default)]
    pub ended_by: Option<Actor>,
    /// The caller's wallet.
    #[serde(rename = "wa")]
    pub wallet_id: String,
    /// Credits per started minute, frozen at initiation.
    #[serde(rename = "ra")]
    pub rate_per_minute: i64,
    /// Minutes reserved at a time, frozen at initiation.
    #[serde(rename = "gr")]
    pub grant: i64,
    /// Connected time that costs nothing, seconds, frozen at initiation.
    #[serde(rename = "fb", default)]
    pub free_below_seconds: i64,
    /// The reservation, from the answer on; none while minutes are free.
    #[serde(rename = "ho", default)]
    pub hold_id: Option<String>,
    /// Minutes that are reserved so far.
    #[serde(rename = "gm", default)]
    pub granted_minutes: i64,
    /// Until when reserved minutes reach, once connected.
    #[serde(rename = "cu", default, with = "millis::option")]
    pub covered_until: Option<Time>,
    /// Whether the last look found that no further minute can be paid.
    #[serde(rename = "sh", default)]
    pub is_short: bool,
    /// Connected seconds, at the end.
    #[serde(rename = "du", default)]
    pub duration_seconds: i64,
    /// Started minutes that were billed, at the end.
    #[serde(rename = "bm", default)]
    pub billed_minutes: i64,
    /// What it cost.
    #[serde(rename = "cs", default)]
    pub credits_spent: i64,
    /// What of it was given back since.
    #[serde(rename = "rf", default)]
    pub refunded: i64,
    /// Numbers of the rows of the ledger that did.
    #[serde(rename = "rr", default, skip_serializing_if = "Vec::is_empty")]
    pub refund_rows: Vec<i64>,
    /// The transaction that settled it.
    #[serde(rename = "tx", default)]
    pub transaction_id: Option<String>,
    /// The caller's balance after the last booking: available and held.
    #[serde(rename = "ba", default)]
    pub balance: Option<(i64, i64)>,
    /// Device or session of the caller.
    #[serde(rename = "cd")]
    pub caller_slot: String,
    /// Device or session that answered.
    #[serde(rename = "rd", default)]
    pub receiver_slot: Option<String>,
    /// Whether the caller hides the own address: only relayed candidates are passed on.
    #[serde(rename = "ch", default, skip_serializing_if = "is_off")]
    pub caller_hidden: bool,
    /// Whether the receiver does.
    #[serde(rename = "rh", default, skip_serializing_if = "is_off")]
    pub receiver_hidden: bool,
    /// Whether the receiver had phones to push to when it rang.
    #[serde(rename = "rp", default, skip_serializing_if = "is_off")]
    pub is_pushed: bool,
    /// What the ends say of their media.
    #[serde(rename = "ms", default)]
    pub media_state: MediaState,
    /// When the caller reported media.
    #[serde(rename = "cc", default, with = "millis::option")]
    pub caller_connected_at: Option<Time>,
    /// When the receiver did.
    #[serde(rename = "rc", default, with = "millis::option")]
    pub receiver_connected_at: Option<Time>,
    /// The latest sign of life of either side that was stored.
    #[serde(rename = "la", default, with = "millis::option")]
    pub last_alive: Option<Time>,
    /// How it sounded: the worse of the two sides' medians.
    #[serde(rename = "qu", default)]
    pub call_quality: Option<CallQuality>,
    /// Whether a moderator said so; then no report changes it.
    #[serde(rename = "qj", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_quality_judged: bool,
    /// The client's id for it.
    #[serde(rename = "ci", default)]
    pub client_call_id: Option<String>,
    /// What makes two requests for it the same.
    #[serde(rename = "fp")]
    pub fingerprint: Fixed<16>,
    /// Key and content of the request that answered it, if it had a key.
    #[serde(rename = "ak", default)]
    pub accept_key: Option<Fixed<16>>,
    /// Notes of moderators, at most 1,000 characters.
    #[serde(rename = "mn", default)]
    pub moderation_notes: Option<String>,
    /// Transitions.
    #[serde(rename = "tl")]
    pub timeline: Timeline,
    /// Last change.
    #[serde(rename = "ua", with = "millis")]
    pub updated_at: Time,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde asks for"
)]
fn is_off(flag: &bool) -> bool {
    !*flag
}

impl Item for Call {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Call";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.call_id)
    }
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who rings and pays.
    Caller,
    /// Who is rung.
    Receiver,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Receiver,
            Self::Receiver => Self::Caller,
        }
    }

    /// As an actor.
    pub const fn actor(self) -> Actor {
        match self {
            Self::Caller => Actor::Caller,
            Self::Receiver => Actor::Receiver,
        }
    }

    /// Word in sort keys and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Receiver => "receiver",
        }
    }
}

impl Call {
    /// What the partitions of the index of live calls begin with.
    pub const LIVE: &'static str = "call#";

    /// Where a call lies.
    pub fn key_of(call_id: &str) -> Key {
        Key::new(call_id, "call")
    }

    /// Partition of the index of live calls.
    pub fn live_partition(shard: u8) -> String {
        format!("{}{shard}", Self::LIVE)
    }

    /// A call with all earlier writes, whoever asks. 1 RRU.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND`.
    pub async fn load(tables: &Tables, call_id: &str) -> Result<Self> {
        let found = match is_id("cal", call_id) {
            true => tables.get_consistent(&Self::key_of(call_id)).await?,
            false => None,
        };
        found.ok_or_else(|| CALL_NOT_FOUND.into())
    }

    /// The stored call is still the one that this value was read from.
    pub fn unchanged(&self) -> Condition {
        Condition::number("v", self.version)
    }

    /// Which side this person is.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND` for anybody else.
    pub fn side(&self, user_id: &str) -> Result<Side> {
        match user_id {
            id if id == self.caller_id => Ok(Side::Caller),
            id if id == self.receiver_id => Ok(Side::Receiver),
            _ => Err(CALL_NOT_FOUND.into()),
        }
    }

    /// Who is on a side.
    pub fn user(&self, side: Side) -> &str {
        match side {
            Side::Caller => &self.caller_id,
            Side::Receiver => &self.receiver_id,
        }
    }

    /// Device or session on a side, once there is one.
    pub fn slot(&self, side: Side) -> Option<&str> {
        match side {
            Side::Caller => Some(&self.caller_slot),
            Side::Receiver => self.receiver_slot.as_deref(),
        }
    }

    /// Whether a side hides the own address.
    pub const fn hides(&self, side: Side) -> bool {
        match side {
            Side::Caller => self.caller_hidden,
            Side::Receiver => self.receiver_hidden,
        }
    }

    /// The side on which this person's device or session is one of the two ends.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND` for everybody and everything else.
    pub fn end_of(&self, user_id: &str, slot: &str) -> Result<Side> {
        let side = self.side(user_id)?;
        match self.slot(side) == Some(slot) {
            true => Ok(side),
            false => Err(CALL_NOT_FOUND.into()),
        }
    }

    /// The call after a change that is no transition.
    #[must_use]
    pub(super) fn touched(&self, now: Time) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now.max(self.updated_at),
            ..self.clone()
        }
    }

    /// The call after a transition at `at`, noticed `now`.
    #[must_use]
    pub(super) fn moved(&self, to: Status, (actor, at): (Actor, Time), now: Time) -> Self {
        let mut next = self.touched(now);
        next.timeline.push(Step {
            at,
            from: self.status,
            to,
            actor,
            reason: None,
        });
        next.status = to;
        next
    }
}
