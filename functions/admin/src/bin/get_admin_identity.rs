//! Says who the calling admin is and what they may do.

use schemars::JsonSchema;
use serde::Serialize;
use shared::admin::{Act, AnyAdmin, Recorded};
use shared::http::{Admin, Json};
use shared::{Result, admin};

admin!(GET "/api/admin/me" => get_admin_identity, severity: Info);

/// The caller.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Identity {
    admin_id: String,
    email: String,
    roles: Vec<String>,
    permissions: Vec<String>,
}

async fn get_admin_identity(admin: Admin<AnyAdmin>) -> Result<Recorded<Json<Identity>>> {
    let me = admin.me();
    let identity = Identity {
        admin_id: me.admin_id.clone(),
        email: me.email.clone(),
        roles: me.roles.clone(),
        permissions: admin.held().list(),
    };
    admin.shows(&Act::general(), Json(identity)).await
}
