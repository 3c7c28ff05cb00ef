//! Puts an item that the caller has claimed back into the moderation queue.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::moderation::release;
use shared::admin::{ModerationAction, Recorded};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::moderation::ItemView;
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(POST "/api/admin/moderation/{item_id}/release" => release_moderation_item,
    severity: Info, faults: [ITEM_NOT_FOUND, CLAIMED_BY_OTHER]);

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    item_id: String,
}

/// Nothing.
#[derive(Debug, Deserialize, JsonSchema)]
struct ReleaseWish {}

async fn release_moderation_item(
    admin: Admin<ModerationAction>,
    _table: Table<Write<Data>>,
    Path(at): Path<At>,
    Body(ReleaseWish {}): Body<ReleaseWish>,
    once: Once,
) -> Result<Recorded<Json<ItemView>>> {
    let now = admin.now();
    release(&admin, &once, &at.item_id, |item| {
        Json(ItemView::of(item, now))
    })
    .await
}
