//! Settles or releases the holds that are past their expiry.

use serde_json::json;
use shared::credits::sweep_holds;
use shared::table::{Data, Ledger, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, schedule};

schedule!(every 60 => expire_holds);

async fn expire_holds(table: Table<(Write<Data>, Write<Ledger>)>, clock: Clock) -> Result<Report> {
    let swept = sweep_holds(&table, clock.now()).await?;
    Ok(Report(json!({
        "settled": swept.settled,
        "released": swept.released,
        "moot": swept.moot,
    })))
}
