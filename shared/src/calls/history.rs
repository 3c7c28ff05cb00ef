//! The calls of a person, newest first, and what they came to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Call, Side};
use super::lock::{CallStats, Lock};
use super::sweep::CallRef;
use super::view::CallView;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::{CALLED, Index, Item, Name, Query, RUNG, Range, Value};
use crate::time::Time;

/// References that are read at a time beyond a page, for those of one instant.
const EXTRA: usize = 8;
/// Pages of references that one request looks through for a filter.
const ROUNDS_MAX: usize = 5;

/// Which calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Calls to the person that nobody answered.
    Missed,
    /// Calls to the person.
    Incoming,
    /// Calls of the person.
    Outgoing,
}

impl Filter {
    /// Name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Missed => "missed",
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }

    const fn indexes(self) -> &'static [Index] {
        match self {
            Self::All => &[CALLED, RUNG],
            Self::Missed | Self::Incoming => &[RUNG],
            Self::Outgoing => &[CALLED],
        }
    }

    fn takes(self, call: &Call) -> bool {
        self != Self::Missed || call.is_missed()
    }
}

/// A place in the list: the last call that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// When it began to ring, epoch milliseconds.
    pub at: i64,
    /// `cal_…`
    pub id: String,
}

/// A page of calls as the person sees them, newest first, after a place, and where the next one
/// begins. With a filter it may be shorter than the limit.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn page(
    tables: &Tables,
    user_id: &str,
    (filter, limit): (Filter, usize),
    after: Option<Place>,
    now: Time,
) -> Result<(Vec<CallView>, Option<Place>)> {
    let (mut shown, mut after) = (Vec::new(), after);
    for _ in 0..ROUNDS_MAX {
        let (found, more) = references(tables, user_id, (filter, limit), after.as_ref()).await?;
        let keys: Vec<_> = found.iter().map(CallRef::key).collect();
        let calls: Vec<Call> = tables.get_many(&keys).await?;
        for call in calls {
            let seen = call.seen(now);
            if shown.len() == limit {
                return Ok((shown, after));
            }
            after = Some(Place {
                at: call.initiated_at.ms(),
                id: call.call_id.clone(),
            });
            if filter.takes(&seen) {
                let side = seen.side(user_id).unwrap_or(Side::Receiver);
                shown.push(CallView::of(&seen, side, now));
            }
        }
        if !more {
            return Ok((shown, None));
        }
        if shown.len() == limit {
            break;
        }
    }
    Ok((shown, after))
}

/// References after a place, newest first, and whether there are more.
pub(super) async fn references(
    tables: &Tables,
    user_id: &str,
    (filter, limit): (Filter, usize),
    after: Option<&Place>,
) -> Result<(Vec<CallRef>, bool)> {
    let number = |number: i64| Value::N(number.to_string());
    let mut found: Vec<CallRef> = Vec::new();
    let mut more = false;
    for index in filter.indexes() {
        let until = after.map_or(i64::MAX, |place| place.at);
        let query = Query::of(Name::Data, user_id)
            .by(*index)
            .range(Range::Between(number(0), number(until)))
            .backward()
            .limit(limit + EXTRA);
        let list: Vec<CallRef> = tables.query(query).await?;
        more |= list.len() > limit;
        found.extend(list);
    }
    let place = |one: &CallRef| Place {
        at: one.rang_at,
        id: one.call_id.clone(),
    };
    found.retain(|one| after.is_none_or(|after| place(one) < *after));
    found.sort_by_key(|one| std::cmp::Reverse(place(one)));
    more |= found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// What all calls of a person came to; a running one counts as far as it is.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn stats(tables: &Tables, user_id: &str, now: Time) -> Result<CallStats> {
    let lock: Option<Lock> = tables.get_consistent(&Lock::key_of(user_id)).await?;
    let Some(lock) = lock else {
        return Ok(CallStats::default());
    };
    let last = match &lock.call_id {
        Some(call_id) => {
            tables
                .get_consistent::<Call>(&Call::key_of(call_id))
                .await?
        }
        None => None,
    };
    Ok(lock.figures(last.map(|last| last.seen(now)).as_ref()))
}

/// The call that a person is in, if any. At most 2 RRU.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn live_call(tables: &Tables, user_id: &str, now: Time) -> Result<Option<Call>> {
    let lock: Option<Lock> = tables.get_consistent(&Lock::key_of(user_id)).await?;
    let Some(call_id) = lock
        .filter(|lock| lock.until > now.ms())
        .and_then(|lock| lock.call_id)
    else {
        return Ok(None);
    };
    let call: Option<Call> = tables.get_consistent(&Call::key_of(&call_id)).await?;
    Ok(call.filter(|call| call.is_live(now)))
}
