//! `docs/errors.md`: every code, its status and who may answer it.

use std::collections::BTreeMap;

use super::derived;

#[test]
fn the_list_of_errors_is_what_the_code_says() {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for function in local::functions() {
        for fault in function.faults {
            users.entry(fault.code).or_default().push(function.name);
        }
    }
    let mut out = String::from(
        "# Errors\n\nDerived from the code by `UPDATE=1 cargo test`. Codes are never renamed. Codes \
         without a function are common to all operations.\n\n| status | code | meaning | functions |\n\
         |---|---|---|---|\n",
    );
    for fault in shared::error::ALL
        .iter()
        .filter(|fault| fault.code != "REPLAYED")
    {
        let users = users.get(fault.code).map(|names| {
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        });
        let users = users.unwrap_or_default();
        out += &format!(
            "| {} | `{}` | {} | {users} |\n",
            fault.status, fault.code, fault.text
        );
    }
    derived("docs/errors.md", &out);
}

#[test]
fn no_code_stands_twice() {
    let mut codes: Vec<_> = shared::error::ALL.iter().map(|fault| fault.code).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count);
}
