//! What must be true of every history, each as one sentence.

mod bank;
mod calls;
mod content;
mod order;
mod rights;

use super::end::State;
use super::record::Record;

/// A sentence, and what contradicts it.
type Check = (&'static str, fn(&Record, &State) -> Vec<String>);

const CHECKS: [Check; 15] = [
    (
        "every wallet follows from its rows and is not negative",
        bank::proves,
    ),
    (
        "every wallet is somebody's, and everybody has one",
        bank::has_no_unknown_key,
    ),
    (
        "people have what they were given less what they paid",
        bank::is_constant,
    ),
    (
        "every posting belongs to one message, call or gift",
        bank::is_referred,
    ),
    (
        "numbers are dense, and both sides see the same order",
        order::is_dense,
    ),
    (
        "what was accepted is there once, and what was refused is not",
        order::is_kept,
    ),
    (
        "whoever may read a message can read it as it was sent",
        order::is_readable,
    ),
    ("counters equal a recount", order::is_counted),
    (
        "marks and deletions are those that were asked for",
        order::is_as_asked,
    ),
    (
        "every call is over, and billed by the rule",
        calls::is_billed,
    ),
    ("nobody is in two calls at once", calls::is_alone),
    ("calls are as their people were told", calls::is_as_told),
    (
        "nothing has happened without permission",
        rights::is_permitted,
    ),
    (
        "no content crosses a block or reaches a third person",
        content::is_private,
    ),
    ("everything has drained", rights::is_drained),
];

/// Everything that must not be, each with the sentence that it contradicts.
pub fn findings(record: &Record, state: &State) -> Vec<String> {
    let mut all = record.findings.clone();
    for (sentence, check) in CHECKS {
        let found = check(record, state);
        all.extend(
            found
                .into_iter()
                .map(|what| format!("not so: {sentence}: {what}")),
        );
    }
    all
}
