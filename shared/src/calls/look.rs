//! Looks at a running call: by its ends, by timers and by the sweep. Whoever looks first extends,
//! warns or ends; the others find it done.

use serde_json::json;

use super::call::{Call, Side};
use super::carry::{Plain, change};
use super::facts::warning_id;
use super::finish::Turn;
use super::meter::Metered;
use super::words::MediaState;
use crate::aws::dynamo::Tables;
use crate::credits::Wallet;
use crate::error::Result;
use crate::http::wire;
use crate::realtime::{Connection, Fact, Push};
use crate::time::Time;

/// A sign of life of one of the ends.
#[derive(Clone, Copy, Debug)]
pub struct Pulse<'a> {
    /// Whose.
    pub user_id: &'a str,
    /// Device or session.
    pub slot: &'a str,
    /// What it says of its media.
    pub media: Option<MediaState>,
}

/// What a look found.
#[derive(Clone, Debug)]
pub struct Look {
    /// The call as it is now.
    pub call: Call,
    /// Whether this look changed it.
    pub wrote: bool,
    /// Whether this look reserved further minutes.
    pub extended: bool,
}

/// Looks at a call: ends it if time has, reserves further minutes if they run out, notes a sign of
/// life if one comes along.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`, also for a sign of life of who is no end of it; 503 when others were
/// first too often.
pub async fn look(
    tables: &Tables,
    call_id: &str,
    pulse: Option<Pulse<'_>>,
    now: Time,
) -> Result<Look> {
    let mut covered = None;
    let pays = |call: &Call| call.holds() && (call.is_running_out(now) || call.fate(now).is_some());
    let decide = |call: &Call, wallet: Option<&Wallet>| {
        if let Some(pulse) = pulse {
            call.end_of(pulse.user_id, pulse.slot)?;
        }
        covered = call.covered_until;
        step(call, wallet, pulse, now)
    };
    let changed = change(tables, call_id, &Plain, pays, decide).await?;
    Ok(Look {
        extended: changed.wrote && changed.call.covered_until > covered,
        wrote: changed.wrote,
        call: changed.call,
    })
}

fn step(
    call: &Call,
    wallet: Option<&Wallet>,
    pulse: Option<Pulse<'_>>,
    now: Time,
) -> Result<Option<Turn>> {
    if let Some(end) = call.fate(now) {
        return call.finish(end, wallet, now).map(Some);
    }
    let alive = pulse.map(|_| now);
    let free = Wallet::new(&*call.wallet_id, 0);
    let wallet = wallet.or((call.rate_per_minute == 0).then_some(&free));
    if let Some(wallet) = wallet
        && let Metered::Turn(turn) = call.extend(wallet, alive, now)?
    {
        return Ok(Some(turn));
    }
    Ok(match pulse.map(|pulse| call.alive(pulse.media, now)) {
        Some(Metered::Turn(turn)) => Some(turn),
        _ => None,
    })
}

/// A frame for one end of a call, if it is connected.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn to_end(
    tables: &Tables,
    call: &Call,
    (side, fact): (Side, &Fact),
    now: Time,
) -> Result<Option<Push>> {
    let user_id = call.user(side);
    let mut live = Connection::of_user(tables, user_id, now).await?;
    live.retain(|one| call.slot(side) == Some(&one.slot));
    Ok((!live.is_empty()).then(|| Push {
        user_id: user_id.to_owned(),
        connections: live.into_iter().map(|one| one.connection_id).collect(),
        frame: wire::frame(&fact.id, fact.kind, fact.at, fact.data.clone()),
        close: false,
    }))
}

/// The warning of a caller whose credits do not last, if one is due.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn warn(tables: &Tables, call: &Call, now: Time) -> Result<Option<Push>> {
    let (Some(seconds), Some(covered)) = (call.warning(now), call.covered_until) else {
        return Ok(None);
    };
    let data = json!({
        "seconds_left": seconds,
        "covered_until": covered,
    });
    let mut fact = call.fact("call.credit_warning", Side::Caller, data);
    // One warning of a kind per end, whoever sends it.
    fact.id = warning_id(&call.call_id, covered, seconds);
    fact.at = now;
    to_end(tables, call, (Side::Caller, &fact), now).await
}

/// What a look has to say at once: the warning of the caller; to an end that shows signs of life
/// although the call is over, that it is.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn tidings(
    tables: &Tables,
    look: &Look,
    pulse: Option<Pulse<'_>>,
    now: Time,
) -> Result<Vec<Push>> {
    let call = &look.call;
    let push = match pulse {
        Some(pulse) if call.status.is_terminal() => {
            let side = call.side(pulse.user_id)?;
            to_end(tables, call, (side, &call.over_fact(side)), now).await?
        }
        Some(_) if !look.wrote => None,
        _ => warn(tables, call, now).await?,
    };
    Ok(push.into_iter().collect())
}
