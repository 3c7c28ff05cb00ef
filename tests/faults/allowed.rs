//! What a fault may change for good, and why. Everything else is a finding.

use local::cloud::Kind;
use shared::function::Function;

use super::essence::beyond;
use super::trial::{Outcome, Place};
use crate::sweeps::samples::routes;

/// What was done already cannot be asked for again: function and the status that says so.
const DONE_ALREADY: [(&str, u16); 6] = [
    // The session that asks has ended.
    ("sign_out", 401),
    ("sign_out_everywhere", 401),
    ("revoke_session", 404),
    ("revoke_device", 404),
    ("unblock_user", 404),
    // The version that the client has is no longer the newest: its own edit is.
    ("edit_account", 409),
];

/// Facts that there may be one more of: function, part of the fact.
const ONCE_MORE: [(&str, &str); 7] = [
    // The provider takes no key: a death between sending and writing it down sends again.
    ("deliver_email", "outbox"),
    ("deliver_sms", "outbox"),
    // Their answers carry a secret and are stored nowhere, so a lost one is made again.
    ("sign_in", "sk:{S:\"session"),
    ("sign_in", "pk:{S:\"session#"),
    ("create_upload", "sk:{S:\"upload#"),
    ("setup_2fa", "sk:{S:\"factor"),
    ("create_ws_ticket", "ticket"),
];

/// The row of the audit log about whoever looked at something: looking twice is two rows.
const LOOKED: &str = "audit_id:";

/// The row about an attempt that was refused: each attempt has its own.
const FAILED: &str = "outcome:{S:\"failed\"}";

/// How a disturbed trial differs from the right one, beyond what may differ.
pub fn differences(
    function: &Function,
    places: &[Place],
    right: &Outcome,
    wrong: &Outcome,
) -> Vec<String> {
    let place = || {
        let calls = places.iter().map(|(nth, kind)| {
            let site = wrong.sites.get(nth - 1);
            let operation = site.map_or("?", |site| &site.operation);
            format!("{nth} {operation} {kind:?}")
        });
        format!("{} {}", function.name, calls.collect::<Vec<_>>().join(", "))
    };
    let mut found = Vec::new();
    let is_done = DONE_ALREADY.contains(&(function.name, wrong.status));
    if wrong.status != right.status && !is_done {
        found.push(format!(
            "{}: {} not {}",
            place(),
            wrong.status,
            right.status
        ));
    }
    let is_look = routes(function)
        .first()
        .is_some_and(|(method, _)| *method == "GET");
    let may_differ = |fact: &String| fact.contains(LOOKED) && (is_look || fact.contains(FAILED));
    let may_repeat = |fact: &String| {
        let known = ONCE_MORE.iter();
        let mut known = known.filter(|(name, _)| *name == function.name);
        known.any(|(_, part)| fact.contains(part)) || may_differ(fact)
    };
    let mut more = beyond(&wrong.essence, &right.essence);
    let mut less = beyond(&right.essence, &wrong.essence);
    more.retain(|fact| !may_repeat(fact));
    less.retain(|fact| !may_differ(fact));
    if !more.is_empty() || !less.is_empty() {
        found.push(format!("{}:\n  more {more:?}\n  less {less:?}", place()));
    }
    found
}

/// Whether a call that goes wrong so can leave a trace that a call which never was made does not.
pub fn leaves_a_trace(kind: Kind) -> bool {
    matches!(kind, Kind::AfterEffect | Kind::EndHandler)
}
