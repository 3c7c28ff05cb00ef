//! Gives all postings of one transaction of the caller.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::credits::{History, LedgerRow, RefType, Wallet};
use shared::error::TRANSACTION_NOT_FOUND;
use shared::http::{Json, Member, Path};
use shared::table::{Ledger, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/credits/transactions/{transaction_id}" => get_credit_transaction,
    faults: [TRANSACTION_NOT_FOUND]);

/// Which transaction.
#[derive(Debug, Deserialize, JsonSchema)]
struct At {
    transaction_id: String,
}

/// What it was for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Ref {
    #[serde(rename = "type")]
    kind: RefType,
    id: String,
}

/// One business event.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Transaction {
    postings: Vec<LedgerRow>,
    #[serde(rename = "ref")]
    reference: Ref,
}

async fn get_credit_transaction(
    table: Table<Read<Ledger>>,
    Member(me): Member,
    Path(at): Path<At>,
) -> Result<Json<Transaction>> {
    let wallet = Wallet::load(&table, &me.wallet_id).await?;
    let rows = History::of(&table, &wallet)
        .transaction(&at.transaction_id)
        .await?;
    let first = &rows.first().ok_or(TRANSACTION_NOT_FOUND)?.entry.reference;
    Ok(Json(Transaction {
        reference: Ref {
            kind: first.kind,
            id: first.id.clone(),
        },
        postings: rows
            .iter()
            .map(|row| LedgerRow::of(&me.wallet_id, row))
            .collect(),
    }))
}
