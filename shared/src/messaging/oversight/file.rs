//! Messages as rows of an export.

use serde_json::{Value, json};

use super::find::{Filter, Search, candidates};
use super::source::{Hit, Position, resolve};
use super::view::Viewer;
use crate::admin::{
    self, Clerk, Export, ExportAnswer, ExportKind, Exported, File, Format, ModerationView,
    Permission, Recorded, filters_of, written,
};
use crate::aws::dynamo::Tables;
use crate::error::{INTERNAL_ERROR, Result};
use crate::http::Once;
use crate::messaging::archive::Shelf;
use crate::messaging::message::Message;

/// The messages that a search finds.
struct MessageRows<'a> {
    search: Search<'a>,
    /// Whether texts are written in full, also those of deleted messages.
    full: bool,
}

impl Exported for MessageRows<'_> {
    const KIND: ExportKind = ExportKind::Messages;
    const NAME: &'static str = "messages";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "conversation_id",
        "seq",
        "sender_id",
        "receiver_id",
        "message_type",
        "status",
        "moderation_status",
        "content",
        "attachments",
        "credits_cost",
        "refunded",
        "is_deleted",
        "created_at",
        "delivered_at",
        "read_at",
        "deleted_at",
    ];
    type Hit = Hit;
    /// The last message, if there was one.
    type Walk = Option<Position>;

    async fn begin(&self) -> Result<Option<Position>> {
        Ok(None)
    }

    async fn find(
        &self,
        walk: &mut Option<Position>,
        most: usize,
        looks: usize,
    ) -> Result<(Vec<Hit>, bool)> {
        let mut hits = Vec::new();
        let walked = self.search.walk(walk.take(), looks, |hit| {
            hits.push(hit);
            hits.len() < most
        });
        let (is_over, last) = walked.await?;
        let is_over = is_over || last.is_none();
        *walk = last;
        Ok((hits, is_over))
    }

    /// Without the right to see texts in full, those of deleted messages are left out.
    async fn show(&self, hits: Vec<Hit>) -> Result<Vec<Value>> {
        let (tables, full) = (self.search.tables, self.full);
        let hits = resolve(tables, self.search.shelf, hits).await?;
        let rows: Vec<Message> = hits.into_iter().filter_map(|hit| hit.row).collect();
        let viewer = Viewer { tables, full };
        let mut shown = Vec::with_capacity(rows.len());
        for mut message in viewer.show(&rows).await? {
            if message.is_deleted && !full {
                message.content.clear();
            }
            let mut value =
                serde_json::to_value(&message).map_err(|cause| INTERNAL_ERROR.because(cause))?;
            value["attachments"] = Value::from(message.attachments.len());
            shown.push(value);
        }
        Ok(shown)
    }

    async fn count(&self, most: usize) -> Result<usize> {
        candidates(&self.search, most).await
    }
}

/// Gives or begins an export of the messages that a filter finds.
///
/// # Errors
/// 422 `INVALID_RANGE`, `VALIDATION_FAILED`; 503 when a service does not answer.
pub async fn export(
    admin: &Clerk,
    once: &Once,
    (shelf, export_id): (&Shelf, String),
    (filter, format): (&Filter, Format),
) -> Result<Recorded<ExportAnswer>> {
    filter.check()?;
    let full = admin.held_by_asker().has(ModerationView::NAME);
    let search = Search {
        tables: admin.tables(),
        shelf,
        filter,
        now: admin.now(),
    };
    let rows = MessageRows { search, full };
    admin::export(admin, once, export_id, &rows, (json!(filter), format, full)).await
}

/// The file of an export of messages; none when there is more than was granted.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn file_of((tables, shelf): (&Tables, &Shelf), export: &Export) -> Result<Option<File>> {
    let filter: Filter = filters_of(export)?;
    let search = Search {
        tables,
        shelf,
        filter: &filter,
        now: export.created_at,
    };
    let full = export.full;
    written(&MessageRows { search, full }, export).await
}
