//! Statements: the rows of a period, the balances around them, and the hashes that prove them.

use schemars::JsonSchema;
use serde::Serialize;

use super::history::History;
use super::views::{LedgerRow, hex};
use super::wallet::Wallet;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::time::Time;

/// Rows on a page of a statement.
pub const STATEMENT_ROWS_MAX: usize = 100;

/// What a wallet held at one end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// Spendable credits.
    pub available: i64,
    /// Reserved credits.
    pub held: i64,
}

/// A page of a statement. Hashing `first_prev_hash` and the rows one after the other (see
/// [`LedgerRow`]) gives the `hash` of each row; the last row of all gives `chain_head`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Statement {
    /// Before the period's first row.
    pub opening: Held,
    /// After the period's last row.
    pub closing: Held,
    /// Oldest first.
    pub rows: Vec<LedgerRow>,
    /// Hash before the first of these rows, hexadecimal; of the head when there are none.
    pub first_prev_hash: String,
    /// Hash of the wallet's newest row, hexadecimal.
    pub chain_head: String,
    /// Where to go on.
    pub next_cursor: Option<String>,
}

impl Statement {
    /// The statement of a period (`to` excluded) above a row, and the last row of the page if
    /// there are more.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn of(
        tables: &Tables,
        wallet: &Wallet,
        (from, to): (Time, Time),
        above: Option<i64>,
    ) -> Result<(Self, Option<i64>)> {
        let history = History::of(tables, wallet);
        let span = history.span(from, to).await?;
        let first = above.map_or(span.first, |above| above.max(span.first - 1) + 1);
        let found = match first <= span.last {
            true => history.range(first, span.last, STATEMENT_ROWS_MAX).await?,
            false => Vec::new(),
        };
        let reached = found.last().map_or(span.last, |row| row.entry.seq);
        let ends = |(available, held)| Held { available, held };
        let prev = found
            .first()
            .map_or(wallet.chain_head.0, |row| row.prev_hash);
        let statement = Self {
            opening: ends(span.opening),
            closing: ends(span.closing),
            rows: found
                .iter()
                .map(|row| LedgerRow::of(&wallet.wallet_id, row))
                .collect(),
            first_prev_hash: hex(&prev),
            chain_head: hex(&wallet.chain_head.0),
            next_cursor: None,
        };
        Ok((statement, (reached < span.last).then_some(reached)))
    }
}
