//! `docs/faults.md`: which call of which function was let go wrong how.

use std::fmt::Write as _;

use local::cloud::Kind;

use super::singles::places;
use super::trial::trial;
use crate::contract::derived;

const HEAD: &str = "# Faults

Derived by a test; do not edit. Every function is made to work by its sample or its story
(`tests/faults/stories.rs`), and each of its calls of AWS goes wrong alone, in every way that it
can. Afterwards the state of the world is the same as if nothing had gone wrong, but for what
`tests/faults/allowed.rs` names. A new call is a new line here, and is let go wrong at once.

- `before`, `after`: the connection fails before or after the effect
- `throttle`, `throughput`, `conflict`: the service refuses, as it does under load
- `timeout`: the effect happens, and no answer comes
- `partial`: half of a batch, or a page that ends early
- `stale`: a read that need not be consistent sees the state of before
- `death`: the effect happens, and the process ends

| function | call | goes wrong by |
|---|---|---|
";

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::BeforeEffect => "before",
        Kind::AfterEffect => "after",
        Kind::Throttle => "throttle",
        Kind::Throughput => "throughput",
        Kind::Conflict => "conflict",
        Kind::Timeout => "timeout",
        Kind::Partial => "partial",
        Kind::Stale => "stale",
        Kind::EndHandler => "death",
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_of_faults_is_as_the_functions_are() {
    let mut page = HEAD.to_owned();
    let (mut calls, mut faults) = (0, 0);
    let (mut quiet, mut untold) = (Vec::new(), Vec::new());
    for function in local::functions() {
        let right = trial(function, &[]).await;
        let places = places(&right.sites);
        if right.sites.is_empty() {
            quiet.push(format!("`{}`", function.name));
            // Whoever may call anything does so in its story.
            if !function.role().is_empty() {
                untold.push(function.name);
            }
        }
        for (at, site) in right.sites.iter().enumerate() {
            let kinds = places.iter().filter(|(nth, _)| *nth == at + 1);
            let kinds: Vec<_> = kinds.map(|(_, kind)| name(*kind)).collect();
            let row = format!(
                "| `{}` | {} {} | {} |",
                function.name,
                at + 1,
                site.operation,
                kinds.join(", ")
            );
            writeln!(page, "{row}").expect("a text");
        }
        calls += right.sites.len();
        faults += places.len();
    }
    assert!(untold.is_empty(), "no story leads to a call of {untold:?}");
    let last = format!(
        "\n{faults} faults of {calls} calls. Without any call, and without the right to one: {}.\n",
        quiet.join(", ")
    );
    page.push_str(&last);
    derived("docs/faults.md", &page);
}
