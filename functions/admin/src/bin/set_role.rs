//! Sets the permissions of a role, or makes a new one; a second person has to agree.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Recorded, Role, RoleEdit, SuperAdmin, TwoPerson, set_role as set};
use shared::http::{Admin, Body, Once, Path};
use shared::{Result, admin};

admin!(PUT "/api/admin/roles/{role}" => set_role, severity: Critical, second: "always",
    faults: [NOT_FOUND, VERSION_CONFLICT, UNKNOWN_PERMISSION, REASON_REQUIRED]);

/// Which role.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    role: String,
}

async fn set_role(
    admin: Admin<SuperAdmin>,
    Path(at): Path<At>,
    Body(wish): Body<RoleEdit>,
    once: Once,
) -> Result<Recorded<TwoPerson<Role>>> {
    set(&admin, &once, &at.role, &wish).await
}
