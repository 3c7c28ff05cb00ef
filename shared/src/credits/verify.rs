//! Proving a wallet: every row follows from its predecessor, and the balances from the rows.

use super::booking::apply;
use super::entry::TAG_BYTES;
use super::wallet::{Page, Wallet, readable};
use crate::crypto::take;

/// The first row that is not what was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its number.
    pub position: i64,
    /// What does not hold.
    pub what: &'static str,
}

/// What has been proved so far.
struct Proof {
    replay: Wallet,
    prev: [u8; 32],
}

/// Proves a wallet from its first row; `pages` in order of their rows. Returns how many there are.
///
/// # Errors
/// The first row that was changed, removed or added.
pub fn verify(wallet: &Wallet, pages: &[Page]) -> Result<i64, BadRow> {
    let replay = Wallet::new(&*wallet.wallet_id, wallet.low_threshold);
    let mut proof = Proof {
        replay,
        prev: [0; 32],
    };
    for page in pages {
        if page.wallet_id != wallet.wallet_id {
            return Err(proof.bad("page of another wallet"));
        }
        proof.run(page.first_seq, &page.prev_hash.0, &page.rows.0)?;
    }
    // The rows of the item tell their numbers by the last one's, if they can be counted.
    let first = wallet.tail_first().unwrap_or(proof.replay.seq + 1);
    proof.run(first, &wallet.tail_prev.0, &wallet.tail.0)?;
    let Proof { replay, prev } = &proof;
    let balances = |w: &Wallet| (w.available, w.held, w.debt, w.seq);
    if balances(replay) != balances(wallet) {
        return Err(proof.bad("balances do not follow from the rows"));
    }
    match *prev == wallet.chain_head.0 {
        true => Ok(wallet.seq),
        false => Err(proof.bad("the last hash is not the head")),
    }
}

impl Proof {
    fn bad(&self, what: &'static str) -> BadRow {
        BadRow {
            position: self.replay.seq + 1,
            what,
        }
    }

    fn run(&mut self, first: i64, prev: &[u8; 32], rows: &[u8]) -> Result<(), BadRow> {
        if first != self.replay.seq + 1 {
            return Err(self.bad("a row is missing"));
        }
        if *prev != self.prev {
            return Err(self.bad("the chain is broken"));
        }
        let (rows, all) = readable(rows, first);
        for (entry, tag) in rows {
            let hash = entry.hash(&self.replay.wallet_id, &self.prev);
            if take::<TAG_BYTES>(&hash) != tag {
                return Err(self.bad("a row was changed"));
            }
            let moved = apply(&mut self.replay, entry.debit, entry.credit, entry.amount);
            let after = (self.replay.available, self.replay.held);
            if moved.is_err() || after != (entry.available_after, entry.held_after) {
                return Err(self.bad("the balance does not follow"));
            }
            self.replay.seq = entry.seq;
            self.prev = hash;
        }
        match all {
            true => Ok(()),
            false => Err(self.bad("a row cannot be read")),
        }
    }
}
