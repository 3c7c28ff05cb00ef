//! Approves, flags or blocks a message, with everything that follows from it.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{ModerationAction, Recorded, reason};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::messaging::oversight::{MessageJudged, moderate_as};
use shared::messaging::{Moderating, Moderation, Shelf};
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(POST "/api/admin/messages/{message_id}/moderate" => moderate_message, severity: Warning,
    faults: [MESSAGE_NOT_FOUND, REASON_REQUIRED]);

/// Which message.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    message_id: String,
}

/// What moderation says of it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MessageVerdict {
    Approved,
    Flagged,
    Blocked,
}

/// The decision, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct MessageDecision {
    moderation_status: MessageVerdict,
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn moderate_message(
    admin: Admin<ModerationAction>,
    _tables: Table<Write<Data>>,
    shelf: Shelf,
    Path(At { message_id }): Path<At>,
    Body(wish): Body<MessageDecision>,
    once: Once,
) -> Result<Recorded<Json<MessageJudged>>> {
    let to = match wish.moderation_status {
        MessageVerdict::Approved => Moderation::Approved,
        MessageVerdict::Flagged => Moderation::Flagged,
        MessageVerdict::Blocked => Moderation::Blocked,
    };
    let why = &*reason(wish.reason.as_deref(), 3)?;
    let (message_id, shelf, now) = (&*message_id, Some(&shelf), admin.now());
    let at = Moderating {
        message_id,
        shelf,
        now,
    };
    moderate_as(&admin, &once, at, (to, why)).await
}
