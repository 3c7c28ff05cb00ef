//! Lists the packages of credits on sale.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::credits::{Offer, Package};
use shared::http::{Cached, Client, Member, Query};
use shared::table::{Data, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/credits/packages" => list_credit_packages);

/// Which packages.
#[derive(Debug, Deserialize, JsonSchema)]
struct Filter {
    /// Only prices in this currency, ISO 4217.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    currency: Option<String>,
}

/// What is on sale.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Packages {
    packages: Vec<Offer>,
}

async fn list_credit_packages(
    table: Table<Read<Data>>,
    _: Member,
    Query(filter): Query<Filter>,
    client: Client,
) -> Result<Cached<Packages>> {
    let packages = Package::on_sale(&table, filter.currency.as_deref()).await?;
    Ok(Cached::private(Packages { packages }, &client))
}
