//! Tells how many credits the caller has.

use shared::credits::{Balance, Wallet};
use shared::http::{Json, Member};
use shared::table::{Ledger, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/credits/balance" => get_balance);

async fn get_balance(table: Table<Read<Ledger>>, Member(me): Member) -> Result<Json<Balance>> {
    let wallet = Wallet::load(&table, &me.wallet_id).await?;
    Ok(Json(Balance::from(&wallet)))
}
