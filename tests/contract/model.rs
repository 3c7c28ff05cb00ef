//! `docs/data-model.md`: tables, indexes and the keys that the domain modules document.

use super::{derived, root};

/// Files whose first documentation holds a table of keys.
fn documented() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("shared/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap_or_default();
            let docs = source.lines().take_while(|line| line.starts_with("//!"));
            let rows: Vec<_> = docs
                .map(|line| line.trim_start_matches("//!").trim())
                .filter(|line| line.starts_with('|'))
                .collect();
            if rows.first().is_some_and(|head| head.contains("| table |")) {
                let name = path
                    .strip_prefix(root().join("shared/src"))
                    .expect("below")
                    .display();
                found.push((
                    name.to_string(),
                    rows.join("\n").replace("[`", "`").replace("`]", "`"),
                ));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_data_model_is_what_the_code_says() {
    let mut out = String::from(
        "# Data model\n\nDerived from the code by `UPDATE=1 cargo test`. Every table has the string keys \
         `pk` and `sk`. A commit of several items is one DynamoDB transaction (serialisable); a query \
         reads one partition and promises nothing across items.\n\n\
         | table | indexes | stream | TTL |\n|---|---|---|---|\n",
    );
    for spec in shared::table::SPECS {
        let indexes: Vec<_> = spec
            .indexes
            .iter()
            .map(|index| {
                let kind = if index.pk == "pk" { "local" } else { "global" };
                let what = if index.whole {
                    "all attributes"
                } else {
                    "keys only"
                };
                format!(
                    "`{}` ({kind}: {}, {}; {what})",
                    index.name, index.pk, index.sk
                )
            })
            .collect();
        let yes = |on: bool| if on { "yes" } else { "no" };
        out += &format!(
            "| `{}` | {} | {} | {} |\n",
            spec.table.as_str(),
            indexes.join("<br>"),
            yes(spec.stream),
            yes(spec.ttl)
        );
    }
    for (file, rows) in documented() {
        out += &format!("\n## `{file}`\n\n{rows}\n");
    }
    derived("docs/data-model.md", &out);
}
