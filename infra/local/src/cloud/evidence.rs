//! What every world of a process did, kept beyond its end: with `PAIRLY_EVIDENCE` naming a folder,
//! each new fact is a line of a file there. A check after the whole suite reads them: whether every
//! right of every function was needed by somebody, and every kind of call went wrong once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use shared::config::environment;

/// Names the folder.
pub const FOLDER: &str = "PAIRLY_EVIDENCE";

/// Facts of this process and where they go.
struct Book {
    known: BTreeSet<String>,
    file: File,
}

static BOOK: OnceLock<Option<Mutex<Book>>> = OnceLock::new();

fn book() -> Option<&'static Mutex<Book>> {
    BOOK.get_or_init(|| {
        let folder = environment(FOLDER)?;
        std::fs::create_dir_all(&folder).ok()?;
        let name = format!("{}.txt", std::process::id());
        let file = File::create(Path::new(&folder).join(name)).ok()?;
        let known = BTreeSet::new();
        Some(Mutex::new(Book { known, file }))
    })
    .as_ref()
}

/// Whether anything is written down.
pub(super) fn is_wanted() -> bool {
    book().is_some()
}

/// Writes a fact down unless this process has.
pub(super) fn note(what: &str, who: &str, of: &str) {
    let Some(book) = book() else { return };
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let fact = format!("{what} {who} {of}");
    if book.known.contains(&fact) {
        return;
    }
    if writeln!(book.file, "{fact}").is_err() {
        tracing::error!("the evidence cannot be written");
    }
    book.known.insert(fact);
}
