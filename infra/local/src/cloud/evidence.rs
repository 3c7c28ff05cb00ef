//! What every world of a process did and suffered, kept beyond its end: with `PAIRLY_EVIDENCE`
//! naming a folder, each new fact is a line of a file there. The checks of the whole suite read
//! them: whether every grant was needed by somebody, and every kind of call once went wrong.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;
use shared::config::environment;

use super::tables::{PREFIX, short};

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

/// Writes down that a function made a call, told by its operation and the kinds of items that it
/// names: what a call is to the code, whoever makes it.
pub(super) fn note_call(what: &str, function: &str, operation: &str, body: &[u8]) {
    if book().is_none() {
        return;
    }
    let body = serde_json::from_slice(body).unwrap_or_default();
    let mut kinds = BTreeSet::new();
    if operation.starts_with("DynamoDB.") {
        collect(&body, "", &mut kinds);
    }
    let kinds: Vec<_> = kinds.into_iter().collect();
    note(
        what,
        function,
        format!("{operation} {}", kinds.join(" ")).trim(),
    );
}

/// The kinds of all items below a value, as table and beginning of `sk`, or index.
fn collect(value: &Value, table: &str, kinds: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, table, kinds)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            let table = text("TableName").map_or(table, short);
            if fields.contains_key("pk") {
                let sk = fields.get("sk").and_then(|sk| sk["S"].as_str());
                kinds.insert(format!("{table}/{}", kind(sk.unwrap_or_default())));
            } else if fields.contains_key("KeyConditionExpression") {
                kinds.insert(format!("{table}/{}", text("IndexName").unwrap_or("*")));
            } else {
                for (name, field) in fields {
                    let named = name.strip_prefix(PREFIX);
                    collect(field, named.unwrap_or(table), kinds);
                }
            }
        }
        _ => {}
    }
}

/// What a sort key begins with before anything that is somebody's own.
fn kind(key: &str) -> &str {
    let first = key.split('#').next().unwrap_or_default();
    let is_word = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_word { first } else { "*" }
}

/// Writes a fact down unless this process has.
pub(super) fn note(what: &str, function: &str, of: &str) {
    let Some(book) = book() else { return };
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let fact = format!("{what} {function} {of}");
    if book.known.contains(&fact) {
        return;
    }
    if writeln!(book.file, "{fact}").is_err() {
        tracing::error!("the evidence cannot be written");
    }
    book.known.insert(fact);
}
