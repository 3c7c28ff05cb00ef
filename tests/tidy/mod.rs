//! The style of the house as a test. Known debts stand in `debts.txt`; the list may only shrink.

mod rules;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::contract::root;
use rules::{function_file, sizes, words};

/// One source file.
pub struct Source {
    /// Path below the root.
    pub path: String,
    /// Its text.
    pub text: String,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["functions", "shared", "infra", "tests"]
        .iter()
        .map(|name| root().join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() && !["target", "node_modules", "artefacts"].contains(&name) {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let below = path.strip_prefix(root()).expect("below the root");
                let text = std::fs::read_to_string(&path).expect("readable");
                found.push(Source {
                    path: below.display().to_string(),
                    text,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

#[test]
fn the_style_holds_except_for_the_known_debts() {
    let mut seen = BTreeSet::new();
    for source in sources() {
        seen.extend(sizes(&source));
        seen.extend(words(&source));
        if source.path.starts_with("functions/") && source.path.contains("/src/bin/") {
            seen.extend(function_file(&source));
        }
    }
    let debts = std::fs::read_to_string(root().join("tests/tidy/debts.txt")).unwrap_or_default();
    let known: BTreeSet<String> = debts.lines().map(str::to_owned).collect();
    let fresh: Vec<_> = seen.difference(&known).collect();
    assert!(
        fresh.is_empty(),
        "new offences against the style:\n{fresh:#?}"
    );
    let paid: Vec<_> = known.difference(&seen).collect();
    assert!(
        paid.is_empty(),
        "paid debts: take them off tests/tidy/debts.txt\n{paid:#?}"
    );
}

#[test]
fn what_ships_names_aws_and_lambda_in_one_place_each() {
    for source in sources() {
        let shipped = source.path.starts_with("shared/src") || source.path.starts_with("functions");
        if !shipped {
            continue;
        }
        let aws = source.path.starts_with("shared/src/aws/");
        let names_aws = source.text.contains("use aws_sdk_") || source.text.contains(" aws_sdk_");
        assert!(aws || !names_aws, "{} names an AWS SDK", source.path);
        let lambda = source.path == "shared/src/lambda.rs";
        let names_lambda =
            source.text.contains("lambda_runtime::") || source.text.contains("lambda_http::");
        assert!(
            lambda || !names_lambda,
            "{} names the Lambda runtime",
            source.path
        );
    }
}
