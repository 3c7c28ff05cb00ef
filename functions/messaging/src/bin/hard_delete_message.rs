//! Removes a message for good: its text, its copies, its media and its place in the log.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Recorded, SuperAdmin, reason};
use shared::aws::objects::{Archive, Objects};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::messaging::Shelf;
use shared::messaging::oversight::{MessageJudged, remove_as};
use shared::table::{Data, Insight, Write, WriteOnly};
use shared::{Result, Table, admin};

admin!(DELETE "/api/admin/messages/{message_id}/hard-delete" => hard_delete_message,
    severity: Critical, faults: [MESSAGE_NOT_FOUND, LEGAL_HOLD, REASON_REQUIRED]);

/// Which message.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    message_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct RemovalWish {
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn hard_delete_message(
    admin: Admin<SuperAdmin>,
    _tables: Table<(Write<Data>, WriteOnly<Insight>)>,
    shelf: Shelf,
    archive: Objects<Archive>,
    Path(at): Path<At>,
    Body(wish): Body<RemovalWish>,
    once: Once,
) -> Result<Recorded<Json<MessageJudged>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    remove_as(&admin, &once, (&shelf, &archive), (&at.message_id, why)).await
}
