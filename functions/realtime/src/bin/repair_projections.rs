//! Recomputes from heads and accounts what the stream derives, for what it may have lost.

use serde::Deserialize;
use serde_json::json;
use shared::realtime::repair;
use shared::table::{Data, Write};
use shared::worker::{Report, Wish};
use shared::{Clock, Result, Table, schedule};

schedule!(every 86_400 => repair_projections);

/// How far back; an operator asks for more after a longer outage.
#[derive(Deserialize)]
struct Span {
    #[serde(default = "yesterday")]
    days: i64,
}

fn yesterday() -> i64 {
    1
}

async fn repair_projections(
    table: Table<Write<Data>>,
    clock: Clock,
    Wish(span): Wish<Span>,
) -> Result<Report> {
    let repaired = repair(&table, span.days, clock.now()).await?;
    Ok(Report(json!(repaired)))
}
