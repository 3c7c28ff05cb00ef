//! Every link of a document to a file of the repository leads somewhere.

use std::path::{Path, PathBuf};

use super::root;

fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs"), root().join("tests/benches")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// Targets of `[text](target)`, without anchors and other sites.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let ends = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let files = ends.map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|target| !target.is_empty() && !target.contains("://"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut lost = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("readable");
        let folder = document.parent().unwrap_or(Path::new(""));
        for target in targets(&text).filter(|target| !folder.join(target).exists()) {
            lost.push(format!("{}: {target}", document.display()));
        }
    }
    assert!(lost.is_empty(), "links that lead nowhere:\n{lost:#?}");
}
