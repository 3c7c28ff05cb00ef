//! Suspends an account until an instant or for good, and ends all its sessions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::accounts::account::Status;
use shared::accounts::{Measure, Warden};
use shared::admin::users::carry_out;
use shared::admin::{Recorded, UsersAction, reason};
use shared::http::check::invalid;
use shared::http::{Admin, Body, Json, Once, Path};
use shared::{Result, Time, admin};

admin!(POST "/api/admin/users/{user_id}/ban" => ban_user, severity: Warning,
    faults: [USER_NOT_FOUND, REASON_REQUIRED]);

/// Whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    user_id: String,
}

/// Until when, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct BanWish {
    /// In the future; for good without it.
    until: Option<Time>,
    /// 3–500 characters, for the audit log only.
    #[schemars(length(max = 500))]
    reason: Option<String>,
    /// Whether the person gets a mail; they do without it.
    notify: Option<bool>,
}

/// The account afterwards.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Banned {
    status: Status,
    until: Option<Time>,
}

async fn ban_user(
    admin: Admin<UsersAction>,
    desk: Warden,
    Path(at): Path<At>,
    Body(wish): Body<BanWish>,
    once: Once,
) -> Result<Recorded<Json<Banned>>> {
    let until = wish.until;
    let reason = &*reason(wish.reason.as_deref(), 3)?;
    if until.is_some_and(|until| until <= admin.now()) {
        return Err(invalid("/until", "range", "Must be in the future."));
    }
    let notify = wish.notify.unwrap_or(true);
    let ban = (&*at.user_id, Measure::Ban { until, notify }, reason);
    let status = Status::Banned;
    carry_out(&admin, &desk, &once, ban, |_| {
        Json(Banned { status, until })
    })
    .await
}
