//! Shows a person: account, profile, trust, flags, reports, credits and sessions.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::users::{PersonView, Registry, view};
use shared::admin::{Act, Recorded, UsersView};
use shared::http::{Admin, Json, Path};
use shared::{Result, admin};

admin!(GET "/api/admin/users/{user_id}" => view_user, severity: Notice,
    faults: [USER_NOT_FOUND]);

/// Whom.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    user_id: String,
}

async fn view_user(
    admin: Admin<UsersView>,
    desk: Registry,
    Path(at): Path<At>,
) -> Result<Recorded<Json<PersonView>>> {
    let person = view(&desk, &at.user_id, admin.now()).await?;
    admin
        .shows(&Act::on("user", at.user_id), Json(person))
        .await
}
