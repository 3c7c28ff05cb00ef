//! Every function as the binary that ships: it speaks the Runtime API, it is small, and it starts
//! fast. Not part of plain `cargo test`, because somebody has to build the binaries first:
//! `tests/run` does, and docs/TESTING.md says how to do it by hand.

#[path = "../sweeps/beginning.rs"]
#[expect(dead_code, reason = "what only the faults ask for")]
mod beginning;
#[path = "../sweeps/bodies.rs"]
mod bodies;
mod chat;
#[path = "../contract/derived.rs"]
#[expect(dead_code, reason = "what only the contract asks for")]
mod derived;
mod lambda;
mod page;
#[path = "../sweeps/samples.rs"]
mod samples;
mod speak;
mod stage;
mod start;

use std::path::PathBuf;

/// How the binaries are made.
pub const BUILD: &str = "tests/build";

/// The folder of the release binaries, beside that of this test.
pub fn folder() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    let target = own.ancestors().nth(3).expect("target/debug/deps");
    target.join("ci-release")
}

/// The binary of a function.
pub fn binary(function: &str) -> PathBuf {
    let path = folder().join(function);
    assert!(
        path.is_file(),
        "{} is missing: run `{BUILD}` first",
        path.display()
    );
    path
}

/// The smallest Lambda, `shared/examples/hello.rs`, by the same profile.
pub fn hello() -> PathBuf {
    binary("examples/hello")
}
