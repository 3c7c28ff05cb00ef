//! Lists all roles with their permissions.

use schemars::JsonSchema;
use serde::Serialize;
use shared::admin::{Act, AuditLogView, Recorded, Role, roles};
use shared::http::{Admin, Json};
use shared::{Result, admin};

admin!(GET "/api/admin/roles" => list_roles, severity: Info);

/// Roles by name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Roles {
    roles: Vec<Role>,
}

async fn list_roles(admin: Admin<AuditLogView>) -> Result<Recorded<Json<Roles>>> {
    let roles = roles(admin.tables()).await?.into_values().collect();
    admin.shows(&Act::general(), Json(Roles { roles })).await
}
