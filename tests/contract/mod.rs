//! Files derived from the list of functions. `cargo test` compares, `UPDATE=1 cargo test` writes.

mod derived;
mod errors;
mod events;
mod functions;
mod links;
mod model;
mod openapi;
mod permissions;
mod requests;
mod responses;
mod sockets;
mod stack;
mod strict;
mod yaml;

use std::path::PathBuf;

pub use derived::{derived, root};

/// The first sentence of a function file's documentation.
pub fn summary(function: &shared::function::Function) -> String {
    let source = std::fs::read_to_string(root().join(function.file)).expect("the source file");
    let docs = source.lines().take_while(|line| line.starts_with("//!"));
    docs.map(|line| line.trim_start_matches("//!").trim())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Path and text of every source file below a folder.
pub fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("readable");
                found.push((path, text));
            }
        }
    }
    found
}
