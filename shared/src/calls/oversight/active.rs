//! Calls that are not over, and all calls of one person.

use super::live::Live;
use super::source::Period;
use super::view::AdminCall;
use crate::aws::dynamo::Tables;
use crate::calls::call::Call;
use crate::calls::history::{Filter, Place, references};
use crate::calls::sweep::CallRef;
use crate::error::Result;
use crate::table::Item;
use crate::time::{DAY_MS, Time};

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
    let period = Period {
        from: None,
        to: now.plus(DAY_MS),
        behind: after,
    };
    let mut live = Live::new(tables, period);
    let found = live.next(limit).await?;
    let more = live.first().await?.is_some();
    let keys: Vec<_> = found.iter().map(|place| Call::key_of(&place.id)).collect();
    let calls: Vec<Call> = tables.get_many(&keys).await?;
    let running = calls.iter().filter(|call| call.is_live(now));
    let shown = running.map(|call| AdminCall::of(call, now)).collect();
    Ok((shown, found.last().filter(|_| more).cloned()))
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
