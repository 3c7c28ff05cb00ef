//! The ledger under random use: whatever is booked, the invariants hold and every forgery shows.

mod books;
mod forgery;
mod random;

use super::codes::{ACCOUNTS, KINDS};
use super::hold::HoldState;
use super::*;
use crate::id::id_of;
use crate::pack::{Bytes, Fixed, Packer, Unpacker};
use crate::table::{Action, Commit, Item, Row, item_bytes, item_of, row_of};
use crate::time::{DAY_MS, Time};

const NOW: Time = Time(1_790_000_000_000);

fn wallet_id() -> String {
    id_of("wal", [7; 16])
}

/// The wallet and everything its commits have written, as the table would hold it.
#[derive(Default)]
struct Books {
    wallet: Option<Wallet>,
    pages: Vec<Page>,
    calls: u8,
}

fn stored<T: Item>(row: &Row) -> T {
    item_of(row.clone()).unwrap()
}

impl Books {
    fn wallet(&self) -> Wallet {
        self.wallet
            .clone()
            .unwrap_or_else(|| Wallet::new(wallet_id(), 10))
    }

    fn commit(&mut self, commit: Commit) {
        for write in commit.into_writes().unwrap() {
            let Action::Put(row) = write.action else {
                panic!("{write:?}")
            };
            match write.key.sk.split('#').next().unwrap() {
                "wallet" => self.wallet = Some(stored(&row)),
                "page" => self.pages.push(stored(&row)),
                _ => assert_eq!(write.key.sk, "once"),
            }
        }
    }

    /// Carries out what a byte asks for; refusals leave everything as it was.
    fn act(&mut self, what: u8, amount: i64) -> bool {
        let now = NOW.plus(i64::from(what));
        let mut booking = self.wallet().book(now);
        self.calls = self.calls.wrapping_add(1);
        let n = [self.calls; 16];
        let reference = |kind, prefix: &str| Reference::new(kind, id_of(prefix, n));
        let open = self.wallet().holds.open().next().cloned();
        let outcome = match (what % 10, open) {
            (0 | 1, _) => {
                let id = long_id_of("msg", n, n);
                booking.charge(
                    Kind::MessageCharge,
                    amount,
                    &Reference::new(RefType::Message, id),
                )
            }
            (2, _) => booking.refund(
                Kind::CallRefund,
                amount,
                &reference(RefType::Call, "cal"),
                Some(1),
            ),
            (3, _) => booking.grant(Kind::Purchase, amount, &reference(RefType::Payment, "pay")),
            (4, _) => booking.claw_back(
                Kind::Chargeback,
                amount,
                &reference(RefType::Payment, "pay"),
            ),
            (5, Some(hold)) => booking.extend(&hold, amount, NOW).map(|_| ()),
            (6, Some(hold)) => booking.post(&hold, hold.amount.min(amount)).map(|_| ()),
            (7, Some(hold)) => booking.void(&hold).map(|_| ()),
            (8, Some(hold)) => booking.expire(&hold).map(|_| ()),
            _ => booking.hold(new_hold(n, amount)).map(|_| ()),
        };
        if outcome.is_ok() {
            self.commit(booking.commit());
        }
        outcome.is_ok()
    }

    fn verify(&self) -> Result<i64, BadRow> {
        verify(&self.wallet(), &self.pages)
    }
}

fn new_hold(n: [u8; 16], amount: i64) -> NewHold {
    let (hold_id, call_id) = (id_of("hld", n), id_of("cal", n));
    NewHold {
        hold_id,
        call_id,
        amount,
        rate: 5,
        timeout_seconds: 420,
    }
}

fn granted(amount: i64) -> Books {
    let mut books = Books::default();
    let mut booking = books.wallet().book(NOW);
    let reference = Reference::new(RefType::Wallet, wallet_id());
    booking.grant(Kind::Adjustment, amount, &reference).unwrap();
    books.commit(booking.commit());
    books
}

#[test]
fn the_changed_row_is_named() {
    let mut books = granted(1_000);
    for _ in 0..60 {
        books.act(0, 1);
    }
    let rows = wallet::unpack(&books.pages[1].rows.0, books.pages[1].first_seq).unwrap();
    let before: usize = rows
        .iter()
        .take(3)
        .map(|(row, _)| row.pack().len() + 4)
        .sum();
    let changed = rows[3].0.seq;
    // The amount of the fourth row of the second page.
    books.pages[1].rows.0[before + 3] ^= 2;
    let bad = books.verify().unwrap_err();
    assert_eq!(
        bad,
        BadRow {
            position: changed,
            what: "a row was changed"
        }
    );
}

#[test]
fn a_removed_row_is_named() {
    let mut books = granted(1_000);
    for _ in 0..60 {
        books.act(0, 1);
    }
    let first = books.pages[1].first_seq;
    let rows = wallet::unpack(&books.pages[1].rows.0, first).unwrap();
    let size = rows[0].0.pack().len() + 4;
    let mut removed = books.pages.clone();
    removed[1].rows.0.drain(..size);
    let bad = verify(&books.wallet(), &removed).unwrap_err();
    assert_eq!(bad.position, first);
    let without: Vec<Page> = books
        .pages
        .iter()
        .filter(|p| p.first_seq != first)
        .cloned()
        .collect();
    assert_eq!(
        verify(&books.wallet(), &without).unwrap_err().position,
        first
    );
    let mut cut = books.wallet();
    cut.tail.0.clear();
    assert!(verify(&cut, &books.pages).is_err());
}

#[test]
fn a_hold_is_settled_once() {
    let mut books = granted(100);
    let mut booking = books.wallet().book(NOW);
    let hold = booking.hold(new_hold([1; 16], 25)).unwrap();
    books.commit(booking.commit());
    let mut booking = books.wallet().book(NOW);
    let hold = booking.extend(&hold, 25, NOW).unwrap();
    books.commit(booking.commit());
    let mut booking = books.wallet().book(NOW);
    let settled = booking.post(&hold, 30).unwrap();
    books.commit(booking.commit());
    let wallet = books.wallet();
    assert_eq!((wallet.available, wallet.held), (70, 0));
    let mut booking = wallet.book(NOW);
    let hold = wallet.holds.iter().next().cloned().unwrap();
    let again = booking.post(&hold, 50).unwrap();
    assert_eq!(
        (again.transaction_id, again.posted_amount),
        (settled.transaction_id, 30)
    );
    assert_eq!(booking.void(&hold).unwrap().state, HoldState::Posted);
    assert!(booking.entries().is_empty());
}

#[test]
fn a_charge_back_makes_debt_that_the_next_purchase_repays() {
    let mut books = granted(30);
    let pay = |n: u8| Reference::new(RefType::Payment, id_of("pay", [n; 16]));
    let mut booking = books.wallet().book(NOW);
    booking.claw_back(Kind::Chargeback, 100, &pay(1)).unwrap();
    books.commit(booking.commit());
    assert_eq!((books.wallet().available, books.wallet().debt), (0, 70));
    let mut booking = books.wallet().book(NOW);
    booking.grant(Kind::Purchase, 100, &pay(2)).unwrap();
    books.commit(booking.commit());
    assert_eq!((books.wallet().available, books.wallet().debt), (30, 0));
    assert_eq!(books.verify(), Ok(5));
}

#[test]
fn a_frozen_wallet_settles_and_accepts_but_does_not_spend() {
    let mut books = granted(30);
    let mut booking = books.wallet().book(NOW);
    let hold = booking.hold(new_hold([1; 16], 10)).unwrap();
    books.commit(booking.commit());
    let mut wallet = books.wallet();
    wallet.frozen = true;
    let reference = Reference::new(RefType::Message, "m-1");
    let mut booking = wallet.book(NOW);
    let refused = booking
        .charge(Kind::MessageCharge, 1, &reference)
        .unwrap_err();
    assert_eq!(refused.fault().code, "WALLET_FROZEN");
    assert_eq!(
        booking.hold(new_hold([2; 16], 1)).unwrap_err().fault().code,
        "WALLET_FROZEN"
    );
    booking.post(&hold, 4).unwrap();
    booking.grant(Kind::Purchase, 5, &reference).unwrap();
    assert_eq!((booking.wallet.available, booking.wallet.held), (31, 0));
}

#[test]
fn too_few_credits_say_what_is_required() {
    let mut booking = granted(1).wallet().book(NOW);
    let reference = Reference::new(RefType::Message, "m-1");
    let refused = booking
        .charge(Kind::MessageCharge, 2, &reference)
        .unwrap_err();
    assert_eq!(refused.fault().status, 402);
    assert_eq!(
        refused.details().unwrap(),
        &serde_json::json!({"required": 2, "available": 1})
    );
    assert!(booking.entries().is_empty());
}

#[test]
fn a_person_can_recompute_the_chain_from_the_answer() {
    let mut books = granted(100);
    books.act(0, 1);
    let rows = books.wallet().newest().unwrap();
    let mut prev = [0; 32];
    for row in rows {
        let shown = LedgerRow::of(&wallet_id(), &row);
        assert_eq!(
            shown.canonical(),
            row.entry.canonical(&wallet_id()).to_string()
        );
        prev = crate::crypto::sha256(&[&prev, shown.canonical().as_bytes()]);
        assert_eq!(shown.hash, views::hex(&prev));
    }
    assert_eq!(prev, books.wallet().chain_head.0);
}

#[test]
fn a_transaction_is_known_only_to_its_wallet() {
    let id = transaction_id(&wallet_id(), 12);
    assert!(id.starts_with("txn_") && id.len() == 30);
    assert_eq!(seq_of(&wallet_id(), &id), Some(12));
    assert_eq!(seq_of(&id_of("wal", [8; 16]), &id), None);
    assert_eq!(seq_of(&wallet_id(), "txn_nonsense"), None);
}

#[test]
fn the_largest_wallet_is_one_write_unit() {
    let mut wallet = Wallet::new(id_of("wal", [255; 16]), 10_000);
    let big = i64::MAX;
    (wallet.available, wallet.held, wallet.debt) = (big, big, big);
    (wallet.seq, wallet.rev, wallet.tat) = (1 << 40, 1 << 42, 1 << 43);
    wallet.chain_head = Fixed([255; 32]);
    wallet.tail_prev = Fixed([255; 32]);
    (wallet.shard, wallet.day) = (Some(Wallet::day_shard(15)), Some(99_999));
    (wallet.frozen, wallet.closed) = (true, true);
    for contact in 0..30 {
        wallet.contacts.add(NOW.plus(contact * DAY_MS / 31));
        wallet.texts.add([255; 2]);
    }
    (wallet.begun, wallet.answered) = (1 << 30, 1 << 30);
    wallet.note_activity("ses_x", NOW);
    assert_eq!(wallet.tail_bytes_max(), TAIL_BYTES_MAX);
    wallet.tail = Bytes(vec![255; TAIL_BYTES_MAX]);
    let bytes = item_bytes(&row_of(&wallet).unwrap());
    assert!(bytes <= 1_000, "{bytes}");
    // A running call takes its place from the rows.
    (wallet.available, wallet.held) = (1_000_000, 0);
    (wallet.frozen, wallet.closed) = (false, false);
    wallet.tail = Bytes(Vec::new());
    let mut booking = wallet.book(NOW);
    booking.hold(new_hold([9; 16], 1_000_000)).unwrap();
    let mut wallet = booking.wallet;
    (wallet.available, wallet.held) = (big, big);
    (wallet.frozen, wallet.closed) = (true, true);
    wallet.tail = Bytes(vec![255; wallet.tail_bytes_max()]);
    let bytes = item_bytes(&row_of(&wallet).unwrap());
    assert!(bytes <= 1_000, "{bytes}");
}

#[test]
fn a_message_charge_takes_some_fifty_bytes() {
    let mut books = granted(1_000);
    let before = books.wallet().tail.0.len();
    books.act(0, 1);
    let bytes = books.wallet().tail.0.len() - before;
    assert!(bytes <= 52, "{bytes}");
}

#[test]
fn activity_is_noted_once_per_minute_and_slot() {
    let mut wallet = Wallet::new(wallet_id(), 10);
    assert!(wallet.note_activity("ses_a", NOW));
    assert!(!wallet.note_activity("ses_a", NOW.plus(1)));
    assert!(wallet.note_activity("ses_b", NOW.plus(1)));
    assert!(wallet.note_activity("ses_b", NOW.plus(60_000)));
}

#[test]
fn low_credits_are_told_once_on_crossing() {
    let mut books = granted(11);
    let told = |old: &Wallet, new: &Wallet| -> (usize, bool) {
        let news = news_of(Some(old), new, "usr_x").unwrap();
        assert!(news.facts.iter().all(|fact| fact.kind == "credits.low"));
        (news.facts.len(), news.balance.is_some())
    };
    let mut seen = Vec::new();
    for _ in 0..3 {
        let old = books.wallet();
        books.act(0, 1);
        seen.push(told(&old, &books.wallet()));
    }
    assert_eq!(seen, [(0, false), (1, false), (0, false)]);
    let old = books.wallet();
    books.act(3, 50);
    assert_eq!(told(&old, &books.wallet()), (0, true));
}

#[test]
fn packed_numbers_are_never_negative() {
    let mut packer = Packer::default();
    packer.number(-1);
    assert_eq!(packer.finish(), [0]);
}
