//! Ends all sessions of a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::accounts::{Measure, Warden};
use shared::admin::users::carry_out;
use shared::admin::{Recorded, UsersAction, reason};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::{Result, admin};

admin!(POST "/api/admin/users/{user_id}/sessions/revoke" => end_user_sessions, severity: Warning,
    faults: [USER_NOT_FOUND, REASON_REQUIRED]);

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    user_id: String,
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
struct EndingWish {
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

/// How many there were.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct SessionsEnded {
    revoked: usize,
}

async fn end_user_sessions(
    admin: Admin<UsersAction>,
    desk: Warden,
    Path(at): Path<At>,
    Body(wish): Body<EndingWish>,
    once: Once,
) -> Result<Recorded<Json<SessionsEnded>>> {
    let why = &*reason(wish.reason.as_deref(), 3)?;
    let measure = (&*at.user_id, Measure::EndSessions, why);
    carry_out(&admin, &desk, &once, measure, |measured| {
        let revoked = measured.ended;
        Json(SessionsEnded { revoked })
    })
    .await
}
