//! `docs/costs.md`: one run of every operation that clients call, and an idle day of the timers.

use std::collections::BTreeMap;

use shared::function::{Function, Trigger};
use world::World;

use super::bill::{Bill, HEAD, is_timer, measured, number};
use super::stories;
use crate::contract::derived;
use crate::sweeps::samples::{Fixture, SUPER_ADMIN, filled, routes};

/// Text above the tables.
const INTRODUCTION: &str = "# Costs\n\nDerived by `UPDATE=1 cargo test` from the consumed capacity \
that DynamoDB reports for every call. WRU and RRU are write and read request units; one million \
WRU cost $0.625 and one million RRU $0.125 (us-east-1, on demand). What the engine does not \
report is added by rule: a refused conditional write costs its size, a cancelled transaction \
twice that.\n";

/// Text above the fixed workload.
const MESSAGE: &str = "\n## One paid message\n\n50 people in 25 pairs that have written to each \
other, everybody with one open socket, each sends 100 characters every 10 seconds by POST: 2,400 \
sends. Marks are ten in a row.\n\n";

/// Text above the table of operations.
const OPERATIONS: &str = "\n## Operations\n\nOne run each, in a small world, with everything that \
follows from it until streams and queues are drained. A call by HTTP reads the session (1 RRU) and \
counts in the caller's activity item (0.5 RRU, 1 WRU). The steps of social sign-in and of the \
handshake are shown without what follows from them.\n\n";

/// Text above the table of timers.
const TIMERS: &str = "\n## Timers\n\nOne day in which nobody does anything.\n\n\
| function | WRU a day | RRU a day |\n|---|---|---|\n";

/// Rows of the table by operation.
pub type Rows = BTreeMap<String, Bill>;

/// A minute passes before, so that an operation notes the caller's activity as in real life.
pub async fn note<T>(
    rows: &mut Rows,
    world: &World,
    name: &str,
    work: impl Future<Output = T>,
) -> T {
    world.passes(61).await;
    let (done, bill) = measured(world, work).await;
    rows.insert(name.to_owned(), bill);
    done
}

/// What the named operations cost themselves in a story that calls each of them once.
pub async fn own<T>(
    rows: &mut Rows,
    world: &World,
    names: &[&str],
    work: impl Future<Output = T>,
) -> T {
    world.passes(61).await;
    world.settles().await;
    world.local.cloud().meter().reset();
    let done = work.await;
    world.settles().await;
    let lines = world.local.cloud().meter().take();
    for name in names {
        let own = lines.iter().filter(|line| line.function == *name);
        rows.insert((*name).to_owned(), Bill::of(own));
    }
    done
}

/// Calls the operation as the sweeps do; a sample that is refused is no cost of the operation.
async fn sampled(rows: &mut Rows, function: &Function) {
    let Some((method, path)) = routes(function).first().copied() else {
        return;
    };
    let fixture = Fixture::within(World::new().await).await;
    let target = filled(path, |name| fixture.own(name)) + &fixture.query(function.name);
    let body = fixture.body(function.name);
    fixture.world.passes(61).await;
    if function.admin.is_some() {
        fixture.world.admin(SUPER_ADMIN).await;
    }
    let call = fixture.asks(function, method, &target, (body, &[]));
    let (answer, bill) = measured(&fixture.world, call).await;
    if answer.status < 400 {
        rows.insert(function.name.to_owned(), bill);
    }
}

/// What the timers cost when there is nothing to do.
async fn idle() -> String {
    let world = World::new().await;
    world.two("Ann", "Ben").await;
    world.passes(86_400).await;
    world.local.cloud().meter().reset();
    // Hour by hour: a longer way would be walked in larger steps.
    for _ in 0..24 {
        world.passes(3_600).await;
    }
    let mut timers: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for function in local::functions().into_iter().filter(|one| is_timer(one)) {
        timers.insert(function.name, (0.0, 0.0));
    }
    for line in world.local.cloud().meter().take() {
        if let Some((writes, reads)) = timers.get_mut(line.function.as_str()) {
            *writes += line.write;
            *reads += line.read;
        }
    }
    let row = |(name, (writes, reads)): (&str, (f64, f64))| {
        format!("| `{name}` | {} | {} |\n", number(writes), number(reads))
    };
    timers.into_iter().map(row).collect()
}

/// Whether it needs a row; what follows from a commit is part of the operation that commits.
fn is_operation(function: &Function) -> bool {
    let is_client = |trigger: &Trigger| matches!(trigger, Trigger::Http { .. } | Trigger::Frame(_));
    function.triggers.iter().any(is_client)
}

/// All tables; the message's own figure is measured by its fixed workload.
pub async fn page(message: &Bill, marks: &[(&str, Bill)], calls: &str) {
    let mut rows = Rows::new();
    for function in local::functions() {
        sampled(&mut rows, function).await;
    }
    stories::all(&mut rows).await;
    let without: Vec<_> = local::functions()
        .into_iter()
        .filter(|function| is_operation(function) && !rows.contains_key(function.name))
        .map(|function| function.name)
        .collect();
    assert!(
        without.is_empty(),
        "docs/costs.md has no row for {without:?}: their samples in tests/sweeps/samples.rs are \
         refused, so tests/costs/stories.rs must tell a run of them"
    );
    let mut out = String::from(INTRODUCTION) + MESSAGE + HEAD;
    out += &message.row("a message");
    for (name, bill) in marks {
        out += &bill.row(name);
    }
    out += calls;
    out += OPERATIONS;
    out += HEAD;
    for (name, bill) in &rows {
        out += &bill.row(&format!("`{name}`"));
    }
    out += TIMERS;
    out += &idle().await;
    derived("docs/costs.md", &out);
}
