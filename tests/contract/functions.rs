//! `docs/functions.md`: every function, what starts it and what it may touch.

use shared::function::{Function, Trigger};

use super::{derived, summary};

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Http { method, path } => format!("{method} `{path}`"),
        Trigger::Alias(path) => format!("alias `{path}`"),
        Trigger::Frame(kind) => format!("frame `{kind}`"),
        Trigger::Socket(route) => format!("socket `{route}`"),
        Trigger::UnknownRoute => "`$default`".to_owned(),
        Trigger::Queue(queue) => format!("queue `{queue}`"),
        Trigger::Stream(table) => format!("stream `{table}`"),
        Trigger::Every(seconds) => format!("every {seconds} s"),
        Trigger::Daily { hour, minute } => format!("daily {hour:02}:{minute:02} UTC"),
    }
}

fn grants(function: &Function) -> String {
    let short = |action: &str| action.split(':').next_back().unwrap_or_default().to_owned();
    let role = function.role();
    let parts = role.iter().map(|(resource, actions)| {
        let actions: Vec<_> = actions.iter().map(|action| short(action)).collect();
        format!("`{resource}` ({})", actions.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn page() -> String {
    let functions = local::functions();
    let mut out = format!(
        "# Functions\n\nDerived from the code by `UPDATE=1 cargo test`. {} functions.\n",
        functions.len()
    );
    let mut domain = "";
    for function in functions {
        if function.domain != domain {
            domain = function.domain;
            out +=
                &format!("\n## {domain}\n\n| function | starts on | does | limit | may touch |\n");
            out += "|---|---|---|---|---|\n";
        }
        let triggers: Vec<_> = function.triggers.iter().map(trigger).collect();
        let who = match function.admin {
            Some(admin) => format!("`{}`", admin.permission),
            None if function.member => "signed in".to_owned(),
            None => "–".to_owned(),
        };
        out += &format!(
            "| `{}` | {} | {} | {who}, {} | {} |\n",
            function.name,
            triggers.join("<br>"),
            summary(function),
            function.limit.class().name,
            grants(function),
        );
    }
    out
}

#[test]
fn the_list_of_functions_is_what_the_code_says() {
    derived("docs/functions.md", &page());
}

#[test]
fn every_function_has_one_name_everywhere() {
    let mut names: Vec<_> = local::functions()
        .iter()
        .map(|function| function.name)
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two functions share a name");
    for function in local::functions() {
        let file = format!("functions/{}/src/bin/{}.rs", function.domain, function.name);
        assert_eq!(function.file, file);
    }
}
