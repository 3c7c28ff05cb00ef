//! 100,000 random operations on many wallets: repeats of the same reference, decisions made on
//! what was read long ago, and retries in any order. Every operation happens once or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::credits::totals::Sums;
use crate::table::{Condition, Key};

const OPERATIONS: u64 = 100_000;
const WALLETS: u64 = 40;

/// Numbers that look random and repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, top: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % top
    }
}

/// The table, as far as bookings use it: puts with conditions, all of them or none.
#[derive(Default)]
struct Store(BTreeMap<Key, Row>);

impl Store {
    fn get<T: Item>(&self, key: &Key) -> Option<T> {
        self.0.get(key).map(stored)
    }

    /// Carries a commit out, or gives the key whose condition does not hold.
    fn commit(&mut self, commit: Commit) -> Result<(), Key> {
        let writes = commit.into_writes().unwrap();
        for write in &writes {
            let (condition, _) = write.guard.as_ref().unwrap();
            if !holds(condition, self.0.get(&write.key)) {
                return Err(write.key.clone());
            }
        }
        for write in writes {
            let Action::Put(row) = write.action else {
                panic!("{write:?}")
            };
            self.0.insert(write.key, row);
        }
        Ok(())
    }

    fn of<T: Item>(&self, prefix: &str) -> Vec<T> {
        let rows = self.0.iter().filter(|(key, _)| key.sk.starts_with(prefix));
        rows.map(|(_, row)| stored(row)).collect()
    }
}

fn holds(condition: &Condition, row: Option<&Row>) -> bool {
    match condition {
        Condition::Absent => row.is_none(),
        Condition::Is(name, value) => row.and_then(|row| row.get(*name)) == Some(value),
        Condition::All(all) => all.iter().all(|one| holds(one, row)),
        other => panic!("{other:?}"),
    }
}

/// One operation: what is booked, on which wallet, under which reference.
#[derive(Clone, Copy, Debug)]
struct Act {
    number: u64,
    what: u64,
    wallet: u64,
    amount: i64,
}

fn bytes(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

/// How an attempt ended.
#[derive(Debug, PartialEq)]
enum End {
    Done,
    /// Booked before under the same reference, or nothing to book.
    Before,
    Refused,
    /// Somebody else was first; nothing was written.
    Lost,
}

struct Bank {
    store: Store,
    dice: Dice,
    /// Wallets as somebody read them some time ago.
    stale: BTreeMap<u64, Wallet>,
    now: Time,
    ends: [u64; 4],
    /// Calls that have, or had, a hold.
    called: BTreeSet<u64>,
}

impl Bank {
    fn wallet(&self, number: u64) -> Wallet {
        let id = id_of("wal", bytes(number));
        let stored = self.store.get(&Wallet::key_of(&id));
        stored.unwrap_or_else(|| Wallet::new(id, 10))
    }

    fn hold(&self, act: &Act) -> Option<Hold> {
        let id = id_of("hld", bytes(act.number));
        self.wallet(act.wallet).holds.find(&id).cloned()
    }

    fn decide(&self, act: &Act, booking: &mut Booking, hold: Option<&Hold>) -> crate::Result<()> {
        let (number, amount) = (bytes(act.number), act.amount);
        let of = |kind, prefix: &str| Reference::new(kind, id_of(prefix, number));
        let message = Reference::new(RefType::Message, long_id_of("msg", number, number));
        let call = of(RefType::Call, "cal");
        let payment = of(RefType::Payment, "pay");
        match (act.what, hold) {
            (0..=2, _) => booking.charge(Kind::Donation, amount, &message),
            (3, _) => booking.refund(Kind::CallRefund, amount, &call, None),
            (4 | 5, _) => booking.grant(Kind::Purchase, amount, &payment),
            (6, _) => booking.claw_back(Kind::Chargeback, amount, &payment),
            (_, None) => booking.hold(new_hold(number, amount)).map(drop),
            (7, Some(hold)) => booking.post(hold, hold.amount.min(amount / 2)).map(drop),
            (8, Some(hold)) => booking.void(hold).map(drop),
            (_, Some(hold)) => booking.expire(hold).map(drop),
        }
    }

    fn attempt(&mut self, act: &Act) -> End {
        self.now = self.now.plus(self.dice.below(2_000) as i64);
        let (fresh, hold) = (self.wallet(act.wallet), self.hold(act));
        // Now and then what was read earlier decides, and now and then it is read for later.
        let wallet = match (self.dice.below(4), self.stale.get(&act.wallet)) {
            (0, Some(known)) => known.clone(),
            _ => fresh.clone(),
        };
        if self.dice.below(8) == 0 {
            self.stale.insert(act.wallet, fresh);
        }
        // A call is answered once, which its own row sees to.
        let calls = act.what > 6;
        if calls && hold.is_none() && self.called.contains(&act.number) {
            return End::Before;
        }
        let mut booking = wallet.book(self.now);
        if self.decide(act, &mut booking, hold.as_ref()).is_err() {
            return End::Refused;
        }
        if booking.entries().is_empty() {
            return End::Before;
        }
        match self.store.commit(booking.commit()) {
            Ok(()) => {
                self.called.extend(calls.then_some(act.number));
                End::Done
            }
            Err(key) if key.sk == "once" => End::Before,
            Err(_) => End::Lost,
        }
    }

    fn run(&mut self, act: &Act) -> End {
        let end = self.attempt(act);
        let at = match end {
            End::Done => 0,
            End::Before => 1,
            End::Refused => 2,
            End::Lost => 3,
        };
        self.ends[at] += 1;
        end
    }
}

/// Everything that was ever booked on a wallet, proved.
fn proved(store: &Store, wallet: &Wallet, sums: &mut Sums) -> BTreeMap<String, u64> {
    let mut keys = BTreeMap::new();
    let mut proof = Proof::begin(&wallet.wallet_id);
    let mut see = |entry: &Entry, _: &[u8; 32]| {
        sums.row(entry);
        let (kind, id) = (entry.kind.as_str(), &entry.reference.id);
        *keys
            .entry(format!("{kind} {id} {}", entry.posting_no()))
            .or_default() += 1;
    };
    for page in store.of::<Page>("page#") {
        if page.wallet_id == wallet.wallet_id {
            proof.page(&page, &mut see).unwrap();
        }
    }
    assert_eq!(proof.end(wallet, &mut see), Ok(wallet.seq));
    keys
}

fn plays(seed: u64, operations: u64) -> [u64; 4] {
    let mut bank = Bank {
        store: Store::default(),
        dice: Dice(seed),
        stale: BTreeMap::new(),
        now: NOW,
        ends: [0; 4],
        called: BTreeSet::new(),
    };
    let (mut past, mut lost): (Vec<Act>, Vec<Act>) = (Vec::new(), Vec::new());
    for number in 1..=operations {
        let act = match bank.dice.below(10) {
            // Retried in any order, and delivered again although it is done.
            0 | 1 if !lost.is_empty() => {
                let at = bank.dice.below(lost.len() as u64) as usize;
                lost.swap_remove(at)
            }
            2 if !past.is_empty() => past[bank.dice.below(past.len() as u64) as usize],
            _ => Act {
                number,
                what: bank.dice.below(10),
                wallet: bank.dice.below(WALLETS),
                amount: 1 + bank.dice.below(60) as i64,
            },
        };
        match bank.run(&act) {
            End::Lost => lost.push(act),
            _ => past.push(act),
        }
    }
    check(&bank.store);
    bank.ends
}

fn check(store: &Store) {
    let (mut sums, mut all) = (Sums::default(), BTreeMap::new());
    let (mut credits, mut held, mut debt) = (0, 0, 0);
    for wallet in store.of::<Wallet>("wallet") {
        assert!(wallet.available >= 0 && wallet.held >= 0 && wallet.debt >= 0);
        credits += wallet.available;
        held += wallet.held;
        let open = wallet.holds.open().map(|hold| hold.amount);
        assert_eq!(wallet.held, open.sum::<i64>());
        debt += wallet.debt;
        for (key, count) in proved(store, &wallet, &mut sums) {
            *all.entry(key).or_insert(0) += count;
        }
    }
    assert_eq!((sums.credits, sums.held, sums.debt), (credits, held, -debt));
    assert_eq!(sums.balance(), 0);
    let twice: Vec<_> = all.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn after_100_000_random_operations_all_accounts_sum_to_0_and_chains_verify() {
    // Four banks, as many at a time as there are processors.
    let seeds = [11_u64, 12, 13, 14];
    let banks = seeds.map(|seed| std::thread::spawn(move || plays(seed, OPERATIONS / 4)));
    let ends = banks.map(|bank| bank.join().unwrap());
    let total: u64 = ends.iter().flatten().sum();
    assert_eq!(total, OPERATIONS);
    let of = |at: usize| ends.iter().map(|ends| ends[at]).sum::<u64>();
    println!(
        "done {}, before {}, refused {}, lost {}",
        of(0),
        of(1),
        of(2),
        of(3)
    );
    assert!(of(0) > 40_000 && of(1) > 3_000 && of(2) > 3_000 && of(3) > 3_000);
}
