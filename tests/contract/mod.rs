//! Files derived from the list of functions. `cargo test` compares, `UPDATE=1 cargo test` writes.

mod derived;
mod errors;
mod events;
mod functions;
mod links;
mod model;
mod openapi;
mod sockets;
mod yaml;

pub use derived::{derived, root};

/// The first sentence of a function file's documentation.
pub fn summary(function: &shared::function::Function) -> String {
    let source = std::fs::read_to_string(root().join(function.file)).expect("the source file");
    let docs = source.lines().take_while(|line| line.starts_with("//!"));
    docs.map(|line| line.trim_start_matches("//!").trim())
        .collect::<Vec<_>>()
        .join(" ")
}
