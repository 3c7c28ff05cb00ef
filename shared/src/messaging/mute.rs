//! Muting a conversation: for oneself, until an instant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::Head;
use super::outbox::TRIES_MAX;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{CONVERSATION_NOT_FOUND, Result, UNAVAILABLE};
use crate::id::is_id;
use crate::table::Commit;
use crate::time::Time;

/// Until when.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct MuteWish {
    /// The end; without one, or with one that has passed, a mute is taken back.
    pub until: Option<Time>,
}

/// What a mute came to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Muted {
    /// The end; null when the conversation is not muted.
    pub muted_until: Option<Time>,
}

impl MuteWish {
    /// The end; none for a mute that is taken back or over already.
    fn end(&self, now: Time) -> Option<Time> {
        self.until.filter(|end| *end > now)
    }
}

/// Mutes a conversation for one of the two; the partner does not notice.
///
/// # Errors
/// 404 `CONVERSATION_NOT_FOUND`; 503 when others were first too often.
pub async fn mute(
    tables: &Tables,
    (user_id, conversation_id): (&str, &str),
    wish: &MuteWish,
    now: Time,
) -> Result<Muted> {
    if !is_id("cnv", conversation_id) {
        return Err(CONVERSATION_NOT_FOUND.into());
    }
    let muted_until = wish.end(now);
    let key = Head::key_of(conversation_id);
    for round in 1..=TRIES_MAX {
        let head: Option<Head> = tables.get_consistent(&key).await?;
        let head = head.ok_or(CONVERSATION_NOT_FOUND)?;
        let me = head.who(user_id)?;
        if head.seq_for(me) == 0 {
            return Err(CONVERSATION_NOT_FOUND.into());
        }
        let next = head.muting(me, muted_until);
        let commit = Commit::new().replace(&next, head.unchanged(), &UNAVAILABLE);
        match tables.commit(commit).await {
            Ok(()) => return Ok(Muted { muted_until }),
            Err(Missed::Failed(error)) => return Err(error),
            Err(Missed::Refused(_)) => tables.pause(round).await,
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}
