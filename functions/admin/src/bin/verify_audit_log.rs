//! Proves the audit log of one admin, or of all: every row follows from the one before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::{Act, AuditLogView, BadAuditRow, Recorded, verify_logs};
use shared::aws::objects::{Logs, Objects};
use shared::http::{Admin, Body, Json, Once};
use shared::table::Commit;
use shared::{Result, admin};

admin!(POST "/api/admin/audit-log/verify" => verify_audit_log, severity: Info,
    faults: [NOT_FOUND]);

/// Whose log.
#[derive(Debug, Deserialize, JsonSchema)]
struct WhoseLog {
    /// `adm_` id; everybody's without it.
    admin_id: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ProvedLog {
    ok: bool,
    rows: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_bad: Option<BadAuditRow>,
}

async fn verify_audit_log(
    admin: Admin<AuditLogView>,
    logs: Objects<Logs>,
    Body(wish): Body<WhoseLog>,
    once: Once,
) -> Result<Recorded<Json<ProvedLog>>> {
    let (rows, first_bad) = verify_logs(&admin, &logs, wish.admin_id.as_deref()).await?;
    let ok = first_bad.is_none();
    let act = match wish.admin_id {
        Some(admin_id) => Act::on("admin", admin_id),
        None => Act::general(),
    };
    let act = act.noting("ok", ok).noting("rows", rows);
    let verified = Json(ProvedLog {
        ok,
        rows,
        first_bad,
    });
    Ok(admin.acts(&once, &act, Commit::new(), verified).await?)
}
