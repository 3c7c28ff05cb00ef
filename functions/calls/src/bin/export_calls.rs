//! Exports calls: a few at once, many in the background, very many after a second person.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{AnalyticsExport, ExportAnswer, Format, Recorded};
use shared::calls::oversight::{CallFilter, export};
use shared::http::{Admin, Once, Query};
use shared::table::{Data, Insight, Read, Write};
use shared::{Ids, Result, Table, admin};

admin!(GET "/api/admin/calls/export" => export_calls, severity: Warning,
    second: "above 100,000 rows", limit: Export, faults: [INVALID_RANGE]);

/// Which calls, and how they are written.
#[derive(Debug, Deserialize, JsonSchema)]
struct CallExport {
    #[serde(flatten)]
    filter: CallFilter,
    /// `ndjson` without it.
    format: Option<Format>,
}

async fn export_calls(
    admin: Admin<AnalyticsExport>,
    _tables: Table<(Write<Data>, Read<Insight>)>,
    ids: Ids,
    Query(wish): Query<CallExport>,
    once: Once,
) -> Result<Recorded<ExportAnswer>> {
    let how = (&wish.filter, wish.format.unwrap_or_default());
    export(&admin, &once, ids.new_id("exp"), how).await
}
