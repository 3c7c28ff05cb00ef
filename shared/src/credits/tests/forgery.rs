//! Forgeries in a ledger of 10,000 rows: each is found, with the row's position.
//!
//! A forgery cannot be found before the page it is in, because everything before is as it was. So
//! the proof is kept as it stands before each page, and every forged ledger is proved with
//! the verifier that ships from there to its end.

use super::*;
use crate::credits::wallet::packed;

const ROWS: i64 = 10_000;

/// A stretch of stored rows: a page, or what the wallet carries.
type Rows = Vec<u8>;

/// Numbers that look random and repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, top: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % top as u64) as usize
    }
}

struct Ledger {
    wallet: Wallet,
    pages: Vec<Page>,
    /// The proof before each page, and before the wallet's own rows.
    proofs: Vec<Proof>,
}

impl Ledger {
    fn new() -> Self {
        let mut books = granted(1_000_000);
        for n in 0_i64.. {
            if books.wallet().seq >= ROWS {
                break;
            }
            let what = [0, 2, 3, 9, 5, 7, 0, 1, 9, 6, 4][n as usize % 11];
            books.act(what, 1 + n % 50);
        }
        let (mut proof, mut proofs) = (Proof::begin(&wallet_id()), Vec::new());
        for page in &books.pages {
            proofs.push(proof.clone());
            proof.page(page, &mut |_, _| {}).unwrap();
        }
        proofs.push(proof);
        let ledger = Self {
            wallet: books.wallet(),
            pages: books.pages,
            proofs,
        };
        assert!(ledger.proved_from(0).is_ok_and(|rows| rows >= ROWS));
        ledger
    }

    /// Proves everything from a page on.
    fn proved_from(&self, page: usize) -> Result<i64, BadRow> {
        let mut proof = self.proofs[page].clone();
        for page in &self.pages[page..] {
            proof.page(page, &mut |_, _| {})?;
        }
        proof.end(&self.wallet, &mut |_, _| {})
    }

    fn rows(&mut self, page: usize) -> &mut Rows {
        match self.pages.get_mut(page) {
            Some(page) => &mut page.rows.0,
            None => &mut self.wallet.tail.0,
        }
    }

    /// Where each row of a page lies, and the number of the first.
    fn places(&mut self, page: usize) -> (i64, Vec<std::ops::Range<usize>>) {
        let first = self.proofs[page].reached() + 1;
        let mut start = 0;
        let rows = wallet::unpack(self.rows(page), first).unwrap();
        let places = rows.iter().map(|(entry, tag)| {
            let size = entry.pack().len() + tag.len();
            start += size;
            start - size..start
        });
        (first, places.collect())
    }

    /// The position that a proof of the forged ledger names; the ledger is as before afterwards.
    fn found(&mut self, pages: &[usize], forge: impl FnOnce(&mut Self)) -> Option<i64> {
        let before: Vec<Rows> = pages.iter().map(|page| self.rows(*page).clone()).collect();
        forge(self);
        let verdict = self.proved_from(pages.iter().copied().min().unwrap());
        for (page, rows) in pages.iter().zip(before) {
            *self.rows(*page) = rows;
        }
        verdict.err().map(|bad| bad.position)
    }

    /// A random row: its page, its number and where it lies there.
    fn any_row(&mut self, dice: &mut Dice) -> (usize, i64, std::ops::Range<usize>) {
        let page = dice.below(self.proofs.len());
        let (first, places) = self.places(page);
        let at = dice.below(places.len());
        (page, first + at as i64, places[at].clone())
    }
}

#[test]
fn each_of_2_000_changed_bytes_is_found_at_its_row() {
    let (mut ledger, mut dice) = (Ledger::new(), Dice(1));
    for n in 0..2_000 {
        let (page, row, place) = ledger.any_row(&mut dice);
        let at = place.start + dice.below(place.len());
        let flip = 1 + dice.below(255) as u8;
        let found = ledger.found(&[page], |ledger| ledger.rows(page)[at] ^= flip);
        assert_eq!(found, Some(row), "change {n}: byte {at} of page {page}");
    }
}

#[test]
fn each_of_500_removed_rows_is_found_at_its_position() {
    let (mut ledger, mut dice) = (Ledger::new(), Dice(2));
    for n in 0..500 {
        let (page, row, place) = ledger.any_row(&mut dice);
        let found = ledger.found(&[page], |ledger| drop(ledger.rows(page).drain(place)));
        assert_eq!(found, Some(row), "removal {n} in page {page}");
    }
}

#[test]
fn each_of_500_swapped_pairs_is_found_at_the_first_of_the_two() {
    let (mut ledger, mut dice) = (Ledger::new(), Dice(3));
    let mut swapped = 0;
    while swapped < 500 {
        let one = ledger.any_row(&mut dice);
        // Neighbours in half of the cases: the smallest disorder there is.
        let other = match dice.below(2) {
            0 => ledger.any_row(&mut dice),
            _ => {
                let (first, places) = ledger.places(one.0);
                let Some(place) = places.get((one.1 - first) as usize + 1) else {
                    continue;
                };
                (one.0, one.1 + 1, place.clone())
            }
        };
        if one.1 == other.1 {
            continue;
        }
        let (low, high) = if one.1 < other.1 {
            (one, other)
        } else {
            (other, one)
        };
        let pages = if low.0 == high.0 {
            vec![low.0]
        } else {
            vec![low.0, high.0]
        };
        let row = low.1;
        let found = ledger.found(&pages, |ledger| {
            let upper = ledger.rows(high.0)[high.2.clone()].to_vec();
            let lower = ledger.rows(low.0)[low.2.clone()].to_vec();
            // The later one first: the place of the earlier one stays as it was.
            ledger.rows(high.0).splice(high.2, lower);
            ledger.rows(low.0).splice(low.2, upper);
        });
        assert_eq!(found, Some(row), "swap {swapped}");
        swapped += 1;
    }
}

#[test]
fn a_row_that_was_added_is_found() {
    let mut ledger = Ledger::new();
    let page = ledger.pages.len();
    let last = ledger.wallet.newest().unwrap().pop().unwrap();
    let bytes = packed(&last.entry, &last.hash);
    let wanted = ledger.wallet.seq + 1;
    let found = ledger.found(&[page], |ledger| ledger.rows(page).extend(bytes));
    assert_eq!(found, Some(wanted));
}

#[test]
fn changed_balances_heads_and_pages_of_others_are_found() {
    let mut ledger = Ledger::new();
    let end = ledger.pages.len();
    let next = ledger.wallet.seq + 1;
    for forge in [
        |wallet: &mut Wallet| wallet.available += 1,
        |wallet: &mut Wallet| wallet.held += 1,
        |wallet: &mut Wallet| wallet.debt += 1,
        |wallet: &mut Wallet| wallet.seq += 1,
        |wallet: &mut Wallet| wallet.chain_head.0[31] ^= 1,
    ] {
        let before = ledger.wallet.clone();
        forge(&mut ledger.wallet);
        assert_eq!(ledger.proved_from(end).unwrap_err().position, next);
        ledger.wallet = before;
    }
    let (page, first) = (7, ledger.pages[7].first_seq);
    ledger.pages[page].prev_hash.0[0] ^= 1;
    assert_eq!(ledger.proved_from(page).unwrap_err().position, first);
    ledger.pages[page].prev_hash.0[0] ^= 1;
    ledger.pages[page].wallet_id = id_of("wal", [9; 16]);
    assert_eq!(ledger.proved_from(page).unwrap_err().position, first);
    ledger.pages.remove(page);
    ledger.proofs.remove(page + 1);
    assert_eq!(ledger.proved_from(page).unwrap_err().position, first);
}
