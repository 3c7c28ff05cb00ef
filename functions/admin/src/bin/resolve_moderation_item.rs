//! Decides about an item of the moderation queue, with everything that follows.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::accounts::Warden;
use shared::admin::moderation::{Resolved, Verdict, resolve};
use shared::admin::{ModerationAction, Recorded, UsersAction, reason};
use shared::http::check::invalid;
use shared::http::{Admin, Body, Json, Once, Path};
use shared::moderation::Resolution;
use shared::{Result, Time, admin};

admin!(POST "/api/admin/moderation/{item_id}/resolve" => resolve_moderation_item,
    severity: Warning,
    faults: [ITEM_NOT_FOUND, CLAIMED_BY_OTHER, ITEM_RESOLVED, REASON_REQUIRED]);

/// Which one.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    item_id: String,
}

/// What is decided, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct Wish {
    /// `ban` also needs the permission `users.action`.
    resolution: Resolution,
    /// End of a ban, in the future; for good without it.
    until: Option<Time>,
    /// 3–500 characters, for the audit log only.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

async fn resolve_moderation_item(
    admin: Admin<ModerationAction>,
    desk: Warden,
    Path(at): Path<At>,
    Body(wish): Body<Wish>,
    once: Once,
) -> Result<Recorded<Json<Resolved>>> {
    let (reason, is_ban) = (
        reason(wish.reason.as_deref(), 3)?,
        wish.resolution == Resolution::Ban,
    );
    if wish
        .until
        .is_some_and(|until| !is_ban || until <= admin.now())
    {
        return Err(invalid(
            "/until",
            "range",
            "Must be the future end of a ban.",
        ));
    }
    if is_ban {
        admin.demand::<UsersAction>().await?;
    }
    let verdict = Verdict {
        resolution: wish.resolution,
        until: wish.until,
        reason,
    };
    resolve(&admin, &desk, &once, &at.item_id, verdict).await
}
