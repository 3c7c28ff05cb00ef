//! What the API shows of wallets, rows and prices.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::codes::{Kind, RefType};
use super::entry::transaction_id;
use super::wallet::{Linked, Wallet};
use crate::time::Time;

/// The balance of a wallet.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Balance {
    /// Spendable credits.
    pub available: i64,
    /// Credits reserved for running calls.
    pub held: i64,
    /// Credits owed.
    pub debt: i64,
    /// Below this many credits the person is told.
    pub low_threshold: i64,
    /// Whether spending is stopped.
    pub frozen: bool,
    /// Number of the last row.
    pub as_of_seq: i64,
}

impl From<&Wallet> for Balance {
    fn from(wallet: &Wallet) -> Self {
        Self {
            available: wallet.available,
            held: wallet.held,
            debt: wallet.debt,
            low_threshold: wallet.low_threshold,
            frozen: wallet.frozen,
            as_of_seq: wallet.seq,
        }
    }
}

/// One row of the ledger. `hash` is the SHA-256 of `prev_hash` (32 bytes) and of the JSON of all
/// other members in the order of their names, without spaces.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LedgerRow {
    /// `txn_…`; equal in all postings of one event.
    pub transaction_id: String,
    /// Tells apart postings of one kind on one object.
    pub posting_no: i64,
    /// Position in the wallet's chain, dense from 1.
    pub seq: i64,
    /// What it is booked for.
    pub kind: Kind,
    /// Where the credits come from.
    pub debit_account: String,
    /// Where they go.
    pub credit_account: String,
    /// Whole credits.
    pub amount: i64,
    /// Always `credits`.
    pub ledger: &'static str,
    /// Spendable credits after this row.
    pub available_after: i64,
    /// Reserved credits after this row.
    pub held_after: i64,
    /// What kind of object it belongs to.
    pub ref_type: RefType,
    /// That object.
    pub ref_id: String,
    /// The hold it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<String>,
    /// The transaction that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<String>,
    /// Hash of the row before, hexadecimal.
    pub prev_hash: String,
    /// Hash of this row, hexadecimal.
    pub hash: String,
    /// When it was booked.
    pub created_at: Time,
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl LedgerRow {
    /// The row of a wallet as the API shows it.
    pub fn of(wallet_id: &str, row: &Linked) -> Self {
        let entry = &row.entry;
        Self {
            transaction_id: transaction_id(wallet_id, entry.first_seq()),
            posting_no: entry.posting_no(),
            seq: entry.seq,
            kind: entry.kind,
            debit_account: entry.debit.name(wallet_id),
            credit_account: entry.credit.name(wallet_id),
            amount: entry.amount,
            ledger: "credits",
            available_after: entry.available_after,
            held_after: entry.held_after,
            ref_type: entry.reference.kind,
            ref_id: entry.reference.id.clone(),
            hold_id: entry.hold_id.clone(),
            reverses: entry.reverses.map(|seq| transaction_id(wallet_id, seq)),
            prev_hash: hex(&row.prev_hash),
            hash: hex(&row.hash),
            created_at: entry.at,
        }
    }

    /// The text that the hash covers after the previous hash.
    pub fn canonical(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or(Value::Null);
        if let Some(members) = value.as_object_mut() {
            members.remove("prev_hash");
            members.remove("hash");
        }
        value.to_string()
    }
}

/// What one thing costs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Price {
    /// Such as `price.message`.
    pub key: String,
    /// Whole credits.
    pub value: i64,
    /// Per what.
    pub unit: String,
    /// Since when; absent for a price that was never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Time>,
}
