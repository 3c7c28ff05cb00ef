//! Credits: wallets, a ledger of immutable rows, holds, and the policies that state every price.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Wallet`] | ledger | `wal_…` | `wallet` (indexes `by_day`, `holds` with open ones) |
//! | [`Link`] | ledger | `usr_…` | `wallet` |
//! | [`Owner`] | ledger | `wal_…` | `owner` |
//! | [`Page`] | ledger | `wal_…` | `page#<number of its first row, 16 digits>` |
//! | [`DayTotal`] | ledger | `totals#<date>#<shard>` | `<part>` |
//! | [`Check`] | ledger | `checks` | `<date>` |
//! | [`CheckPart`] | ledger | `check#<date>` | `<shard>` |
//! | [`Told`] | live | `usr_…` | `told#balance` |
//! | [`Once`] | ledger | `once#<kind>:<reference>:<posting>` | `once` |
//! | [`Package`] | data | `packages` | `<package id>` |
//! | [`Policy`] | data | `policies` | `<key>#<version, 8 digits>` |
//!
//! A row is committed with its wallet in one write: the wallet item carries the newest rows
//! packed, and when they fill their place, the next commit moves them to a page. A row's hash is
//! recomputed on reading from the hash before it; four bytes of it are stored beside the row, so
//! that a proof can say which row was changed.

mod adjust;
mod booking;
mod carry;
mod check;
mod codes;
mod contacts;
mod entry;
mod facts;
mod history;
mod hold;
mod inspect;
mod once;
mod opening;
mod packages;
mod policies;
mod pricing;
mod settle;
mod statement;
mod telling;
#[cfg(test)]
mod tests;
mod texts;
mod totals;
mod verify;
mod views;
mod wallet;

pub use adjust::{Adjusted, adjust};
pub use booking::{Booking, POSTINGS_MAX};
pub use carry::{Booked, book};
pub use check::{
    Check, CheckPart, FirstBad, LedgerProof, Unproved, VERIFY_LEDGER, check_ledger, prove_some,
    verify_wallet,
};
pub use codes::{Account, Kind, RefType};
pub use contacts::{CONTACTS_MAX, Contacts};
pub use entry::{AMOUNT_MAX, Entry, Reference, long_bytes_of, long_id_of, seq_of, transaction_id};
pub use facts::{News, news_of, tells};
pub use history::{History, Span};
pub use hold::{Hold, HoldState, Holds, NewHold, Settled};
pub use inspect::{BalanceAt, Inspected, WalletView, inspect};
pub use once::Once;
pub use opening::{open, owner_of, wallet_of};
pub use packages::{Offer, Package};
pub use policies::{DEFAULTS, Policies, Policy, PolicyValue};
pub use pricing::{
    PackageWish, PolicyHistory, PolicyView, PolicyWish, bounds_of, policy_histories, set_package,
    set_policy,
};
pub use settle::{Claim, Swept, settle, sweep_holds};
pub use statement::{STATEMENT_ROWS_MAX, Statement};
pub use telling::{BalanceJob, Telling, Told, tell};
pub use texts::Texts;
pub use totals::{DayTotal, Mark, Place, Sums, WALLET_SHARDS, count_page, mark_of};
pub use verify::{BadRow, Proof, verify};
pub use views::{Balance, LedgerRow, Price};
pub use wallet::{LOW_THRESHOLD_MAX, Link, Linked, Owner, Page, TAIL_BYTES_MAX, Wallet};
