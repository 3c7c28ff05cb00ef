//! Decides about an item of the moderation queue, with everything that follows.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::moderation::{Bench, ItemVerdict, Resolved, resolve};
use shared::admin::{ModerationAction, Recorded};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::{Result, admin};

admin!(POST "/api/admin/moderation/{item_id}/resolve" => resolve_moderation_item,
    severity: Warning,
    faults: [ITEM_NOT_FOUND, CLAIMED_BY_OTHER, ITEM_RESOLVED, REASON_REQUIRED]);

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    item_id: String,
}

async fn resolve_moderation_item(
    admin: Admin<ModerationAction>,
    desk: Bench,
    Path(at): Path<At>,
    Body(verdict): Body<ItemVerdict>,
    once: Once,
) -> Result<Recorded<Json<Resolved>>> {
    resolve(&admin, &desk, &once, &at.item_id, &verdict).await
}
