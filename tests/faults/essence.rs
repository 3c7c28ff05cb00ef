//! What a state says once names and times are taken out of it: two states with the same essence
//! differ only in what chance and the clock have put there.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use regex_lite::Regex;
use serde_json::Value;
use world::World;

/// Tables whose rows are facts. `live` holds what is under way, `insight` what is counted from
/// facts, by the minute.
const TABLES: [&str; 2] = ["data", "ledger"];
/// Attributes that count tries, or say when or by which request something happened.
const PASSING: [&str; 20] = [
    "audit_head",
    "audit_seq",
    "rv",
    "rev",
    "version",
    "retry_count",
    "seq",
    "due_shard",
    "claims",
    "tries",
    "trace_id",
    "request_id",
    "idempotency_key",
    "hash",
    "prev_hash",
    "previous_hash",
    "row_hash",
    "last_seen_at",
    "fingerprint",
    "at",
];

/// How often each fact stands there.
pub type Essence = BTreeMap<String, usize>;

/// The essence of a world.
pub async fn essence(world: &World) -> Essence {
    let mut all = Essence::new();
    for table in TABLES {
        for row in world.items(table, "").await {
            *all.entry(format!("{table} {}", plain(&row))).or_default() += 1;
        }
    }
    for item in world.outbox() {
        let told = format!("outbox {} {}", item["kind"], item["subject"]);
        *all.entry(told).or_default() += 1;
    }
    all
}

/// What stands in one essence and not, or more often, in the other.
pub fn beyond(one: &Essence, other: &Essence) -> Vec<String> {
    let more = one.iter().filter_map(|(fact, count)| {
        let known = other.get(fact).copied().unwrap_or_default();
        (*count > known).then(|| format!("{} x {fact}", count - known))
    });
    more.collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", named(text)),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(plain).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => object(fields),
        other => other.to_string(),
    }
}

fn object(fields: &serde_json::Map<String, Value>) -> String {
    // Bytes are keys, seals and hashes.
    if fields.len() == 1 && fields.contains_key("B") {
        return "*".to_owned();
    }
    let facts = fields
        .iter()
        .filter(|(name, _)| !PASSING.contains(&name.as_str()));
    let facts: Vec<_> = facts
        .map(|(name, value)| format!("{}:{}", named(name), plain(value)))
        .collect();
    format!("{{{}}}", facts.join(","))
}

thread_local! {
    /// Texts without names and times: all trials of a thread begin in the same world and write
    /// nearly the same, so almost every text was met before.
    static NAMED: RefCell<HashMap<String, String>> = RefCell::default();
}

/// A text without ids, times and hashes.
fn named(text: &str) -> String {
    NAMED.with_borrow_mut(|named| match named.get(text) {
        Some(known) => known.clone(),
        None => {
            let made = without_names(text);
            named.insert(text.to_owned(), made.clone());
            made
        }
    })
}

fn without_names(text: &str) -> String {
    static PATTERNS: OnceLock<Vec<(Regex, &str)>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| {
        [
            // 32 bytes in base64url, in which anything may look like something else.
            (r"^[0-9A-Za-z_-]{43}$", "*"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "T"),
            (r"\b([a-z]{2,4})_[0-9A-Za-z]{16,}", "$1_*"),
            (r"[0-9A-Za-z_+/=-]{22,}", "*"),
            (r"\b\d{9,}\b", "N"),
            (r"^\d{5}\.\d+$", "SHARD"),
            (r"[#_][0-9a-zA-Z]{12,}\b", "*"),
        ]
        .into_iter()
        .map(|(pattern, name)| (Regex::new(pattern).expect("a pattern"), name))
        .collect()
    });
    let mut text = text.to_owned();
    for (pattern, name) in patterns {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text
}
