//! Signals, passed on: stored where they are to be read later, and sent to the other end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::call::{Call, Side};
use super::candidate::IceCandidate;
use super::candidates::Candidates;
use super::look::to_end;
use super::sdp::CANDIDATES_MAX;
use super::signal::{ANSWER, Checked, KEPT_MS, SIGNALS_MAX, Signal, SignalKind};
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{RATE_LIMITED, Result, SIGNAL_INVALID, UNAVAILABLE};
use crate::function::Take;
use crate::http::limit::{Limit, admit};
use crate::http::{Call as Request, wire};
use crate::id::derived;
use crate::realtime::{Connection, Fact, Push};
use crate::table::{Commit, Condition, Query, Range, Value as Attribute};
use crate::time::Time;

/// Tries when both ends signal at once.
const TRIES_MAX: u32 = 8;
/// Calls that one instance remembers.
const CALLS_MAX: usize = 10_000;

/// What one side of a call has sent to one instance.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    tat: i64,
    candidates: usize,
}

#[derive(Default)]
struct Counted(Mutex<HashMap<(String, &'static str), Sent>>);

/// The limiter of signals (rate class `ice`): per call and side, counted in memory like frames.
#[derive(Clone)]
pub struct SignalRate {
    counted: std::sync::Arc<Counted>,
    on: bool,
}

impl std::fmt::Debug for SignalRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignalRate")
    }
}

impl Take<Request> for SignalRate {
    async fn take(env: &Env, _: &mut Request) -> Result<Self> {
        Ok(Self {
            counted: env.part(|_| Counted::default()),
            on: env.config().rate_limit,
        })
    }
}

impl SignalRate {
    /// Counts a signal, and its candidates.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`; 422 `SIGNAL_INVALID` for more candidates than a side may have.
    pub fn admit(&self, call: &Call, side: Side, signal: &Checked, now: Time) -> Result<()> {
        let class = Limit::Ice.class();
        let mut known = self
            .counted
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CALLS_MAX {
            known.retain(|_, sent| sent.tat > now.ms());
        }
        let sent = known
            .entry((call.call_id.clone(), side.as_str()))
            .or_default();
        let verdict = admit(class, sent.tat, now);
        match verdict.tat {
            Some(tat) => sent.tat = tat,
            None if !self.on => {}
            None => {
                return Err(RATE_LIMITED.with(json!({
                    "limit": class.burst,
                    "remaining": verdict.remaining,
                    "reset_at": now.plus(verdict.wait_ms),
                    "scope": class.name,
                })));
            }
        }
        if signal.kind.is_stored() {
            // A new description has candidates of its own.
            sent.candidates = 0;
        }
        let more = signal.payload["candidates"].as_array().map_or(0, Vec::len);
        sent.candidates += more;
        match sent.candidates > CANDIDATES_MAX {
            true => Err(SIGNAL_INVALID.into()),
            false => Ok(()),
        }
    }
}

/// Stores a signal under the next number; one that is equal to the newest is that one again.
///
/// # Errors
/// 422 `SIGNAL_INVALID` when a call has too many; 503 when others were first too often.
pub async fn store(
    tables: &Tables,
    call: &Call,
    (side, checked): (Side, &Checked),
    now: Time,
) -> Result<i64> {
    let query = Query::of(crate::table::Name::Data, &*call.call_id).prefix(Signal::PREFIX);
    let newest: Vec<Signal> = tables.query(query.backward().limit(1).consistent()).await?;
    let mut newest = newest.into_iter().next();
    for _ in 1..=TRIES_MAX {
        let n = newest.as_ref().map_or(0, |newest| newest.n).max(ANSWER) + 1;
        let signal = Signal::new(call, n, side, checked, now);
        if let Some(known) = newest.filter(|known| is_same(known, &signal)) {
            return Ok(known.n);
        }
        if n > SIGNALS_MAX {
            return Err(SIGNAL_INVALID.into());
        }
        match tables
            .commit(Commit::new().create(&signal, &UNAVAILABLE))
            .await
        {
            Ok(()) => return Ok(n),
            Err(Missed::Refused(refused)) => newest = refused.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("both ends signal at once"))
}

fn is_same(one: &Signal, other: &Signal) -> bool {
    (&one.side, one.kind, &one.payload) == (&other.side, other.kind, &other.payload)
}

/// Adds candidates of a side to the stored ones.
///
/// # Errors
/// 422 `SIGNAL_INVALID` for more than a side may have; 503 when others were first too often.
pub async fn keep(
    tables: &Tables,
    call: &Call,
    (side, more): (Side, &[IceCandidate]),
) -> Result<()> {
    let key = Candidates::key_of(&call.call_id, side);
    let mut known: Option<Candidates> = tables.get_consistent(&key).await?;
    for round in 1..=TRIES_MAX {
        let current = known.unwrap_or_else(|| Candidates::new(call, side));
        let Some(next) = current.with(more)? else {
            return Ok(());
        };
        let same = match current.rev {
            0 => Condition::Absent,
            rev => Condition::number("rev", rev),
        };
        match tables
            .commit(Commit::new().replace(&next, same, &UNAVAILABLE))
            .await
        {
            Ok(()) => return Ok(()),
            Err(Missed::Refused(refused)) => known = refused.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
        tables.pause(round).await;
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// The frame that passes a signal on: to the other end, or, while it rings, to every device of the
/// receiver. `n` is its number if it is stored; `fresh` makes the id of one that is not.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn pass_on(
    tables: &Tables,
    call: &Call,
    (side, checked, n): (Side, &Checked, Option<i64>),
    fresh: &str,
    now: Time,
) -> Result<Option<Push>> {
    let to = side.other();
    let id = match n {
        Some(n) => derived(&["call.signal", &call.call_id, &n.to_string()]),
        None => fresh.to_owned(),
    };
    let mut data = json!({
        "call_id": call.call_id,
        "from": call.user(side),
        "kind": checked.kind,
        "payload": checked.payload,
    });
    if let Some(n) = n {
        data["n"] = json!(n);
    }
    let user_id = call.user(to).to_owned();
    if call.slot(to).is_none() {
        let live = Connection::of_user(tables, &user_id, now).await?;
        return Ok((!live.is_empty()).then(|| Push {
            user_id,
            connections: live.into_iter().map(|one| one.connection_id).collect(),
            frame: wire::frame(&id, "call.signal", now, data),
            close: false,
        }));
    }
    let fact = Fact {
        id,
        kind: "call.signal",
        user_id,
        except_slot: None,
        seq: None,
        at: now,
        data,
    };
    to_end(tables, call, (to, &fact), now).await
}

/// A stored signal as the other end reads it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SignalView {
    /// Its number, growing.
    pub n: i64,
    /// User id of who sent it.
    pub from: String,
    /// What it is.
    pub kind: SignalKind,
    /// What it says.
    pub payload: Value,
    /// When.
    pub created_at: Time,
}

/// What one end can read of the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mailbox {
    /// Its signals, oldest first.
    pub signals: Vec<SignalView>,
    /// Its candidates that were sent by HTTP.
    pub candidates: Vec<IceCandidate>,
}

/// What was stored for a device of one of the two: everything of the other side after a number.
/// Once the call is answered, only the two chosen devices read it; five minutes after its end,
/// nobody.
///
/// # Errors
/// 500 when a signal cannot be read; 503 when the table does not answer.
pub async fn stored_for(
    tables: &Tables,
    call: &Call,
    (side, slot): (Side, &str),
    after: i64,
    now: Time,
) -> Result<Mailbox> {
    let seen = call.seen(now);
    let chosen = call.slot(side).is_none_or(|chosen| chosen == slot);
    let kept = seen.ended_at.is_none_or(|end| now.since(end) < KEPT_MS);
    if !chosen || !kept {
        return Ok(Mailbox::default());
    }
    let (from, to) = (after.clamp(0, SIGNALS_MAX) + 1, SIGNALS_MAX + 1);
    let place = |n| Attribute::S(Signal::place(n));
    let range = Range::Between(place(from), place(to));
    let query = Query::of(crate::table::Name::Data, &*call.call_id).range(range);
    let theirs = Candidates::key_of(&call.call_id, side.other());
    let (mut list, candidates) = tokio::try_join!(
        tables.query::<Signal>(query.limit(SIGNALS_MAX as usize).consistent()),
        tables.get_consistent::<Candidates>(&theirs),
    )?;
    list.retain(|signal| signal.side == side.other().as_str());
    let view = |signal: &Signal| {
        Ok(SignalView {
            n: signal.n,
            from: call.user(side.other()).to_owned(),
            kind: signal.kind,
            payload: signal.said()?,
            created_at: signal.at,
        })
    };
    Ok(Mailbox {
        signals: list.iter().map(view).collect::<Result<_>>()?,
        candidates: match candidates {
            Some(candidates) => candidates.read()?,
            None => Vec::new(),
        },
    })
}

/// The answer that came with the acceptance, for the caller's device.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn answer_of(tables: &Tables, call: &Call, now: Time) -> Result<Option<Push>> {
    let key = Signal::key_of(&call.call_id, ANSWER);
    let Some(signal) = tables.get_consistent::<Signal>(&key).await? else {
        return Ok(None);
    };
    let checked = Checked {
        kind: signal.kind,
        payload: signal.said()?,
    };
    let what = (Side::Receiver, &checked, Some(ANSWER));
    pass_on(tables, call, what, "", now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000);

    fn rate() -> SignalRate {
        SignalRate {
            counted: std::sync::Arc::default(),
            on: true,
        }
    }

    fn candidates(count: usize) -> Checked {
        Checked {
            kind: SignalKind::Candidates,
            payload: json!({ "candidates": vec![json!({}); count] }),
        }
    }

    #[test]
    fn a_side_has_so_many_candidates_until_its_next_description() {
        let (rate, call) = (rate(), Call::default());
        let sends = |side, signal: &Checked| rate.admit(&call, side, signal, NOW);
        assert!(sends(Side::Caller, &candidates(CANDIDATES_MAX)).is_ok());
        let one_more = sends(Side::Caller, &candidates(1));
        assert!(one_more.is_err_and(|error| error.is(&SIGNAL_INVALID)));
        assert!(sends(Side::Receiver, &candidates(CANDIDATES_MAX)).is_ok());
        let offer = Checked {
            kind: SignalKind::Offer,
            payload: json!({}),
        };
        assert!(sends(Side::Caller, &offer).is_ok());
        assert!(sends(Side::Caller, &candidates(1)).is_ok());
    }

    #[test]
    fn the_hundred_and_first_signal_of_an_instant_is_limited() {
        let (rate, call) = (rate(), Call::default());
        let sends = |now| rate.admit(&call, Side::Caller, &candidates(0), now);
        assert!((0..100).all(|_| sends(NOW).is_ok()));
        assert!(sends(NOW).is_err_and(|error| error.is(&RATE_LIMITED)));
        assert!(sends(NOW.plus(100)).is_ok());
    }
}
