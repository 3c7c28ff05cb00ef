//! Gives the rows of a period with the balances around them and the hashes that prove them.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::credits::{Statement, Wallet};
use shared::error::INVALID_RANGE;
use shared::http::{Json, Member, Pages, Query};
use shared::table::{Ledger, Read};
use shared::time::DAY_MS;
use shared::{Result, Table, Time, endpoint};

endpoint!(GET "/api/v2/credits/statement" => get_credit_statement,
    faults: [INVALID_RANGE, INVALID_CURSOR]);

/// Longest period, days.
const DAYS_MAX: i64 = 366;

/// Which period.
#[derive(Debug, Deserialize, JsonSchema)]
struct Period {
    /// Beginning, included.
    from: Time,
    /// End, excluded.
    to: Time,
    cursor: Option<String>,
}

async fn get_credit_statement(
    table: Table<Read<Ledger>>,
    Member(me): Member,
    Query(period): Query<Period>,
    pages: Pages,
) -> Result<Json<Statement>> {
    let (from, to) = (period.from, period.to);
    if from >= to || to.since(from) > DAYS_MAX * DAY_MS {
        return Err(INVALID_RANGE.into());
    }
    let filters = format!("{from}/{to}");
    let above = pages.open(&filters, period.cursor.as_deref())?;
    let wallet = Wallet::load(&table, &me.wallet_id).await?;
    let (mut statement, next) = Statement::of(&table, &wallet, (from, to), above).await?;
    statement.next_cursor = pages.seal(&filters, next.as_ref());
    Ok(Json(statement))
}
