//! Proves the audit log of one admin or of all, at once or, where it is long, in the background.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Act, AuditLogView, AuditLogs, AuditProof, Recorded};
use shared::aws::objects::{Logs, Objects};
use shared::http::{Admin, Body, Later, Once};
use shared::operations::RunBegun;
use shared::table::{Commit, Data, WriteOnly};
use shared::{Ids, Result, Table, admin};

admin!(POST "/api/admin/audit-log/verify" => verify_audit_log, severity: Info,
    faults: [NOT_FOUND, RUN_IN_PROGRESS]);

/// Whose log.
#[derive(Debug, Deserialize, JsonSchema)]
struct WhoseLog {
    /// `adm_` id; everybody's without it.
    #[schemars(length(min = 1, max = 64))]
    admin_id: Option<String>,
}

async fn verify_audit_log(
    admin: Admin<AuditLogView>,
    _runs: Table<WriteOnly<Data>>,
    logs: Objects<Logs>,
    ids: Ids,
    Body(wish): Body<WhoseLog>,
    once: Once,
) -> Result<Recorded<Later<AuditProof, RunBegun>>> {
    let about = wish.admin_id.as_deref();
    let all = AuditLogs::load(admin.tables(), about).await?;
    if all.are_long() {
        return admin.begins(&once, ids.new_id("run"), about).await;
    }
    let found = all.verify(admin.tables(), &logs).await?;
    let act = about.map_or_else(Act::general, |id| Act::on("admin", id));
    let act = act.noting("ok", found.ok).noting("rows", found.rows);
    let answer = Later::Done(found);
    Ok(admin.acts(&once, &act, Commit::new(), answer).await?)
}
