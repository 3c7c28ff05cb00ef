//! Sets below how many credits the caller is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::credits::{LOW_THRESHOLD_MAX, Wallet};
use shared::http::{Body, Json, Member};
use shared::table::{Ledger, WriteOnly};
use shared::{Result, Table, endpoint};

endpoint!(PUT "/api/v2/credits/alerts" => set_low_balance_alert);

/// When to tell.
#[derive(Debug, Deserialize, JsonSchema)]
struct Wish {
    /// Credits; 0 never tells.
    #[schemars(range(min = 0, max = LOW_THRESHOLD_MAX))]
    threshold: i64,
}

/// What holds now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Alert {
    low_threshold: i64,
}

async fn set_low_balance_alert(
    table: Table<WriteOnly<Ledger>>,
    Member(me): Member,
    Body(wish): Body<Wish>,
) -> Result<Json<Alert>> {
    let low_threshold = wish.threshold;
    table
        .commit(Wallet::alert_below(&me.wallet_id, low_threshold))
        .await?;
    Ok(Json(Alert { low_threshold }))
}
