//! Lists live flags of misuse, the newest first.

use schemars::JsonSchema;
use serde::Serialize;
use shared::admin::{Act, ModerationView, Recorded};
use shared::http::{Admin, Json, Pages, Query};
use shared::moderation::{FlagFilter, FlagView, list_flags};
use shared::page::admin_limit_of;
use shared::table::{Find, Live};
use shared::{Result, Table, admin};

admin!(GET "/api/admin/abuse-flags" => list_abuse_flags, severity: Info,
    faults: [INVALID_CURSOR]);

/// Flags of everybody, or of one subject.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Flags {
    flags: Vec<FlagView>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_abuse_flags(
    admin: Admin<ModerationView>,
    tables: Table<Find<Live>>,
    Query(filter): Query<FlagFilter>,
    pages: Pages,
) -> Result<Recorded<Json<Flags>>> {
    let given = serde_json::json!(filter);
    let (filters, act) = (given.to_string(), Act::general().noting_all(&given));
    let (limit, lowered) = admin_limit_of(filter.limit)?;
    let after = pages.open(&filters, filter.cursor.as_deref())?;
    let (found, next) = list_flags(&tables, &filter, after, limit, admin.now()).await?;
    let flags = Flags {
        flags: found.into_iter().map(FlagView::from).collect(),
        next_cursor: pages.seal(&filters, next.as_ref()),
        limit: lowered.then_some(limit),
    };
    admin.shows(&act, Json(flags)).await
}
