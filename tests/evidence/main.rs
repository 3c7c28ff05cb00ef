//! What the whole suite has shown, read from the folder that `PAIRLY_EVIDENCE` names: every right
//! of every function was needed by some test, and every place that calls a service went wrong in
//! some test. A right that no test needs is too much, or a test is missing.
//!
//! A missing right needs no check here: the local cloud refuses what a role does not grant, and
//! the test that needed it fails.
//!
//! Places that never went wrong so far stand in `unfailed.txt`, a line each, with the reason behind
//! it if there is one. It may only shrink; a line that is not true any more fails.

mod sites;

use std::collections::BTreeSet;
use std::path::PathBuf;

use local::cloud::evidence::FOLDER;

/// Places whose calls no test has let go wrong yet.
const UNFAILED: &str = include_str!("unfailed.txt");

/// The facts of a kind: who did it, and what.
fn facts(kind: &str) -> BTreeSet<(String, String)> {
    let folder = shared::config::environment(FOLDER);
    let folder = PathBuf::from(folder.unwrap_or_else(|| panic!("{FOLDER} names no folder")));
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(&folder).expect("the folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        for line in text.lines() {
            let parts: Vec<&str> = line.splitn(3, ' ').collect();
            if let [of, who, what] = *parts
                && of == kind
            {
                found.insert((who.to_owned(), what.to_owned()));
            }
        }
    }
    assert!(!found.is_empty(), "no test has left anything in {folder:?}");
    found
}

/// What a capability grants at least: a table is read and written as a whole, which takes several
/// actions; what a capability does beyond, such as queues, keys and buckets, is one each.
fn right(function: &str, action: &str, resource: &str) -> String {
    let reads = ["GetItem", "BatchGetItem", "Query"];
    let right = match action.split_once(':') {
        Some(("dynamodb", name)) if reads.contains(&name) => "reads",
        Some(("dynamodb", _)) => "writes",
        Some((service, _)) => service,
        None => action,
    };
    format!("{function} {right} {resource}")
}

/// Fails with what there is.
fn none(what: &str, found: &BTreeSet<String>) {
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn every_right_was_needed_by_a_test() {
    let mut idle = BTreeSet::new();
    for function in local::functions() {
        for (resource, actions) in function.role() {
            let rights = actions.iter();
            idle.extend(rights.map(|action| right(function.name, action, resource)));
        }
    }
    for (function, what) in facts("used") {
        if let Some((action, resource)) = what.split_once(' ') {
            idle.remove(&right(&function, action, resource));
        }
    }
    none("granted, and never used", &idle);
}

#[test]
fn every_place_that_calls_a_service_went_wrong_in_a_test() {
    let kinds = sites::kinds();
    let all = local::functions();
    let is_function = |name: &str| all.iter().any(|one| one.name == name);
    let of = |kind: &str| -> BTreeSet<String> {
        // What tests do themselves is nobody's code.
        let facts = facts(kind).into_iter();
        let facts = facts.filter(|(who, _)| is_function(who));
        facts
            .filter_map(|(_, what)| {
                let (operation, rows) = what.split_once(' ')?;
                sites::site(operation, rows, &kinds)
            })
            .collect()
    };
    let (called, failed) = (of("called"), of("failed"));
    let known: BTreeSet<String> = UNFAILED
        .lines()
        .map(|line| line.split(" -- ").next().unwrap_or(line).to_owned())
        .collect();
    let never: BTreeSet<_> = called.difference(&failed).cloned().collect();
    let new = never.difference(&known).cloned().collect();
    none("called, and never gone wrong", &new);
    let old = known.intersection(&failed).cloned().collect();
    none("known, and not so any more", &old);
}
