//! What the two ends of a call say of it afterwards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Call, Side};
use crate::error::{CALL_STATE_CONFLICT, Result};
use crate::table::{Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};

/// How long after its end a call can be rated.
const RATED_MS: i64 = DAY_MS;

/// What somebody says of a call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rating {
    /// 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub rating: i64,
    /// Why.
    #[schemars(length(max = 200), extend("x-text" = "plain"))]
    pub reason: Option<String>,
}

/// What one side said of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// `cal_…`
    #[serde(rename = "pk")]
    pub call_id: String,
    /// Sort key.
    #[serde(rename = "sk")]
    pub place: String,
    /// 1 to 5.
    pub rating: i64,
    /// Why, at most 200 characters.
    #[serde(default)]
    pub reason: Option<String>,
    /// When.
    #[serde(with = "millis")]
    pub at: Time,
}

impl Item for Feedback {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Call feedback";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.call_id, &*self.place)
    }
}

impl Feedback {
    /// What the sort keys begin with.
    pub const PREFIX: &'static str = "feedback#";

    /// Where what a side said lies.
    pub fn key_of(call_id: &str, side: Side) -> Key {
        Key::new(call_id, format!("{}{}", Self::PREFIX, side.as_str()))
    }

    /// What one of the two says of a call that connected, within a day of its end.
    ///
    /// # Errors
    /// 404 `CALL_NOT_FOUND`; 409 `CALL_STATE_CONFLICT` before the end, a day after it, and for a
    /// call that never connected.
    pub fn of(call: &Call, user_id: &str, rating: Rating, now: Time) -> Result<Self> {
        let side = call.side(user_id)?;
        let seen = call.seen(now);
        let talked = seen.connected_at.and(seen.ended_at);
        if talked.is_none_or(|end| now.since(end) >= RATED_MS) {
            let details = serde_json::json!({ "status": seen.status });
            return Err(CALL_STATE_CONFLICT.with(details));
        }
        Ok(Self {
            call_id: call.call_id.clone(),
            place: Self::key_of(&call.call_id, side).sk,
            rating: rating.rating,
            reason: rating.reason.filter(|reason| !reason.is_empty()),
            at: now,
        })
    }
}
