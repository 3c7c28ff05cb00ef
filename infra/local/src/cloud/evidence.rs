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

/// The kinds of all items below a value, as table, beginning of `pk` and beginning of `sk`.
fn collect(value: &Value, table: &str, kinds: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, table, kinds)),
        Value::Object(fields) => {
            let named = fields.get("TableName").and_then(Value::as_str);
            let table = named.map_or(table, short);
            if let Some(pk) = fields.get("pk").and_then(|pk| pk["S"].as_str()) {
                let sk = fields.get("sk").and_then(|sk| sk["S"].as_str());
                kinds.insert(format!(
                    "{table}/{}/{}",
                    kind(pk),
                    kind(sk.unwrap_or_default())
                ));
                return;
            }
            if let (Some(_), Some(values)) = (
                fields.get("KeyConditionExpression"),
                fields.get("ExpressionAttributeValues"),
            ) {
                let index = fields.get("IndexName").and_then(Value::as_str);
                let first = values[":v0"]["S"].as_str().map_or("", kind);
                kinds.insert(format!("{table}/{first}/{}", index.unwrap_or("*")));
                return;
            }
            for (name, field) in fields {
                let table = if name.starts_with(PREFIX) {
                    short(name)
                } else {
                    table
                };
                collect(field, table, kinds);
            }
        }
        _ => {}
    }
}

/// What a key begins with before anything that is somebody's own.
fn kind(key: &str) -> &str {
    let end = key.find(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase());
    let end = end
        .unwrap_or(key.len())
        .min(key.find(['#', '_']).map_or(key.len(), |at| at + 1));
    key.get(..end).unwrap_or(key)
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
