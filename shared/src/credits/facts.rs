//! What the change of a wallet tells its owner.

use serde_json::{Value, json};

use super::codes::Kind;
use super::entry::{Entry, transaction_id};
use super::telling::BalanceJob;
use super::wallet::Wallet;
use crate::error::Result;
use crate::id::derived;
use crate::realtime::Fact;

/// What the change of a wallet means.
#[derive(Debug, Default)]
pub struct News {
    /// `credits.low` on crossing.
    pub facts: Vec<Fact>,
    /// The balance is to be told, because no other frame tells this change.
    pub balance: Option<BalanceJob>,
}

impl News {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.balance.is_none()
    }
}

/// Whether a change of a wallet may tell its owner anything; if not, nobody needs to be looked up.
pub fn tells(old: Option<&Wallet>, new: &Wallet) -> bool {
    news_of(old, new, "").map_or(true, |news| !news.is_empty())
}

/// What a wallet's change tells: the balance, unless it is a message's price, which the message's
/// own answer tells, and `credits.low` on crossing.
///
/// # Errors
/// 500 when the wallet's rows cannot be read.
pub fn news_of(old: Option<&Wallet>, new: &Wallet, owner: &str) -> Result<News> {
    let (before, seq) = old.map_or((0, 0), |old| (old.available, old.seq));
    let mut news = News::default();
    let rows = match new.seq == seq {
        true => Vec::new(),
        false => new.newest()?,
    };
    let mut entries = rows.iter().map(|row| &row.entry);
    let Some(entry) = entries.find(|entry| entry.seq > seq) else {
        return Ok(news);
    };
    // Frames of the call tell what is reserved at first, and the charge.
    let elsewhere = [Kind::MessageCharge, Kind::CallHold, Kind::CallCharge];
    if !elsewhere.contains(&entry.kind) {
        news.balance = Some(BalanceJob {
            user_id: owner.to_owned(),
            wallet_id: new.wallet_id.clone(),
            seq: new.seq,
            due: None,
        });
    }
    if before >= new.low_threshold && new.available < new.low_threshold {
        let data = json!({ "available": new.available, "threshold": new.low_threshold });
        news.facts
            .push(fact("credits.low", new, owner, entry, data));
    }
    Ok(news)
}

/// The frame `credits.changed` of a wallet as it is; none before its first row.
///
/// # Errors
/// 500 when the wallet's rows cannot be read.
pub(super) fn balance(wallet: &Wallet, owner: &str) -> Result<Option<Fact>> {
    let rows = wallet.newest()?;
    Ok(rows.last().map(|row| {
        let entry = &row.entry;
        let data = json!({
            "available": wallet.available,
            "held": wallet.held,
            "transaction_id": transaction_id(&wallet.wallet_id, entry.first_seq()),
            "kind": entry.kind,
        });
        fact("credits.changed", wallet, owner, entry, data)
    }))
}

fn fact(kind: &'static str, wallet: &Wallet, owner: &str, entry: &Entry, data: Value) -> Fact {
    Fact {
        id: derived(&[kind, &wallet.wallet_id, &wallet.seq.to_string()]),
        kind,
        user_id: owner.to_owned(),
        except_slot: None,
        seq: Some(wallet.seq),
        at: entry.at,
        data,
    }
}
