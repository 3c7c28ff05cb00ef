//! A town in which everybody calls everybody: lost requests, dying processes, timers that never
//! come, clients with hostile clocks. Afterwards every minute is billed once.
//!
//! `PAIRLY_SIMULATED_CALLS=100000 cargo test -p shared simulated_calls` plays more of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::*;
use crate::http::Me;

mod dial;
mod events;
mod sweep;

/// Calls that are played without being asked for more.
const CALLS: u64 = 2_000;
/// People of the town.
const PEOPLE: u8 = 24;
/// A hold is gone this long after its expiry at the latest.
const LATE_MS: i64 = 120 * SECOND_MS;

/// Numbers that look random and repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, top: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % top
    }

    fn often(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Dial,
    Accept(u64),
    Connect(u64, bool),
    Alive(u64, bool),
    End(u64, bool),
    Timer(u64),
    Sweep,
}

struct Resident {
    me: Me,
    wallet: Wallet,
    lock: Lock,
    /// How fast the own clock runs, in percent.
    clock: u64,
}

/// What was booked for a call.
#[derive(Default)]
struct Booked {
    held: i64,
    charged: Vec<i64>,
    released: i64,
}

struct Town {
    people: Vec<Resident>,
    calls: BTreeMap<u64, Call>,
    booked: BTreeMap<String, Booked>,
    queue: BinaryHeap<Reverse<(i64, u64, Event)>>,
    dice: Dice,
    now: Time,
    number: u64,
    dialled: u64,
    wanted: u64,
    ends: BTreeMap<String, u64>,
}

impl Town {
    fn new(seed: u64, wanted: u64) -> Self {
        let resident = |n: u8| Resident {
            me: Me {
                user_id: id_of("usr", [n; 16]),
                session_id: format!("ses_{n}"),
                wallet_id: id_of("wal", [n; 16]),
                device_id: None,
                aal: 1,
                auth_time: NOON,
                others: false,
                connection_id: None,
            },
            wallet: purse(n, i64::from(n) * 9),
            lock: Lock::new(&id_of("usr", [n; 16])),
            clock: [5, 50, 100, 100, 150, 1_000][usize::from(n) % 6],
        };
        let mut town = Self {
            people: (1..=PEOPLE).map(resident).collect(),
            calls: BTreeMap::new(),
            booked: BTreeMap::new(),
            queue: BinaryHeap::new(),
            dice: Dice(seed),
            now: NOON,
            number: 0,
            dialled: 0,
            wanted,
            ends: BTreeMap::new(),
        };
        town.at(0, Event::Dial);
        town.at(60 * SECOND_MS, Event::Sweep);
        town
    }

    fn at(&mut self, after_ms: i64, event: Event) {
        self.number += 1;
        let at = self.now.ms() + after_ms;
        self.queue.push(Reverse((at, self.number, event)));
    }

    fn soon(&mut self, after_ms: i64, spread: u64, event: Event) {
        let more = self.dice.below(spread) as i64;
        self.at(after_ms + more, event);
    }

    fn who(&self, user_id: &str) -> usize {
        let found = self.people.iter().position(|one| one.me.user_id == user_id);
        found.expect("a resident")
    }

    /// Writes a turn down, or the process dies first, or right after it.
    fn commit(&mut self, number: u64, turn: Turn) -> bool {
        if self.dice.often(4) {
            return false;
        }
        let payer = self.who(&turn.call.caller_id.clone());
        if let Some(booking) = turn.booking {
            let booked = self.booked.entry(turn.call.call_id.clone()).or_default();
            for row in booking.entries() {
                match row.kind {
                    Kind::CallHold | Kind::CallHoldExtend => booked.held += row.amount,
                    Kind::CallCharge => booked.charged.push(row.amount),
                    Kind::CallRelease => booked.released += row.amount,
                    other => panic!("{other:?}"),
                }
            }
            self.people[payer].wallet = booking.wallet;
        }
        let over = turn.call.status.is_terminal();
        self.calls.insert(number, turn.call);
        if over {
            self.over(number);
        }
        // The process may die before it sets a timer.
        !self.dice.often(4)
    }

    fn over(&mut self, number: u64) {
        let call = &self.calls[&number];
        let minutes = match (call.connected_at, call.covered_until, call.ended_at) {
            (Some(from), Some(covered), Some(end)) => {
                ((end.min(covered).ms() - from.ms() + MINUTE_MS - 1) / MINUTE_MS).max(1)
            }
            _ => 0,
        };
        let credits = minutes * call.rate_per_minute;
        assert_eq!(
            (call.billed_minutes, call.credits_spent),
            (minutes, credits),
            "{call:?}"
        );
        let booked = self.booked.remove(&call.call_id).unwrap_or_default();
        assert_eq!(booked.charged.iter().sum::<i64>(), credits, "{call:?}");
        assert!(booked.charged.len() <= 1, "{call:?}");
        assert_eq!(booked.held, credits + booked.released, "{call:?}");
        let reason = format!("{:?} {:?}", call.status, call.ended_reason);
        *self.ends.entry(reason).or_default() += 1;
    }

    fn look(&mut self, number: u64, alive: Option<Time>) {
        let Some(call) = self.calls.get(&number).cloned() else {
            return;
        };
        let wallet = self.people[self.who(&call.caller_id)].wallet.clone();
        let turn = match (call.fate(self.now), call.extend(&wallet, alive, self.now)) {
            (Some(end), _) => call.finish(end, Some(&wallet), self.now).expect("settled"),
            (None, Ok(Metered::Turn(turn))) => turn,
            (None, Err(error)) => panic!("{error}"),
            (None, Ok(Metered::Nothing)) => match alive.map(|_| call.alive(None, self.now)) {
                Some(Metered::Turn(turn)) => turn,
                _ => return,
            },
        };
        let sets_timer = turn.call.covered_until > call.covered_until;
        if self.commit(number, turn) && sets_timer {
            self.set_meter(number);
        }
    }

    fn set_meter(&mut self, number: u64) {
        let next = self
            .calls
            .get(&number)
            .and_then(|call| call.next_look(self.now));
        let comes = self.dice.often(80);
        if let Some(at) = next.filter(|_| comes) {
            self.soon(at.since(self.now), 1_500, Event::Timer(number));
        }
    }

    fn lives(&mut self) {
        while let Some(Reverse((at, _, event))) = self.queue.pop() {
            self.now = Time(at);
            self.happens(event);
        }
        for one in &self.people {
            assert_eq!((one.wallet.held, one.wallet.holds.open().count()), (0, 0));
        }
        assert!(self.booked.is_empty(), "nothing stays reserved");
    }
}

#[test]
fn simulated_calls_are_billed_once_whatever_is_lost() {
    let asked = crate::config::environment("PAIRLY_SIMULATED_CALLS");
    let wanted = asked
        .and_then(|number| number.parse().ok())
        .unwrap_or(CALLS);
    let towns = [1_u64, 2].map(|seed| {
        std::thread::spawn(move || {
            let mut town = Town::new(seed * 7_919, wanted / 2);
            town.lives();
            (town.dialled, town.ends)
        })
    });
    for town in towns {
        let (dialled, ends) = town.join().expect("a town in order");
        println!("{dialled} dialled: {ends:?}");
        for reason in [
            "UserHangup",
            "PeerLost",
            "CreditsExhausted",
            "InviteTimeout",
        ] {
            assert!(
                ends.keys().any(|end| end.contains(reason)),
                "{reason}: {ends:?}"
            );
        }
    }
}
