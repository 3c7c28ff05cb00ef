//! The tables of `shared::table::SPECS`, made in the engine.

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use serde_json::{Value, json};
use shared::table::{Index, SPECS, Spec};

/// First part of every physical name.
pub(super) const PREFIX: &str = "pairly-";

/// The physical name of a table or queue.
pub(super) fn physical(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The short name of a physical one.
pub(super) fn short(physical: &str) -> &str {
    physical.strip_prefix(PREFIX).unwrap_or(physical)
}

/// The specification of a table by its physical name.
pub(super) fn spec(physical: &str) -> Option<&'static Spec> {
    SPECS
        .iter()
        .find(|spec| spec.table.as_str() == short(physical))
}

/// Creates the tables that do not exist yet.
pub(super) fn create(db: &Database) -> Result<(), String> {
    for spec in SPECS {
        let name = physical(spec.table.as_str());
        let known = db
            .get_table_metadata(&name)
            .map_err(|cause| cause.to_string())?;
        if let Some(known) = known {
            let indexes = known.gsi_definitions.unwrap_or_default();
            if let Some(missing) = missing(spec, &indexes) {
                return Err(format!(
                    "the state was made by an earlier version: {name} has no index `{missing}`. \
                     Choose another file with --state, or remove this one"
                ));
            }
            continue;
        }
        let request: CreateTableRequest =
            serde_json::from_value(description(&name, spec)).map_err(|cause| cause.to_string())?;
        db.create_table(request)
            .map_err(|cause| format!("{name}: {cause}"))?;
    }
    Ok(())
}

/// The first global index of the specification that a table's own definitions do not name.
fn missing(spec: &Spec, definitions: &str) -> Option<&'static str> {
    let global = spec.indexes.iter().filter(|index| index.pk != "pk");
    let mut names = global.map(|index| index.name);
    names.find(|name| !definitions.contains(&format!("\"IndexName\":\"{name}\"")))
}

fn description(name: &str, spec: &Spec) -> Value {
    let (local, global): (Vec<_>, Vec<_>) = spec.indexes.iter().partition(|index| index.pk == "pk");
    let mut table = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions": attributes(spec.indexes),
    });
    if spec.stream {
        table["StreamSpecification"] =
            json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
    }
    for (kind, indexes) in [
        ("LocalSecondaryIndexes", local),
        ("GlobalSecondaryIndexes", global),
    ] {
        if !indexes.is_empty() {
            table[kind] = indexes.into_iter().map(described).collect();
        }
    }
    table
}

fn described(index: &Index) -> Value {
    let projection = if index.whole { "ALL" } else { "KEYS_ONLY" };
    json!({
        "IndexName": index.name,
        "KeySchema": keys(index.pk, index.sk),
        "Projection": { "ProjectionType": projection },
    })
}

fn keys(pk: &str, sk: &str) -> Value {
    json!([
        { "AttributeName": pk, "KeyType": "HASH" },
        { "AttributeName": sk, "KeyType": "RANGE" },
    ])
}

fn attributes(indexes: &[Index]) -> Value {
    let mut types = vec![("pk", "S"), ("sk", "S")];
    for index in indexes {
        for attribute in [(index.pk, "S"), (index.sk, "N")] {
            if !types.iter().any(|(name, _)| *name == attribute.0) {
                types.push(attribute);
            }
        }
    }
    let definition = |(name, kind)| json!({ "AttributeName": name, "AttributeType": kind });
    types.into_iter().map(definition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_an_earlier_version_is_told_from_one_of_this() {
        for spec in SPECS.iter().filter(|spec| !spec.indexes.is_empty()) {
            let whole = description("any", spec);
            let now = whole["GlobalSecondaryIndexes"].to_string();
            assert_eq!(missing(spec, &now), None);
            let first = spec.indexes.iter().find(|index| index.pk != "pk");
            assert_eq!(missing(spec, "[]"), first.map(|index| index.name));
        }
    }
}
