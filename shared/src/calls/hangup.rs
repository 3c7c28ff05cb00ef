//! Calls that end because somebody loses a right: blocks, revoked devices and sessions, accounts
//! that end.

use serde::{Deserialize, Serialize};

use super::call::{Call, Side};
use super::carry::{Plain, finish};
use super::dial::{line, lock_stands};
use super::fate::End;
use super::history::live_call;
use super::words::{Actor, EndedReason, Status};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::table::Commit;
use crate::time::Time;

impl Call {
    /// How a rule or the operator ends the call now.
    pub fn cut(&self, reason: EndedReason, now: Time) -> End {
        let status = match self.status {
            Status::Initiated | Status::Ringing => Status::Cancelled,
            _ => Status::Ended,
        };
        End {
            status,
            reason,
            at: self.connected_at.map_or(now, |from| from.max(now)),
            by: Actor::System,
        }
    }
}

/// Ends a call for a reason that is nobody's wish, and settles it; one that is over stays as it
/// is.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 503 when others were first too often.
pub async fn terminate(
    tables: &Tables,
    call_id: &str,
    reason: EndedReason,
    now: Time,
) -> Result<Call> {
    let end = |call: &Call| Ok(call.cut(reason, now));
    let changed = finish(tables, call_id, &Plain, end, now).await?;
    Ok(changed.call)
}

/// Ends the live call of two people, if they are in one, and gives what makes sure that there is
/// none until the commit that it becomes part of: whoever rings meanwhile takes the first one's
/// lock.
///
/// # Errors
/// 503 when others were first too often.
pub async fn part(tables: &Tables, (me, other): (&str, &str), now: Time) -> Result<Commit> {
    let mine = line(tables, me, now).await?;
    if let Some(call) = mine.live(now)
        && call.side(other).is_ok()
    {
        terminate(tables, &call.call_id, EndedReason::Blocked, now).await?;
    }
    Ok(lock_stands(&mine.lock))
}

/// Ends and settles the live call of a person whose account goes, if there is one, and gives what
/// makes sure that there is none until the commit that it becomes part of: whoever rings, or is
/// rung, takes the person's lock.
///
/// # Errors
/// 503 when others were first too often.
pub async fn leave(tables: &Tables, user_id: &str, now: Time) -> Result<Commit> {
    let line = line(tables, user_id, now).await?;
    if let Some(call) = line.live(now) {
        terminate(tables, &call.call_id, EndedReason::AccountDeleted, now).await?;
    }
    Ok(lock_stands(&line.lock))
}

/// What an end of a call has lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost<'a> {
    /// `usr_…`
    pub user_id: &'a str,
    /// Device or session; none for all of the person.
    pub slot: Option<&'a str>,
    /// Why.
    pub reason: EndedReason,
}

/// Ends the live call of a person that goes through what was lost. A call that only rings at other
/// devices of the receiver goes on ringing there.
///
/// # Errors
/// 503 when others were first too often.
pub async fn hang_up(tables: &Tables, lost: &Lost<'_>, now: Time) -> Result<()> {
    let Some(call) = live_call(tables, lost.user_id, now).await? else {
        return Ok(());
    };
    let side = call.side(lost.user_id)?;
    let through = match lost.slot {
        Some(slot) => call.slot(side) == Some(slot),
        None => true,
    };
    let rings_elsewhere =
        lost.slot.is_some() && side == Side::Receiver && call.slot(side).is_none();
    if through && !rings_elsewhere {
        terminate(tables, &call.call_id, lost.reason, now).await?;
    }
    Ok(())
}
