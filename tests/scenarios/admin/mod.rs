//! Administration (spec admin.md, *Acceptance scenarios*).

mod acting;
pub mod approvals;
mod bans;
mod deciding;
mod flags;
mod log;
mod long_logs;
mod people;
mod proving;
pub mod queue;
mod signing;
mod staff;

use serde_json::Value;
use world::Administrator;

/// The newest rows of the audit log that say so, newest first.
pub async fn rows(auditor: &Administrator, query: &str) -> Vec<Value> {
    let page = auditor
        .get(&format!("/api/admin/audit-log?{query}"))
        .await
        .ok();
    page["rows"].as_array().expect("rows").clone()
}

/// The same without what was refused.
pub async fn effects(auditor: &Administrator, query: &str) -> Vec<Value> {
    let mut rows = rows(auditor, query).await;
    rows.retain(|row| row["outcome"] == "done");
    rows
}
