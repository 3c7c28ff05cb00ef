//! What the whole suite has shown, read from the folder that `PAIRLY_EVIDENCE` names: every grant
//! of every function was needed by some test, and every call that any test made of a service once
//! went wrong on purpose.
//!
//! A missing grant needs no check here: the local cloud refuses what a role does not grant, and
//! the test that needed it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use local::cloud::evidence::FOLDER;

/// Grants that nothing here can need, and why.
const UNUSED: &[(&str, &str, &str)] = &[];

/// Calls that never went wrong, and why.
const UNDISTURBED: &[(&str, &str)] = &[];

/// The facts of a kind, as function and what is said of it.
fn facts(kind: &str) -> BTreeSet<(String, String)> {
    let folder = shared::config::environment(FOLDER);
    let folder = PathBuf::from(folder.unwrap_or_else(|| panic!("{FOLDER} names no folder")));
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(&folder).expect("the folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        for line in text.lines() {
            let mut parts = line.splitn(3, ' ');
            if let (Some(of), Some(function), Some(what)) =
                (parts.next(), parts.next(), parts.next())
                && of == kind
            {
                found.insert((function.to_owned(), what.to_owned()));
            }
        }
    }
    assert!(!found.is_empty(), "no test has left anything in {folder:?}");
    found
}

fn known(list: &[(&str, &str, &str)]) -> BTreeSet<(String, String)> {
    let pairs = list.iter();
    pairs
        .map(|(function, what, _)| ((*function).to_owned(), (*what).to_owned()))
        .collect()
}

fn lines(all: &BTreeSet<&(String, String)>) -> String {
    let lines = all
        .iter()
        .map(|(function, what)| format!("{function} {what}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a capability grants at least: `Read` and `Write` of a table name several actions, because a
/// table is read and written as a whole; what it does beyond, such as queues, keys and buckets, is
/// one capability each.
fn right(action: &str, resource: &str) -> String {
    let reads = ["GetItem", "BatchGetItem", "Query"];
    let right = match action.split_once(':') {
        Some(("dynamodb", name)) if reads.contains(&name) => "reads",
        Some(("dynamodb", _)) => "writes",
        Some((service, _)) => service,
        None => action,
    };
    format!("{right} {resource}")
}

#[test]
fn every_grant_was_needed_by_a_test() {
    let used: BTreeSet<_> = facts("used")
        .into_iter()
        .filter_map(|(function, what)| {
            let (action, resource) = what.split_once(' ')?;
            Some((function, right(action, resource)))
        })
        .collect();
    let mut granted = BTreeSet::new();
    for function in local::functions() {
        for (resource, actions) in function.role() {
            let rights = actions.iter().map(|action| right(action, resource));
            granted.extend(rights.map(|right| (function.name.to_owned(), right)));
        }
    }
    let excused = known(UNUSED);
    let idle = granted
        .difference(&used)
        .filter(|grant| !excused.contains(*grant));
    let idle: BTreeSet<_> = idle.collect();
    assert!(
        idle.is_empty(),
        "granted, and never used:\n{}",
        lines(&idle)
    );
    let stale: BTreeSet<_> = excused.intersection(&used).collect();
    assert!(stale.is_empty(), "excused, but used:\n{}", lines(&stale));
}

#[test]
fn every_call_once_went_wrong() {
    // The same call of the same code, whichever function makes it.
    let calls = |facts: BTreeSet<(String, String)>| {
        let ours: BTreeSet<_> = local::functions().iter().map(|one| one.name).collect();
        let own = facts
            .into_iter()
            .filter(|(function, _)| ours.contains(function.as_str()));
        let mut by_call = BTreeMap::<String, BTreeSet<String>>::new();
        for (function, call) in own {
            by_call.entry(call).or_default().insert(function);
        }
        by_call
    };
    let (called, failed) = (calls(facts("called")), calls(facts("failed")));
    let excused: BTreeSet<_> = UNDISTURBED.iter().map(|(call, _)| *call).collect();
    let calm: Vec<_> = called
        .iter()
        .filter(|(call, _)| !failed.contains_key(*call) && !excused.contains(call.as_str()))
        .map(|(call, functions)| format!("{call}, by {functions:?}"))
        .collect();
    assert!(
        calm.is_empty(),
        "called, and never wrong:\n{}",
        calm.join("\n")
    );
    let stale: Vec<_> = excused
        .iter()
        .filter(|call| failed.contains_key(**call))
        .collect();
    assert!(stale.is_empty(), "excused, but wrong: {stale:?}");
}
