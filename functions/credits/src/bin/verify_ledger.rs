//! Proves the ledger of one person at once, or of everybody in the background.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::admin::{Act, BillingView, Recorded};
use shared::credits::{LedgerProof, VERIFY_LEDGER, Wallet, verify_wallet};
use shared::http::{Admin, Body, Later, Once};
use shared::operations::JobRun;
use shared::table::{Commit, Data, Write};
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

/// What proves everybody's.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ProofBegun {
    run_id: String,
}

async fn verify_ledger(
    admin: Admin<BillingView>,
    _runs: Table<Write<Data>>,
    ids: Ids,
    Body(wish): Body<ProofWish>,
    once: Once,
) -> Result<Recorded<Later<LedgerProof, ProofBegun>>> {
    let Some(user_id) = wish.user_id else {
        let run_id = ids.new_id("run");
        let by = &admin.me().admin_id;
        let run = JobRun::new(run_id.clone(), VERIFY_LEDGER, by, admin.now());
        let act = Act::on("run", &*run_id);
        let begun = Later::Accepted(ProofBegun { run_id });
        return Ok(admin.acts(&once, &act, run.begin(), begun).await?);
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
