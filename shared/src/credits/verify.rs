//! Proving a wallet: every row follows from its predecessor, and the balances from the rows.

use super::booking::apply;
use super::entry::{Entry, TAG_BYTES};
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

/// What has been proved of a wallet so far, page by page from its first row.
#[derive(Clone, Debug)]
pub struct Proof {
    replay: Wallet,
    prev: [u8; 32],
}

/// Proves a wallet from its first row; `pages` in order of their rows. Returns how many rows there
/// are.
///
/// # Errors
/// The first row that was changed, removed or added.
pub fn verify(wallet: &Wallet, pages: &[Page]) -> Result<i64, BadRow> {
    let mut proof = Proof::begin(&wallet.wallet_id);
    for page in pages {
        proof.page(page, &mut |_, _| {})?;
    }
    proof.end(wallet, &mut |_, _| {})
}

impl Proof {
    /// Nothing is proved yet.
    pub fn begin(wallet_id: &str) -> Self {
        Self {
            replay: Wallet::new(wallet_id, 0),
            prev: [0; 32],
        }
    }

    /// Number of the last row that is proved.
    pub fn reached(&self) -> i64 {
        self.replay.seq
    }

    /// Proves the next page; `see` gets every row with its hash.
    ///
    /// # Errors
    /// The first row that was changed, removed or added.
    pub fn page(
        &mut self,
        page: &Page,
        see: &mut impl FnMut(&Entry, &[u8; 32]),
    ) -> Result<(), BadRow> {
        if page.wallet_id != self.replay.wallet_id {
            return Err(self.bad("page of another wallet"));
        }
        if page.first_seq != self.replay.seq + 1 {
            return Err(self.bad("a row is missing"));
        }
        self.run(&page.prev_hash.0, &page.rows.0, see)
    }

    /// Proves the rows that the wallet itself carries, its balances and its head. Returns how many
    /// rows there are.
    ///
    /// # Errors
    /// The first row that was changed, removed or added.
    pub fn end(
        mut self,
        wallet: &Wallet,
        see: &mut impl FnMut(&Entry, &[u8; 32]),
    ) -> Result<i64, BadRow> {
        if wallet.wallet_id != self.replay.wallet_id {
            return Err(self.bad("rows of another wallet"));
        }
        self.run(&wallet.tail_prev.0, &wallet.tail.0, see)?;
        let balances = |w: &Wallet| (w.available, w.held, w.debt, w.seq);
        if balances(&self.replay) != balances(wallet) {
            return Err(self.bad("balances do not follow from the rows"));
        }
        match self.prev == wallet.chain_head.0 {
            true => Ok(wallet.seq),
            false => Err(self.bad("the last hash is not the head")),
        }
    }

    fn bad(&self, what: &'static str) -> BadRow {
        BadRow {
            position: self.replay.seq + 1,
            what,
        }
    }

    fn run(
        &mut self,
        prev: &[u8; 32],
        rows: &[u8],
        see: &mut impl FnMut(&Entry, &[u8; 32]),
    ) -> Result<(), BadRow> {
        if *prev != self.prev {
            return Err(self.bad("the chain is broken"));
        }
        let (rows, all) = readable(rows, self.replay.seq + 1);
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
            see(&entry, &hash);
            self.replay.seq = entry.seq;
            self.prev = hash;
        }
        match all {
            true => Ok(()),
            false => Err(self.bad("a row cannot be read")),
        }
    }
}
