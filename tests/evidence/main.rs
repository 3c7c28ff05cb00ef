//! What the whole suite has shown, read from the folder that `PAIRLY_EVIDENCE` names: every right
//! of every function was needed by some test. A right that no test needs is too much, or a test is
//! missing.
//!
//! A missing right needs no check here: the local cloud refuses what a role does not grant, and
//! the test that needed it fails.

use std::collections::BTreeSet;
use std::path::PathBuf;

use local::cloud::evidence::FOLDER;

/// What functions did, as function, action and resource.
fn used() -> BTreeSet<(String, String, String)> {
    let folder = shared::config::environment(FOLDER);
    let folder = PathBuf::from(folder.unwrap_or_else(|| panic!("{FOLDER} names no folder")));
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(&folder).expect("the folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        for line in text.lines() {
            let parts: Vec<&str> = line.splitn(4, ' ').collect();
            if let ["used", function, action, resource] = *parts {
                found.insert((function.into(), action.into(), resource.into()));
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

#[test]
fn every_right_was_needed_by_a_test() {
    let mut idle = BTreeSet::new();
    for function in local::functions() {
        for (resource, actions) in function.role() {
            let rights = actions.iter();
            idle.extend(rights.map(|action| right(function.name, action, resource)));
        }
    }
    for (function, action, resource) in used() {
        idle.remove(&right(&function, &action, &resource));
    }
    let idle: Vec<String> = idle.into_iter().collect();
    assert!(
        idle.is_empty(),
        "granted, and never used:\n{}",
        idle.join("\n")
    );
}
