//! What the code says, as JSON for `tests/stack/check.py`: nothing here comes from a template.

use serde_json::{Value, json};
use shared::function::{Function, Trigger};
use shared::table::{SPECS, TTL_ATTRIBUTE};
use shared::worker::QUEUES;

use super::super::{openapi, root};

fn trigger(trigger: &Trigger) -> Value {
    match *trigger {
        Trigger::Http { method, path } => json!({ "kind": "http", "method": method, "at": path }),
        Trigger::Alias(path) => json!({ "kind": "alias", "at": path }),
        Trigger::Frame(kind) => json!({ "kind": "frame", "at": kind }),
        Trigger::Socket(route) => json!({ "kind": "frame", "at": route }),
        Trigger::UnknownRoute => json!({ "kind": "unknown" }),
        Trigger::Queue(name) => json!({ "kind": "queue", "at": name }),
        Trigger::Stream(table) => json!({ "kind": "stream", "at": table }),
        Trigger::Every(seconds) => json!({ "kind": "every", "seconds": seconds }),
        Trigger::Daily { hour, minute } => {
            json!({ "kind": "daily", "hour": hour, "minute": minute })
        }
    }
}

fn function(function: &Function) -> Value {
    json!({
        "name": function.name,
        "domain": function.domain,
        "triggers": function.triggers.iter().map(trigger).collect::<Vec<_>>(),
        "role": function.role(),
        "admin": function.admin.is_some(),
        "second": function.admin.is_some_and(|admin| admin.second.is_some()),
    })
}

fn tables() -> Value {
    let index = |index: &shared::table::Index| {
        let shared::table::Index {
            name,
            pk,
            sk,
            whole,
        } = *index;
        json!({ "name": name, "pk": pk, "sk": sk, "whole": whole })
    };
    let tables = SPECS.iter().map(|spec| {
        json!({
            "name": spec.table.as_str(),
            "indexes": spec.indexes.iter().map(index).collect::<Vec<_>>(),
            "stream": spec.stream,
            "ttl": spec.ttl.then_some(TTL_ATTRIBUTE),
        })
    });
    tables.collect()
}

fn queues() -> Value {
    let queues = QUEUES.iter().map(|queue| {
        json!({
            "name": queue.name,
            "visibility_seconds": queue.visibility_seconds,
            "receives_max": queue.receives_max,
            "batch": queue.batch,
            "gather_seconds": queue.gather_seconds,
        })
    });
    queues.collect()
}

#[test]
fn facts_are_written_for_the_check_of_the_stack() {
    let all = local::functions();
    let facts = json!({
        "functions": all.iter().map(|one| function(one)).collect::<Vec<_>>(),
        "tables": tables(),
        "queues": queues(),
        "buckets": shared::aws::objects::NAMES,
        "incoming": shared::aws::objects::INCOMING,
        "secrets": shared::aws::secret::NAMES,
        "paths": openapi::document()["paths"],
    });
    let folder = root().join("target/stack");
    std::fs::create_dir_all(&folder).expect("the folder");
    std::fs::write(folder.join("facts.json"), facts.to_string()).expect("the facts");
}
