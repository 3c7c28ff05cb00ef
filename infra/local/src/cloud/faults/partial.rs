//! Batches that are done by half, and queries that end early.

use serde_json::{Map, Value, json};

use crate::cloud::wire::Response;

/// What was taken out of a request, and how its answer says so.
pub(in crate::cloud) enum Rest {
    /// Nothing: the request itself was shortened.
    None,
    /// Comes back under this name.
    Handed(&'static str, Value),
    /// Entries of a batch of messages, each of which failed.
    Failed(Vec<Value>),
}

/// The request that is carried out instead, and what comes back undone.
pub(in crate::cloud) fn halved(operation: &str, body: &[u8]) -> (Vec<u8>, Rest) {
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    let rest = match operation {
        "Query" | "Scan" => {
            body["Limit"] = json!(1);
            Rest::None
        }
        "BatchGetItem" => Rest::Handed("UnprocessedKeys", half_of_keys(&mut body["RequestItems"])),
        "BatchWriteItem" => {
            Rest::Handed("UnprocessedItems", half_of_lists(&mut body["RequestItems"]))
        }
        "SendMessageBatch" => Rest::Failed(second_half(&mut body["Entries"])),
        _ => Rest::None,
    };
    (body.to_string().into_bytes(), rest)
}

/// The answer with what was not done.
pub(in crate::cloud) fn with_rest(mut response: Response, rest: Rest) -> Response {
    if response.status != 200 {
        return response;
    }
    let mut body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match rest {
        Rest::None => return response,
        Rest::Handed(name, undone) => body[name] = undone,
        Rest::Failed(entries) => {
            let failed = entries.iter().map(
                |entry| json!({ "Id": entry["Id"], "SenderFault": false, "Code": "InternalError" }),
            );
            body["Failed"] = failed.collect();
        }
    }
    response.body = body.to_string().into_bytes();
    response
}

/// Takes the second half of a list, which keeps at least one.
fn second_half(list: &mut Value) -> Vec<Value> {
    let Some(list) = list.as_array_mut() else {
        return Vec::new();
    };
    list.split_off(list.len().div_ceil(2))
}

fn half_of_lists(tables: &mut Value) -> Value {
    let mut undone = Map::new();
    for (table, list) in tables.as_object_mut().into_iter().flatten() {
        let rest = second_half(list);
        if !rest.is_empty() {
            undone.insert(table.clone(), rest.into());
        }
    }
    undone.into()
}

fn half_of_keys(tables: &mut Value) -> Value {
    let mut undone = Map::new();
    for (table, wanted) in tables.as_object_mut().into_iter().flatten() {
        let rest = second_half(&mut wanted["Keys"]);
        if !rest.is_empty() {
            let mut same = wanted.clone();
            same["Keys"] = rest.into();
            undone.insert(table.clone(), same);
        }
    }
    undone.into()
}
