//! Calls that are not over, and all calls of one person.

use super::view::AdminCall;
use crate::aws::dynamo::Tables;
use crate::calls::call::{Call, LIVE_SHARDS};
use crate::calls::history::{Filter, Place, references};
use crate::calls::sweep::{CallRef, live_calls};
use crate::error::Result;
use crate::table::{Item, LIVE_CALLS, Name, Query, Range, Value};
use crate::time::Time;

/// Live calls of one shard that are read, at most.
const SHARD_MAX: usize = 25_000;
/// References that are read at a time beyond a page, for those of one instant.
const EXTRA: usize = 250;

/// All calls whose rows are not over, as they are now.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn live(tables: &Tables, now: Time) -> Result<Vec<Call>> {
    let mut found = Vec::new();
    for shard in 0..LIVE_SHARDS {
        let calls = live_calls(tables, shard, Time(i64::MAX), SHARD_MAX).await?;
        let open = calls.iter().filter(|call| !call.status.is_terminal());
        found.extend(open.map(|call| call.seen(now)));
    }
    Ok(found)
}

/// At most `limit` live calls behind a place, the newest ringing first, and where to go on. What
/// time has ended meanwhile is left out, so a page may be shorter.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn active_calls(
    tables: &Tables,
    (after, limit): (Option<Place>, usize),
    now: Time,
) -> Result<(Vec<AdminCall>, Option<Place>)> {
    let until = after.as_ref().map_or(i64::MAX, |place| place.at);
    let (mut found, mut more) = (Vec::new(), false);
    for shard in 0..LIVE_SHARDS {
        let range = Range::Between(Value::N("0".into()), Value::N(until.to_string()));
        let query = Query::of(Name::Data, Call::live_partition(shard))
            .by(LIVE_CALLS)
            .range(range)
            .backward()
            .limit(limit + EXTRA);
        let list: Vec<CallRef> = tables.query(query).await?;
        more |= list.len() == limit + EXTRA;
        found.extend(list.into_iter().map(|one| Place {
            at: one.live_at,
            id: one.call_id,
        }));
    }
    found.retain(|one| after.as_ref().is_none_or(|after| one < after));
    found.sort_by(|one, other| other.cmp(one));
    more |= found.len() > limit;
    found.truncate(limit);
    let keys: Vec<_> = found.iter().map(|place| Call::key_of(&place.id)).collect();
    let calls: Vec<Call> = tables.get_many(&keys).await?;
    let running = calls.iter().filter(|call| call.is_live(now));
    let shown = running.map(|call| AdminCall::of(call, now)).collect();
    Ok((shown, found.pop().filter(|_| more)))
}

/// At most `limit` calls of a person behind a place, newest first, and where to go on.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn calls_of(
    tables: &Tables,
    user_id: &str,
    (after, limit): (Option<Place>, usize),
    now: Time,
) -> Result<(Vec<AdminCall>, Option<Place>)> {
    let which = (Filter::All, limit);
    let (found, more) = references(tables, user_id, which, after.as_ref()).await?;
    let keys: Vec<_> = found.iter().map(CallRef::key).collect();
    let calls: Vec<Call> = tables.get_many(&keys).await?;
    let last = found.last().map(|last| Place {
        at: last.rang_at,
        id: last.call_id.clone(),
    });
    let shown = calls.iter().map(|call| AdminCall::of(call, now)).collect();
    Ok((shown, last.filter(|_| more)))
}
