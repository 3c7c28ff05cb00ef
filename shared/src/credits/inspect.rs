//! What an admin sees of a person's wallet: its balances, its rows, and how it stood at an instant.

use schemars::JsonSchema;
use serde::Serialize;

use super::history::History;
use super::views::{LedgerRow, hex};
use super::wallet::Wallet;
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::time::Time;

/// A wallet as admins see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WalletView {
    /// `wal_…`
    pub wallet_id: String,
    /// Spendable credits.
    pub available: i64,
    /// Credits reserved by open holds.
    pub held: i64,
    /// Credits owed after charge-backs.
    pub debt: i64,
    /// Number of the last row.
    pub seq: i64,
    /// Hash of the last row, hexadecimal.
    pub chain_head: String,
    /// Below this many credits the person is told.
    pub low_threshold: i64,
    /// Whether spending is stopped.
    pub frozen: bool,
}

impl From<&Wallet> for WalletView {
    fn from(wallet: &Wallet) -> Self {
        Self {
            wallet_id: wallet.wallet_id.clone(),
            available: wallet.available,
            held: wallet.held,
            debt: wallet.debt,
            seq: wallet.seq,
            chain_head: hex(&wallet.chain_head.0),
            low_threshold: wallet.low_threshold,
            frozen: wallet.frozen,
        }
    }
}

/// What a wallet held at an instant: what its rows up to then give.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BalanceAt {
    /// The instant.
    pub at: Time,
    /// Spendable credits.
    pub available: i64,
    /// Credits reserved.
    pub held: i64,
    /// Number of the last row up to then; 0 when there was none.
    pub as_of_seq: i64,
}

/// A wallet with a page of its rows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Inspected {
    /// As it is now.
    pub wallet: WalletView,
    /// As it was at the instant that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceAt>,
    /// Newest first; none later than the instant that was asked for.
    pub rows: Vec<LedgerRow>,
    /// Where to go on.
    pub next_cursor: Option<String>,
    /// The limit that counted, if a larger one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A wallet with at most `limit` rows below a number, and below which number to go on.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn inspect(
    tables: &Tables,
    wallet: &Wallet,
    at: Option<Time>,
    below: Option<i64>,
    limit: usize,
) -> Result<(Inspected, Option<i64>)> {
    let history = History::of(tables, wallet);
    let balance = match at {
        None => None,
        Some(at) => {
            let (as_of_seq, (available, held)) = history.until(at).await?;
            Some(BalanceAt {
                at,
                available,
                held,
                as_of_seq,
            })
        }
    };
    let newest = balance.as_ref().map_or(wallet.seq, |then| then.as_of_seq);
    let below = below.unwrap_or(newest + 1);
    let (rows, next) = history.newest_first(below, None, limit).await?;
    let inspected = Inspected {
        wallet: WalletView::from(wallet),
        balance,
        rows: rows
            .iter()
            .map(|row| LedgerRow::of(&wallet.wallet_id, row))
            .collect(),
        next_cursor: None,
        limit: None,
    };
    Ok((inspected, next))
}
