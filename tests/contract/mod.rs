//! Files derived from the list of functions. `cargo test` compares, `UPDATE=1 cargo test` writes.

mod errors;
mod functions;
mod links;
mod model;
mod openapi;
mod permissions;
mod sockets;
mod stack;
mod yaml;

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace")
        .to_path_buf()
}

/// Compares a derived file with what the code says, or writes it when `UPDATE` is set.
pub fn derived(path: &str, wanted: &str) {
    let file = root().join(path);
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    if stored == wanted {
        return;
    }
    if updating() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder");
        std::fs::write(&file, wanted).expect("the derived file");
        return;
    }
    let line = stored
        .lines()
        .zip(wanted.lines())
        .position(|(is, should)| is != should);
    let line = line.unwrap_or(stored.lines().count().min(wanted.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("(end of file)").to_owned();
    panic!(
        "{path} is stale from line {}: run `UPDATE=1 cargo test` and commit it\n- {}\n+ {}",
        line + 1,
        at(&stored),
        at(wanted)
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch between comparing and writing"
)]
fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

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
