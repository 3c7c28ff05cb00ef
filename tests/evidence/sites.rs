//! Places of the code that call a service, told by what they touch: two calls that do the same to
//! rows of the same kinds come from the same place, whoever runs it.

use std::collections::BTreeSet;

/// Says which kinds of rows there are.
const DATA_MODEL: &str = include_str!("../../docs/data-model.md");
/// Tables, as requests name them.
const TABLES: [&str; 5] = ["data", "ledger", "live", "insight", "keys"];
/// Kinds of rows that accompany others in a transaction, by one mechanism each: who acts is looked
/// at again, what was done is recorded, a note is left for the mail.
const COMPANY: [&str; 10] = [
    "account", "activity", "adm_", "admins", "audit", "lock", "ntf", "once", "owner", "session",
];

/// The kinds that the data model knows; every other word of a key is a name that somebody chose.
pub fn kinds() -> BTreeSet<String> {
    let rows = DATA_MODEL.lines().filter(|line| line.starts_with("| `"));
    let patterns = rows.flat_map(|row| row.split('|').skip(3).flat_map(|cell| cell.split('`')));
    patterns.filter_map(kind).collect()
}

/// The first word of a pattern such as `usr_…` or `email#<keyed hash>`.
fn kind(pattern: &str) -> Option<String> {
    let is_of_word = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
    let word = pattern.split(['#', '<', '…']).next().unwrap_or_default();
    (word.len() > 1 && word.chars().all(is_of_word)).then(|| word.to_owned())
}

/// The place that a call came from; none when it touched only what no row of ours is called.
pub fn site(operation: &str, touched: &str, kinds: &BTreeSet<String>) -> Option<String> {
    if let Some(asked) = operation.strip_prefix("Outside.") {
        // All identity providers are asked by the same code.
        return Some(format!(
            "Outside {}",
            asked.rsplit('.').next().unwrap_or(asked)
        ));
    }
    if !operation.starts_with("DynamoDB.") {
        return Some(format!("{operation} {touched}").trim().to_owned());
    }
    let (partitions, rows) = touched.split_once(" /").unwrap_or((touched, ""));
    let words = partitions.split(' ');
    let (tables, names): (Vec<_>, Vec<_>) = words.partition(|word| TABLES.contains(word));
    let is_ours = |name: &&str| kinds.contains(*name);
    let mut known: Vec<_> = names.into_iter().filter(is_ours).collect();
    if known.is_empty() {
        return None;
    }
    known.extend(rows.split(' ').filter(is_ours));
    let told: Vec<_> = if operation == "DynamoDB.TransactWriteItems" {
        let own = known.iter().filter(|name| !COMPANY.contains(name));
        let own: Vec<_> = own.copied().collect();
        if own.is_empty() { known } else { own }
    } else {
        tables.into_iter().chain(known).collect()
    };
    Some(format!("{operation} {}", told.join(" ")))
}

#[test]
fn a_site_is_told_by_the_kinds_of_its_rows_and_not_by_names() {
    let kinds = kinds();
    let of = |operation: &str, touched: &str| site(operation, touched, &kinds);
    let people = "DynamoDB.PutItem data people";
    assert_eq!(
        of("DynamoDB.PutItem", "data people / ann"),
        Some(people.to_owned())
    );
    assert_eq!(of("DynamoDB.PutItem", "data a / head"), None);
    let said = Some("DynamoDB.TransactWriteItems cnv_ wal_ head msg wallet".to_owned());
    let rows = "data ledger cnv_ wal_ / account head msg session wallet";
    assert_eq!(of("DynamoDB.TransactWriteItems", rows), said);
    assert_eq!(of("KMS.Decrypt", ""), Some("KMS.Decrypt".to_owned()));
}
