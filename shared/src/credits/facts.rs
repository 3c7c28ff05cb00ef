//! What the change of a wallet tells its owner.

use serde_json::json;

use super::codes::Kind;
use super::entry::transaction_id;
use super::wallet::Wallet;
use crate::error::Result;
use crate::id::derived;
use crate::realtime::Fact;

/// Whether a change of a wallet may tell its owner anything; if not, nobody needs to be looked up.
pub fn tells(old: Option<&Wallet>, new: &Wallet) -> bool {
    facts_of(old, new, "").map_or(true, |facts| !facts.is_empty())
}

/// The frames of a wallet's change: `credits.changed` for its newest booking unless that is a
/// message's price, which the message's own answer tells, and `credits.low` on crossing.
///
/// # Errors
/// 500 when the wallet's rows cannot be read.
pub fn facts_of(old: Option<&Wallet>, new: &Wallet, owner: &str) -> Result<Vec<Fact>> {
    let (before, seq) = old.map_or((0, 0), |old| (old.available, old.seq));
    let mut facts = Vec::new();
    if new.seq == seq {
        return Ok(facts);
    }
    let rows = new.newest()?;
    let Some(entry) = rows
        .iter()
        .map(|row| &row.entry)
        .find(|entry| entry.seq > seq)
    else {
        return Ok(facts);
    };
    let fact = |kind: &'static str, data| Fact {
        id: derived(&[kind, &new.wallet_id, &new.seq.to_string()]),
        kind,
        user_id: owner.to_owned(),
        except_slot: None,
        seq: Some(new.seq),
        at: entry.at,
        data,
    };
    if entry.kind != Kind::MessageCharge {
        let data = json!({
            "available": new.available,
            "held": new.held,
            "transaction_id": transaction_id(&new.wallet_id, entry.first_seq()),
            "kind": entry.kind,
        });
        facts.push(fact("credits.changed", data));
    }
    if before >= new.low_threshold && new.available < new.low_threshold {
        let data = json!({ "available": new.available, "threshold": new.low_threshold });
        facts.push(fact("credits.low", data));
    }
    Ok(facts)
}
