//! Lists the rows of the caller's ledger, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::credits::{History, Kind, LedgerRow, Wallet};
use shared::http::{Json, Member, Pages, Query};
use shared::page::limit_of;
use shared::table::{Ledger, Read};
use shared::{Result, Table, endpoint};

endpoint!(GET "/api/v2/credits/transactions" => list_credit_transactions,
    faults: [INVALID_CURSOR]);

/// Which rows.
#[derive(Debug, Deserialize, JsonSchema)]
struct Filter {
    cursor: Option<String>,
    #[schemars(range(min = 1))]
    limit: Option<i64>,
    /// Only rows of this kind.
    kind: Option<Kind>,
}

/// A page of rows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Transactions {
    transactions: Vec<LedgerRow>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

async fn list_credit_transactions(
    table: Table<Read<Ledger>>,
    Member(me): Member,
    Query(filter): Query<Filter>,
    pages: Pages,
) -> Result<Json<Transactions>> {
    let (limit, lowered) = limit_of(filter.limit)?;
    let filters = filter.kind.map_or("", Kind::as_str);
    let below = pages.open(filters, filter.cursor.as_deref())?;
    let wallet = Wallet::load(&table, &me.wallet_id).await?;
    let history = History::of(&table, &wallet);
    let below = below.unwrap_or(wallet.seq + 1);
    let (rows, next) = history.newest_first(below, filter.kind, limit).await?;
    Ok(Json(Transactions {
        transactions: rows
            .iter()
            .map(|row| LedgerRow::of(&me.wallet_id, row))
            .collect(),
        next_cursor: pages.seal(filters, next.as_ref()),
        limit: lowered.then_some(limit),
    }))
}
