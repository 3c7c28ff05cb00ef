//! The properties of every parser that meets strangers, for a moment each: the corpus, some hundred
//! edited samples, and as many inputs without any sense. `cargo fuzz` goes on for longer.

#[path = "fuzz/properties/mod.rs"]
mod targets;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use targets::{TARGETS, Target, target};

use crate::contract::root;

/// Inputs of each kind.
const CASES: u32 = 250;
/// The same where an input takes milliseconds.
const SLOW_CASES: u32 = 40;

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("tests/fuzz").join(folder)).expect("a folder");
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries
        .map(|entry| name(entry.expect("an entry")))
        .collect()
}

fn corpus(target: &Target) {
    let folder = format!("corpus/{}", target.name);
    for name in names(&folder) {
        let path = root().join("tests/fuzz").join(&folder).join(name);
        target.run(&std::fs::read(path).expect("readable"));
    }
}

/// Edited samples, texts and bytes.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    let edits = (1_u8..=15, vec(any::<u8>(), 0..24));
    let edits = edits.prop_map(|(sample, script)| [vec![sample], script].concat());
    let bytes = vec(any::<u8>(), 0..200).prop_map(|bytes| [vec![0], bytes].concat());
    let texts = "\\PC{0,80}".prop_map(|text| [vec![0], text.into_bytes()].concat());
    prop_oneof![3 => edits, 1 => bytes, 1 => texts]
}

fn holds(name: &str, cases: u32) {
    let target = target(name);
    corpus(&target);
    (1..=15).for_each(|sample| target.run(&[sample]));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&inputs(), |input| {
        target.run(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

macro_rules! properties {
    ($($name:ident: $cases:expr),+ $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),+];

        $(#[test]
        fn $name() {
            holds(stringify!($name), $cases);
        })+
    };
}

properties! {
    access_token: CASES,
    refresh_token: CASES,
    id_token: CASES,
    cursor: CASES,
    ticket: CASES,
    http_request: CASES,
    frame: CASES,
    json_body: CASES,
    query: CASES,
    session_description: CASES,
    candidate: CASES,
    text: CASES,
    identifier: CASES,
    media: SLOW_CASES,
}

#[test]
fn every_target_has_a_program_a_corpus_and_a_test() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    let programs = names("fuzz_targets").into_iter();
    let programs: BTreeSet<_> = programs.map(|name| name.replace(".rs", "")).collect();
    let tested: BTreeSet<String> = TESTED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(programs, targets);
    assert_eq!(names("corpus"), targets);
    assert_eq!(tested, targets);
}
