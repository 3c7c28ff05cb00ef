//! Calls: over, billed by the rule, one at a time, and as people were told.

use serde_json::{Value, json};
use shared::Time;
use shared::calls::{Call, Status};

use crate::histories::end::State;
use crate::histories::record::{Fate, Known, Record, Ring};

/// Credits per started minute (spec credits.md, *Policy row*).
const AUDIO: i64 = 5;
const VIDEO: i64 = 10;

fn is_over(call: &Call) -> bool {
    let over = [
        Status::Ended,
        Status::Missed,
        Status::Rejected,
        Status::Cancelled,
        Status::Failed,
    ];
    over.contains(&call.status)
}

/// Started minutes of a call, by the contract and not by the code.
fn minutes(call: &Call) -> i64 {
    match (call.connected_at, call.covered_until, call.ended_at) {
        (Some(from), Some(covered), Some(end)) => {
            let ms = end.min(covered).since(from);
            ms.max(1).div_euclid(60_000) + i64::from(ms.max(1).rem_euclid(60_000) > 0)
        }
        _ => 0,
    }
}

/// Ten minutes after the last sign of life no call goes on, and each cost its started minutes.
pub fn is_billed(_: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for call in &state.calls {
        let (id, status) = (&call.call_id, call.status);
        if !is_over(call) || call.live_shard.is_some() || call.ended_at.is_none() {
            found.push(format!("{id} is {status:?}"));
        }
        let (wanted, billed) = (minutes(call), call.billed_minutes);
        if billed != wanted || call.credits_spent != wanted * call.rate_per_minute {
            let spent = call.credits_spent;
            found.push(format!("{id}: {billed} minutes for {spent}, not {wanted}"));
        }
        if call.connected_at.is_some() && status != Status::Ended {
            found.push(format!("{id} was connected and is {status:?}"));
        }
        if call
            .covered_until
            .zip(call.ended_at)
            .is_some_and(|(covered, end)| end > covered)
        {
            found.push(format!("{id} went on unpaid"));
        }
    }
    found
}

/// From the answer to the end of a call, neither of the two is in another one.
pub fn is_alone(_: &Record, state: &State) -> Vec<String> {
    let mut spans: Vec<(&str, Time, Time, &str)> = Vec::new();
    for call in &state.calls {
        if let (Some(from), Some(to)) = (call.accepted_at, call.ended_at) {
            for user in [&call.caller_id, &call.receiver_id] {
                spans.push((user, from, to, &call.call_id));
            }
        }
    }
    spans.sort();
    let pairs = spans.windows(2).filter(|pair| {
        let (one, other) = (pair[0], pair[1]);
        one.0 == other.0 && other.1 < one.2
    });
    pairs.map(|pair| format!("{pair:?}")).collect()
}

/// A call that was accepted is one row; one that was refused never rang; what hanging up was
/// answered is what stands there.
pub fn is_as_told(record: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for ring in &record.rings {
        let rows: Vec<_> = state
            .calls
            .iter()
            .filter(|call| {
                call.client_call_id.as_deref() == Some(&*ring.client_id)
                    && call.caller_id == state.people[ring.from]
            })
            .collect();
        found.extend(is_one(ring, &rows));
        for (who, answer) in &ring.ends {
            let caller = *who == ring.from;
            found.extend(rows.iter().filter_map(|call| differs(call, answer, caller)));
        }
    }
    let asked: usize = record.rings.len();
    if state.calls.len() > asked {
        found.push(format!("{} calls, {asked} asked for", state.calls.len()));
    }
    found.extend(state.views.iter().flat_map(|view| {
        let seen = view.calls.iter();
        seen.filter_map(|seen| is_seen(state, &view.user_id, seen))
    }));
    found
}

fn is_one(ring: &Ring, rows: &[&Call]) -> Vec<String> {
    let mut found = Vec::new();
    let answers: Vec<_> = ring.fates.iter().filter_map(Fate::answer).collect();
    for answer in &answers {
        if rows.len() != 1 || rows.iter().any(|row| answer["id"] != *row.call_id) {
            found.push(format!(
                "{} is {} rows: {answer}",
                ring.client_id,
                rows.len()
            ));
        }
    }
    let rate = if ring.video { VIDEO } else { AUDIO };
    let refused = ring
        .fates
        .iter()
        .all(|fate| matches!(fate, Fate::Refused(_)));
    for row in rows {
        if refused && (row.status != Status::Rejected || row.credits_spent != 0) {
            found.push(format!(
                "{} was refused and is {:?}",
                ring.client_id, row.status
            ));
        }
        if row.rate_per_minute != rate {
            found.push(format!("{} costs {}", ring.client_id, row.rate_per_minute));
        }
        if ring.walled == Known::Yes && row.status != Status::Rejected {
            found.push(format!("{} rang through a block", ring.client_id));
        }
    }
    found
}

/// What an answer says otherwise than the row.
fn differs(call: &Call, answer: &Value, caller: bool) -> Option<String> {
    let mut wanted = vec![
        ("status", json!(call.status)),
        ("duration_seconds", json!(call.duration_seconds)),
    ];
    if caller {
        wanted.push(("credits_spent", json!(call.credits_spent)));
        wanted.push(("billed_minutes", json!(call.billed_minutes)));
    } else if answer.get("credits_spent").is_some() {
        return Some(format!("the receiver learns the price: {answer}"));
    }
    let other = wanted
        .iter()
        .find(|(name, value)| answer[*name] != *value)?;
    Some(format!(
        "{} is {other:?}, but was told {answer}",
        call.call_id
    ))
}

/// What a history shows otherwise than the row.
fn is_seen(state: &State, user: &str, seen: &Value) -> Option<String> {
    let call = state.calls.iter().find(|call| seen["id"] == *call.call_id);
    let Some(call) = call else {
        return Some(format!("{user} sees an unknown call: {seen}"));
    };
    let party = call.caller_id == user || call.receiver_id == user;
    let same = seen["status"] == json!(call.status);
    (!party || !same).then(|| format!("{user} sees {seen} of {:?}", call.status))
}
