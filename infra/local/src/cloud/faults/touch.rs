//! What a call touches, without names and numbers: two calls that do the same to rows of the same
//! kinds come from the same place of the code, whoever runs it.

use std::collections::BTreeSet;

/// What stands before the partition and the place of a row in a request of DynamoDB, and what
/// before those of a range.
const ROW: [&str; 2] = ["\"pk\":{\"S\":\"", "\"sk\":{\"S\":\""];
const RANGE: [&str; 2] = ["\":v0\":{\"S\":\"", "\":v1\":{\"S\":\""];

/// The tables, kinds of partitions and, after `/`, of rows of a request, or its queue; empty when
/// there is neither.
pub(super) fn touched(operation: &str, body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default();
    if !operation.starts_with("DynamoDB.") {
        let queue = after(text, "\"QueueUrl\":\"").next();
        let queue = queue.and_then(|url| url.rsplit('/').next());
        return queue.unwrap_or_default().to_owned();
    }
    let is_range = operation == "DynamoDB.Query";
    let [pk, sk] = if is_range { RANGE } else { ROW };
    let kinds = |key| after(text, key).map(kind).collect::<BTreeSet<_>>();
    let tables: BTreeSet<&str> = after(text, "\"pairly-").collect();
    let index = after(text, "\"IndexName\":\"").next();
    let all = tables.into_iter().chain(index).map(str::to_owned);
    let all = all
        .chain(kinds(pk))
        .chain(["/".to_owned()])
        .chain(kinds(sk));
    all.collect::<Vec<_>>().join(" ")
}

/// The texts that follow something, each up to its quotation mark.
fn after<'a>(text: &'a str, what: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(what)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
}

/// The kind of a key: its first word.
fn kind(key: &str) -> String {
    let word = key.split('#').next().unwrap_or_default();
    match word.split_once('_') {
        Some((prefix, _)) => format!("{prefix}_"),
        None if word.contains(|c: char| c.is_ascii_digit()) => "0".to_owned(),
        None => word.to_owned(),
    }
}

#[test]
fn rows_of_the_same_kinds_are_touched_alike() {
    let get = |sk: &str| {
        let key = format!(r#"{{"pk":{{"S":"usr_01ABC"}},"sk":{{"S":"{sk}"}}}}"#);
        let body = format!(r#"{{"TableName":"pairly-data","Key":{key}}}"#);
        touched("DynamoDB.GetItem", body.as_bytes())
    };
    assert_eq!(get("session#ses_1"), "data usr_ / session");
    assert_eq!(get("session#ses_2"), get("session#ses_1"));
    assert_eq!(get("account"), "data usr_ / account");
    let query = r#"{"TableName":"pairly-live","IndexName":"due","ExpressionAttributeValues":
        {":v0":{"S":"timers#3"},":v1":{"N":"17"}}}"#;
    assert_eq!(
        touched("DynamoDB.Query", query.as_bytes()),
        "live due timers /"
    );
    let send = br#"{"QueueUrl":"https://sqs.example/1/frames","Entries":[]}"#;
    assert_eq!(touched("SQS.SendMessageBatch", send), "frames");
    assert_eq!(touched("KMS.Decrypt", b"{}"), "");
}
