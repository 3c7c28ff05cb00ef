//! Makes a principal an admin; a second person has to agree.

use shared::admin::{AdminView, NewAdmin, Recorded, SuperAdmin, TwoPerson, create_admin as create};
use shared::http::{Admin, Body, Once};
use shared::{Ids, Result, admin};

admin!(POST "/api/admin/admins" => create_admin, severity: Critical, second: "always",
    faults: [ADMIN_EXISTS, UNKNOWN_PERMISSION, REASON_REQUIRED]);

async fn create_admin(
    admin: Admin<SuperAdmin>,
    ids: Ids,
    Body(new): Body<NewAdmin>,
    once: Once,
) -> Result<Recorded<TwoPerson<AdminView>>> {
    create(&admin, &once, &new, ids.new_id("adm")).await
}
