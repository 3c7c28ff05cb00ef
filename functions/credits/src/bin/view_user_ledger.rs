//! Shows a person's wallet and its rows, and what it held at an instant.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::admin::{Act, BillingView, Recorded};
use shared::credits::{Inspected, Wallet, inspect};
use shared::http::{Admin, Json, Pages, Path, Query};
use shared::page::admin_limit_of;
use shared::{Result, Time, admin};

admin!(GET "/api/admin/credits/{user_id}" => view_user_ledger, severity: Notice,
    faults: [USER_NOT_FOUND, INVALID_CURSOR]);

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
struct Whose {
    user_id: String,
}

/// When, and which page.
#[derive(Debug, Deserialize, JsonSchema)]
struct LedgerWish {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
    /// Also the balance at this instant; then no later rows are shown.
    at: Option<Time>,
}

async fn view_user_ledger(
    admin: Admin<BillingView>,
    Path(whose): Path<Whose>,
    Query(wish): Query<LedgerWish>,
    pages: Pages,
) -> Result<Recorded<Json<Inspected>>> {
    let (limit, lowered) = admin_limit_of(wish.limit)?;
    let filters = json!([whose.user_id, wish.at]).to_string();
    let below = pages.open(&filters, wish.cursor.as_deref())?;
    let wallet = Wallet::of_user(admin.tables(), &whose.user_id).await?;
    let (mut seen, next) = inspect(admin.tables(), &wallet, wish.at, below, limit).await?;
    seen.next_cursor = pages.seal(&filters, next.as_ref());
    seen.limit = lowered.then_some(limit);
    let act = Act::on("user", whose.user_id).noting_all(&json!({ "at": wish.at }));
    admin.shows(&act, Json(seen)).await
}
