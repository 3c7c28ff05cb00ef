//! Changes the roles of an admin, or whether they are active; a second person has to agree.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{AdminEdit, AdminView, Recorded, SuperAdmin, TwoPerson, edit_admin as edit};
use shared::http::{Admin, Body, Once, Path};
use shared::{Result, admin};

admin!(PATCH "/api/admin/admins/{admin_id}" => edit_admin, severity: Critical, second: "always",
    faults: [NOT_FOUND, VERSION_CONFLICT, UNKNOWN_PERMISSION, REASON_REQUIRED]);

/// Which admin.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    admin_id: String,
}

async fn edit_admin(
    admin: Admin<SuperAdmin>,
    Path(at): Path<At>,
    Body(wish): Body<AdminEdit>,
    once: Once,
) -> Result<Recorded<TwoPerson<AdminView>>> {
    edit(&admin, &once, &at.admin_id, &wish).await
}
