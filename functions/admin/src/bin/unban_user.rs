//! Lifts a ban.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::accounts::account::Status;
use shared::accounts::{Measure, Warden};
use shared::admin::users::carry_out;
use shared::admin::{Recorded, UsersAction, reason};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::{Result, admin};

admin!(POST "/api/admin/users/{user_id}/unban" => unban_user, severity: Warning,
    faults: [USER_NOT_FOUND, REASON_REQUIRED]);

/// Whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    user_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct UnbanWish {
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

/// The account afterwards.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Unbanned {
    status: Status,
}

async fn unban_user(
    admin: Admin<UsersAction>,
    desk: Warden,
    Path(at): Path<At>,
    Body(wish): Body<UnbanWish>,
    once: Once,
) -> Result<Recorded<Json<Unbanned>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    let measure = (&*at.user_id, Measure::Unban, why);
    carry_out(&admin, &desk, &once, measure, |measured| {
        let status = measured.after.status;
        Json(Unbanned { status })
    })
    .await
}
