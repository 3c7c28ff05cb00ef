//! Makes or changes a package of credits that can be bought.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{BillingAction, Recorded};
use shared::credits::{Package, PackageWish, set_package as set};
use shared::http::{Admin, Body, Json, Once, Path};
use shared::table::{Data, Write};
use shared::{Result, Table, admin};

admin!(PUT "/api/admin/packages/{package_id}" => set_package, severity: Warning);

/// Which package.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    #[schemars(regex(pattern = r"^[a-z0-9_]{1,64}$"))]
    package_id: String,
}

async fn set_package(
    admin: Admin<BillingAction>,
    _packages: Table<Write<Data>>,
    Path(which): Path<Which>,
    Body(wish): Body<PackageWish>,
    once: Once,
) -> Result<Recorded<Json<Package>>> {
    set(&admin, &once, &which.package_id, wish).await
}
