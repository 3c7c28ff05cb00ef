//! Tells the admin who asked for it how an export stands, and where its file is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::{Act, Export, ExportState, OfExport, Recorded};
use shared::aws::objects::Exports;
use shared::aws::presigned::Links;
use shared::http::{Admin, Json, Path};
use shared::table::{Data, Read};
use shared::{Result, Table, Time, admin};

admin!(GET "/api/admin/exports/{export_id}" => get_export, severity: Notice,
    faults: [EXPORT_NOT_FOUND, EXPORT_GONE]);

/// Which export.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    export_id: String,
}

/// How it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ExportStanding {
    status: ExportState,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<i64>,
    /// Works for at least 15 minutes; a later answer has a fresh one.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    expires_at: Time,
}

async fn get_export(
    admin: Admin<OfExport>,
    table: Table<Read<Data>>,
    links: Links<Exports>,
    Path(at): Path<At>,
) -> Result<Recorded<Json<ExportStanding>>> {
    let (me, now) = (&admin.me().admin_id, admin.now());
    let export = Export::of(&table, &at.export_id, me, now).await?;
    admin.demand_named(&export.permission).await?;
    let is_ready = export.state == ExportState::Ready;
    let object = export.object();
    let standing = ExportStanding {
        status: export.state,
        rows: export.rows,
        url: is_ready.then(|| links.link(&object, Some(&object), now)),
        expires_at: export.expires_at,
    };
    admin
        .shows(&Act::on("export", at.export_id), Json(standing))
        .await
}
