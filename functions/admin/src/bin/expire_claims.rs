//! Frees claims that have lapsed, notes approvals that nobody decided in time, and tells how much
//! of the queue is overdue.

use serde_json::json;
use shared::admin::moderation::expire_approvals;
use shared::table::{Data, Ledger, Write};
use shared::worker::Report;
use shared::{Clock, Result, Table, log, moderation, schedule};

schedule!(every 300 => expire_claims);

async fn expire_claims(
    tables: Table<(Write<Data>, Write<Ledger>)>,
    clock: Clock,
) -> Result<Report> {
    let freed = moderation::expire_claims(&tables, clock.now()).await?;
    let expired = expire_approvals(&tables, clock.now()).await?;
    let overdue = moderation::survey(&tables, clock.now()).await?.overdue;
    log::overdue("expire_claims", overdue);
    Ok(Report(
        json!({ "claims": freed, "approvals": expired, "overdue": overdue }),
    ))
}
