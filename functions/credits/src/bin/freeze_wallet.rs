//! Stops or allows spending of a person's credits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::admin::{Act, BillingAction, Recorded, reason};
use shared::credits::Wallet;
use shared::http::{Admin, Body, Json, Once, Path};
use shared::{Result, admin};

admin!(POST "/api/admin/credits/{user_id}/freeze" => freeze_wallet, severity: Warning,
    faults: [USER_NOT_FOUND, REASON_REQUIRED]);

/// Whose.
#[derive(Debug, Deserialize, JsonSchema)]
struct Whose {
    user_id: String,
}

/// What, and why.
#[derive(Debug, Deserialize, JsonSchema)]
struct FreezeWish {
    /// Whether spending is stopped.
    frozen: bool,
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

/// What holds now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Frozen {
    frozen: bool,
}

async fn freeze_wallet(
    admin: Admin<BillingAction>,
    Path(whose): Path<Whose>,
    Body(wish): Body<FreezeWish>,
    once: Once,
) -> Result<Recorded<Json<Frozen>>> {
    let frozen = wish.frozen;
    let why = &*reason(wish.reason.as_deref(), 3)?;
    let wallet = Wallet::of_user(admin.tables(), &whose.user_id).await?;
    let (before, after) = (
        json!({ "frozen": wallet.frozen }),
        json!({ "frozen": frozen }),
    );
    let act = Act::on("user", whose.user_id)
        .changed(before, after)
        .because(why);
    let commit = Wallet::freeze(&wallet.wallet_id, frozen);
    Ok(admin
        .acts(&once, &act, commit, Json(Frozen { frozen }))
        .await?)
}
