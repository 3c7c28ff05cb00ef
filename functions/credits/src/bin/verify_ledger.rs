//! Proves the ledger of one person at once, or of everybody in the background.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::admin::{Act, BillingView, Recorded};
use shared::credits::{LedgerProof, Wallet, verify_wallet};
use shared::http::{Admin, Body, Later, Once};
use shared::operations::RunBegun;
use shared::table::{Commit, Data, WriteOnly};
use shared::{Ids, Result, Table, admin};

admin!(POST "/api/admin/ledger/verify" => verify_ledger, severity: Info,
    faults: [USER_NOT_FOUND, RUN_IN_PROGRESS]);

/// Whose ledger.
#[derive(Debug, Deserialize, JsonSchema)]
struct ProofWish {
    /// Everybody's without it.
    #[schemars(length(min = 1, max = 64))]
    user_id: Option<String>,
}

async fn verify_ledger(
    admin: Admin<BillingView>,
    _runs: Table<WriteOnly<Data>>,
    ids: Ids,
    Body(wish): Body<ProofWish>,
    once: Once,
) -> Result<Recorded<Later<LedgerProof, RunBegun>>> {
    let Some(user_id) = wish.user_id else {
        return admin.begins(&once, ids.new_id("run"), None).await;
    };
    let wallet = Wallet::of_user(admin.tables(), &user_id).await?;
    let found = verify_wallet(admin.tables(), &wallet.wallet_id).await?;
    let act = Act::on("user", user_id)
        .noting("ok", found.ok)
        .noting("rows", found.rows);
    Ok(admin
        .acts(&once, &act, Commit::new(), Later::Done(found))
        .await?)
}
