//! What the whole suite has shown, read from the folder that `PAIRLY_EVIDENCE` names: every right
//! of every function was needed by some test, and every place that calls a service went wrong in
//! some test.
//!
//! A missing right needs no check here: the local cloud refuses what a role does not grant, and
//! the test that needed it fails.
//!
//! What is not so yet stands in `idle.txt` and `unfailed.txt`, a line each: a test that is missing,
//! or a right that is too much. They may only shrink; a line that is not true any more fails.

mod sites;

use std::collections::BTreeSet;
use std::path::PathBuf;

use local::cloud::evidence::FOLDER;

/// Rights that no test has needed yet.
const IDLE: &str = include_str!("idle.txt");
/// Places whose calls no test has let go wrong yet.
const UNFAILED: &str = include_str!("unfailed.txt");

/// What was found is known, and what is known is not disproved.
fn compare(what: &str, found: &BTreeSet<String>, disproved: &BTreeSet<String>, known: &str) {
    let known: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let new: Vec<_> = found.difference(&known).cloned().collect();
    assert!(new.is_empty(), "{what}:\n{}", new.join("\n"));
    let old: Vec<_> = known.intersection(disproved).cloned().collect();
    assert!(
        old.is_empty(),
        "known, and not so any more:\n{}",
        old.join("\n")
    );
}

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
fn every_right_was_needed_by_a_test() {
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
    let line = |(function, right): &(String, String)| format!("{function} {right}");
    let idle = granted.difference(&used).map(line).collect();
    let used = used.iter().map(line).collect();
    compare("granted, and never used", &idle, &used, IDLE);
}

#[test]
fn every_place_that_calls_a_service_went_wrong_in_a_test() {
    let kinds = sites::kinds();
    let of = |kind: &str| -> BTreeSet<String> {
        let facts = facts(kind).into_iter();
        facts
            .filter_map(|(operation, rows)| sites::site(&operation, &rows, &kinds))
            .collect()
    };
    let (called, failed) = (of("called"), of("failed"));
    let never = called.difference(&failed).cloned().collect();
    compare("made, and never gone wrong", &never, &failed, UNFAILED);
}
