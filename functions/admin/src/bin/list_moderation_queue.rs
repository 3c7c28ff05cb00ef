//! Lists what moderators have to look at, the most urgent first.

use schemars::JsonSchema;
use serde::Serialize;
use shared::admin::{Act, ModerationView, Recorded};
use shared::http::{Admin, Json, Pages, Query};
use shared::moderation::{Counts, ItemView, QueueFilter, list_items, survey};
use shared::table::{Data, Read};
use shared::{Result, Table, Time, admin};

admin!(GET "/api/admin/moderation/queue" => list_moderation_queue, severity: Info,
    faults: [INVALID_CURSOR]);

/// At most 50 items. The queue as a whole is counted on the first page only.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Queue {
    items: Vec<ItemView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_due_at: Option<Time>,
    next_cursor: Option<String>,
}

async fn list_moderation_queue(
    admin: Admin<ModerationView>,
    table: Table<Read<Data>>,
    Query(filter): Query<QueueFilter>,
    pages: Pages,
) -> Result<Recorded<Json<Queue>>> {
    let (given, now) = (serde_json::json!(filter), admin.now());
    let (filters, act) = (given.to_string(), Act::general().noting_all(&given));
    let after = pages.open(&filters, filter.cursor.as_deref())?;
    let whole = match after {
        None => Some(survey(&table, now).await?),
        Some(_) => None,
    };
    let (items, next) = list_items(&table, &filter, after, now).await?;
    let queue = Queue {
        items: items
            .into_iter()
            .map(|item| ItemView::of(item, now))
            .collect(),
        oldest_due_at: whole.as_ref().and_then(|whole| whole.oldest_due_at),
        counts: whole.map(|whole| whole.counts),
        next_cursor: pages.seal(&filters, next.as_ref()),
    };
    admin.shows(&act, Json(queue)).await
}
