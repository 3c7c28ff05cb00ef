//! Claims: who looks at an item, and for how long nobody else can.

use serde_json::json;

use super::item::{ItemState, ModerationItem};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{CLAIMED_BY_OTHER, Error, ITEM_RESOLVED, Result};
use crate::table::{DUE, Name, Query, Range, Value};
use crate::time::{MINUTE_MS, Time};

/// How long a claim holds.
pub const CLAIM_MS: i64 = 15 * MINUTE_MS;
/// Claims that one run frees.
const FREED_MAX: usize = 1_000;

impl ModerationItem {
    /// Where it is on its way now: a claim whose end has passed counts no more, freed or not.
    pub fn state_at(&self, now: Time) -> ItemState {
        match self.state {
            ItemState::Claimed if self.claim_until <= Some(now) => ItemState::Open,
            state => state,
        }
    }

    /// Refuses a claim of somebody else that holds.
    ///
    /// # Errors
    /// 409 `CLAIMED_BY_OTHER` {until}.
    pub fn is_free_for(&self, admin_id: &str, now: Time) -> Result<()> {
        let others = self.claimed_by.as_deref() != Some(admin_id);
        match self.state_at(now) == ItemState::Claimed && others {
            true => Err(CLAIMED_BY_OTHER.with(json!({ "until": self.claim_until }))),
            false => Ok(()),
        }
    }

    /// Refuses what an admin cannot decide: an item that is decided, or claimed by somebody else.
    ///
    /// # Errors
    /// 409 `ITEM_RESOLVED`, `CLAIMED_BY_OTHER` {until}.
    pub fn is_open_for(&self, admin_id: &str, now: Time) -> Result<()> {
        if !self.is_unresolved() {
            return Err(Error::from(&ITEM_RESOLVED));
        }
        self.is_free_for(admin_id, now)
    }

    /// Claimed from now on; a claim of the same admin begins anew.
    ///
    /// # Errors
    /// 409 `ITEM_RESOLVED`, `CLAIMED_BY_OTHER` {until}.
    pub fn claimed(&self, admin_id: &str, now: Time) -> Result<Self> {
        self.is_open_for(admin_id, now)?;
        let mut next = self.next();
        next.state = ItemState::Claimed;
        next.claimed_by = Some(admin_id.to_owned());
        next.claim_until = Some(now.plus(CLAIM_MS));
        Ok(next.placed())
    }

    /// Back in the queue, where it was.
    #[must_use]
    pub fn freed(&self) -> Self {
        let mut next = self.next();
        next.state = ItemState::Open;
        (next.claimed_by, next.claim_until) = (None, None);
        next.placed()
    }
}

/// Puts the items whose claims have lapsed back into the queue, and counts them. One that was
/// claimed again meanwhile stays.
///
/// # Errors
/// 503 when the table does not answer; doing it again is harmless.
pub async fn expire_claims(tables: &Tables, now: Time) -> Result<usize> {
    let due = Range::Before(Value::N((now.ms() + 1).to_string()));
    let query = Query::of(Name::Data, ModerationItem::CLAIMS).by(DUE);
    let lapsed: Vec<ModerationItem> = tables.query(query.range(due).limit(FREED_MAX)).await?;
    let mut freed = 0;
    for item in lapsed {
        match tables.commit(item.freed().commit()).await {
            Ok(()) => freed += 1,
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok(freed)
}
