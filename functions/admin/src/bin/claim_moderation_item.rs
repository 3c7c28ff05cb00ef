//! Claims an item of the moderation queue for 15 minutes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::moderation::claim;
use shared::admin::{ModerationAction, Recorded};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::table::{Data, Write};
use shared::{Result, Table, Time, admin};

admin!(POST "/api/admin/moderation/{item_id}/claim" => claim_moderation_item, severity: Info,
    faults: [ITEM_NOT_FOUND, CLAIMED_BY_OTHER, ITEM_RESOLVED]);

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    item_id: String,
}

/// Nothing.
#[derive(Debug, Deserialize, JsonSchema)]
struct ClaimWish {}

/// Until when nobody else can decide.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Claimed {
    claim_until: Option<Time>,
}

async fn claim_moderation_item(
    admin: Admin<ModerationAction>,
    _table: Table<Write<Data>>,
    Path(at): Path<At>,
    Body(ClaimWish {}): Body<ClaimWish>,
    once: Once,
) -> Result<Recorded<Json<Claimed>>> {
    claim(&admin, &once, &at.item_id, |item| {
        let claim_until = item.claim_until;
        Json(Claimed { claim_until })
    })
    .await
}
