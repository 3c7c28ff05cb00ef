//! Permission: what was tried in vain, what the audit log tells, and what is left over.

use std::collections::BTreeSet;

use shared::admin::{AuditRow, Outcome};

use crate::histories::end::State;
use crate::histories::record::{Fate, Known, Record};

/// Actions that change something for people.
const ACTIONS: [&str; 4] = [
    "ban_user",
    "unban_user",
    "moderate_message",
    "adjust_credits",
];

/// A mail leaves the system again for each attempt whose end could not be written down: the first
/// one and five retries.
const MAILS_MAX: usize = 6;

/// Attempts without permission did nothing; every deed of an administrator stands in the audit
/// log once; sessions and accounts are as their owners were told.
pub fn is_permitted(record: &Record, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for attempt in &record.attempts {
        if !attempt.harmless {
            found.push(format!("{}: {:?}", attempt.what, attempt.fate));
        }
        found.extend(
            attempt
                .changed
                .iter()
                .map(|what| format!("{}: {what}", attempt.what)),
        );
    }
    found.extend(is_told_by_the_log(record, state));
    for family in &record.families {
        let Some(session) = state.sessions.get(&family.session_id) else {
            found.push(format!("the session {} is gone", family.session_id));
            continue;
        };
        let over = session.revoked_at.is_some();
        if family.ended == Known::Yes && !over {
            found.push(format!("the session {} lives on", family.session_id));
        }
    }
    for (sign_up, (email, mails)) in record.sign_ups.iter().zip(&state.mails) {
        let most = if record.is_disturbed { MAILS_MAX } else { 1 };
        if sign_up.fate.is_done() && !(1..=most).contains(mails) {
            found.push(format!("{mails} mails to {email}"));
        }
    }
    found
}

fn is_told_by_the_log(record: &Record, state: &State) -> Vec<String> {
    let done: Vec<&AuditRow> = state
        .audit
        .iter()
        .filter(|row| row.outcome == Outcome::Done && ACTIONS.contains(&&*row.action))
        .filter(|row| row.approval_id.is_none())
        .collect();
    let of_row = |row: &&AuditRow| {
        let target = row.target_id.clone().unwrap_or_default();
        (row.action.clone(), row.session_name.clone(), target)
    };
    let of_deed = |deed: &super::super::record::Deed| {
        (
            deed.action.to_owned(),
            deed.session.to_owned(),
            deed.target.clone(),
        )
    };
    let deeds: Vec<_> = record
        .deeds
        .iter()
        .filter(|deed| ACTIONS.contains(&deed.action))
        .collect();
    let mut kinds: BTreeSet<_> = done.iter().map(of_row).collect();
    kinds.extend(deeds.iter().map(|deed| of_deed(deed)));
    let mut found = Vec::new();
    for kind in kinds {
        let rows = done.iter().filter(|row| of_row(row) == kind).count();
        let same: Vec<_> = deeds.iter().filter(|deed| of_deed(deed) == kind).collect();
        let least = same.iter().filter(|deed| deed.fate.is_done()).count();
        let open = same.iter().filter(|deed| deed.fate == Fate::Lost).count();
        if !(least..=least + open).contains(&rows) {
            found.push(format!(
                "{kind:?} stands {rows} times in the log, not {least}"
            ));
        }
    }
    found
}

/// No message lies in a queue, and no record waits in a stream.
pub fn is_drained(_: &Record, state: &State) -> Vec<String> {
    let left = state
        .queues
        .iter()
        .filter(|(name, depth)| *depth > 0 && name != "stream-dead");
    let mut found: Vec<_> = left
        .map(|(name, depth)| format!("{depth} in {name}"))
        .collect();
    if state.waiting > 0 {
        found.push(format!("{} records wait", state.waiting));
    }
    found
}
