//! A derived file equals what the code says, or is written.

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

/// Whether derived files are written instead of compared.
#[expect(
    clippy::disallowed_methods,
    reason = "the switch between comparing and writing"
)]
pub fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}
