//! Exports messages: a few at once, many in the background, very many after a second person.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{AnalyticsExport, ExportAnswer, Format, Recorded};
use shared::http::{Admin, Once, Query};
use shared::messaging::Shelf;
use shared::messaging::oversight::{Filter, export};
use shared::table::{Data, Insight, Read, Write};
use shared::{Ids, Result, Table, admin};

admin!(GET "/api/admin/messages/export" => export_messages, severity: Warning,
    second: "above 100,000 rows", limit: Export, faults: [INVALID_RANGE]);

/// Which messages, and how they are written.
#[derive(Debug, Deserialize, JsonSchema)]
struct ExportWish {
    #[serde(flatten)]
    filter: Filter,
    /// `ndjson` without it.
    format: Option<Format>,
}

async fn export_messages(
    admin: Admin<AnalyticsExport>,
    _tables: Table<(Write<Data>, Read<Insight>)>,
    shelf: Shelf,
    ids: Ids,
    Query(wish): Query<ExportWish>,
    once: Once,
) -> Result<Recorded<ExportAnswer>> {
    let how = (&wish.filter, wish.format.unwrap_or_default());
    export(&admin, &once, (&shelf, ids.new_id("exp")), how).await
}
