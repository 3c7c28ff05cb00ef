//! Calls as rows of an export.

use serde_json::{Value, json};

use super::find::{CallFilter, Search};
use super::source::{Hit, Source};
use crate::admin::{
    self, Clerk, Export, ExportAnswer, ExportKind, Exported, File, Format, ModerationView,
    Permission, Recorded, filters_of, written,
};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result};
use crate::http::Once;

/// The calls that a search finds.
struct CallRows<'a> {
    search: Search<'a>,
    /// Whether notes of moderators are written.
    full: bool,
}

impl<'a> Exported for CallRows<'a> {
    const KIND: ExportKind = ExportKind::Calls;
    const NAME: &'static str = "calls";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "caller_id",
        "receiver_id",
        "call_type",
        "status",
        "ended_reason",
        "ended_by",
        "initiated_at",
        "accepted_at",
        "connected_at",
        "ended_at",
        "duration_seconds",
        "rate_per_minute",
        "billed_minutes",
        "credits_spent",
        "refunded",
        "transaction_id",
        "call_quality",
        "moderation_notes",
    ];
    type Hit = Hit;
    type Walk = Source<'a>;

    async fn begin(&self) -> Result<Source<'a>> {
        self.search.source(None).await
    }

    async fn find(
        &self,
        walk: &mut Source<'a>,
        most: usize,
        looks: usize,
    ) -> Result<(Vec<Hit>, bool)> {
        self.search.find(walk, most, looks).await
    }

    async fn show(&self, hits: Vec<Hit>) -> Result<Vec<Value>> {
        let mut shown = Vec::with_capacity(hits.len());
        for mut call in self.search.show(hits).await? {
            call.moderation_notes = call.moderation_notes.filter(|_| self.full);
            let value = serde_json::to_value(&call);
            shown.push(value.map_err(|cause| INTERNAL_ERROR.because(cause))?);
        }
        Ok(shown)
    }

    async fn count(&self, most: usize) -> Result<usize> {
        self.search.count(most).await
    }
}

/// Gives or begins an export of the calls that a filter finds.
///
/// # Errors
/// 422 `INVALID_RANGE`; 503 when a service does not answer.
pub async fn export(
    admin: &Clerk,
    once: &Once,
    export_id: String,
    (filter, format): (&CallFilter, Format),
) -> Result<Recorded<ExportAnswer>> {
    filter.check()?;
    let full = admin.held_by_asker().has(ModerationView::NAME);
    let search = Search {
        tables: admin.tables(),
        filter,
        now: admin.now(),
    };
    let rows = CallRows { search, full };
    admin::export(admin, once, export_id, &rows, (json!(filter), format, full)).await
}

/// The file of an export of calls; none when there is more than was granted.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn file_of(tables: &Tables, export: &Export) -> Result<Option<File>> {
    let filter: CallFilter = filters_of(export)?;
    let search = Search {
        tables,
        filter: &filter,
        now: export.created_at,
    };
    let full = export.full;
    written(&CallRows { search, full }, export).await
}
