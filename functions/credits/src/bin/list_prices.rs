//! Tells what things cost now.

use schemars::JsonSchema;
use serde::Serialize;
use shared::credits::{Policies, Price};
use shared::http::{Cached, Client, Member};
use shared::{Result, endpoint};

endpoint!(GET "/api/v2/credits/prices" => list_prices);

/// All prices.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Prices {
    prices: Vec<Price>,
}

async fn list_prices(_: Member, policies: Policies, client: Client) -> Result<Cached<Prices>> {
    Ok(Cached::private(
        Prices {
            prices: policies.prices(),
        },
        &client,
    ))
}
