//! Typing: never stored, told to the partner's sockets, forgotten after six seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::head::Head;
use crate::aws::dynamo::Tables;
use crate::env::Env;
use crate::error::{CONVERSATION_NOT_FOUND, Result};
use crate::function::Take;
use crate::http::{Call, Rate};
use crate::time::Time;

/// How long receivers show it, milliseconds.
pub const EXPIRES_IN_MS: i64 = 6_000;
/// States remembered by one instance.
const KEPT_MAX: usize = 10_000;

/// What somebody is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypingState {
    /// Writing.
    Composing,
    /// No longer.
    Paused,
}

/// Conversation, person and state, and when the next one may be told, epoch milliseconds.
type Told = HashMap<(String, String, TypingState), i64>;

/// Limits how often a state is told, in the memory of one instance: nothing is written for it.
#[derive(Clone, Debug)]
pub struct Typing {
    told: Arc<Mutex<Told>>,
    rate: Rate,
}

impl Take<Call> for Typing {
    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let told = env.part(|_| Mutex::new(Told::new()));
        Ok(Self {
            told,
            rate: Rate::take(env, call).await?,
        })
    }
}

impl Typing {
    /// Whom to tell, and what; nobody while one of the two blocks the other, and neither notices.
    ///
    /// # Errors
    /// 404 `CONVERSATION_NOT_FOUND`; 429 `RATE_LIMITED`.
    pub async fn tell(
        &self,
        tables: &Tables,
        (user_id, conversation_id): (&str, &str),
        state: TypingState,
        now: Time,
    ) -> Result<Option<(String, Value)>> {
        let head: Option<Head> = tables.get(&Head::key_of(conversation_id)).await?;
        let exists = |head: &Head| head.who(user_id).is_ok_and(|me| head.seq_for(me) > 0);
        let head = head.filter(exists).ok_or(CONVERSATION_NOT_FOUND)?;
        let me = head.who(user_id)?;
        self.admit((conversation_id, user_id, state), now)?;
        let data = json!({
            "conversation_id": conversation_id,
            "user_id": user_id,
            "state": state,
            "expires_in_ms": EXPIRES_IN_MS,
        });
        let told = Some((head.user(me.other()), data));
        // Nor does it tell of a conversation that the other has not seen anything of.
        let known = head.seq_for(me.other()) > 0;
        Ok(told.filter(|_| known && !head.is_blocked()))
    }

    fn admit(&self, what: (&str, &str, TypingState), now: Time) -> Result<()> {
        let mut kept = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, tat| *tat > now.ms());
        }
        let tat = kept
            .entry((what.0.to_owned(), what.1.to_owned(), what.2))
            .or_default();
        *tat = self.rate.admit(*tat, now)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::limit::Limit;

    #[test]
    fn the_same_state_is_told_once_in_three_seconds() {
        let typing = Typing {
            told: Arc::default(),
            rate: Rate::of(Limit::Typing),
        };
        let tell = |state, ms| typing.admit(("cnv_x", "usr_x", state), Time(ms)).is_ok();
        assert!(tell(TypingState::Composing, 10_000));
        assert!(!tell(TypingState::Composing, 12_999));
        assert!(tell(TypingState::Paused, 12_999));
        assert!(tell(TypingState::Composing, 13_000));
    }
}
