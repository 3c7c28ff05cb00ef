//! Ends a flag of misuse before its time.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::moderation::clear_flag;
use shared::admin::{ModerationAction, Recorded, reason};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::moderation::FlagView;
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(POST "/api/admin/abuse-flags/{flag_id}/clear" => clear_abuse_flag, severity: Notice,
    faults: [NOT_FOUND, REASON_REQUIRED]);

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    flag_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct ClearanceWish {
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn clear_abuse_flag(
    admin: Admin<ModerationAction>,
    _table: Table<Write<Data>>,
    Path(at): Path<At>,
    Body(wish): Body<ClearanceWish>,
    once: Once,
) -> Result<Recorded<Json<FlagView>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    clear_flag(&admin, &once, (&at.flag_id, why), |flag| {
        Json(FlagView::from(flag))
    })
    .await
}
