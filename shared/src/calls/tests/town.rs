//! A town in which everybody calls everybody: lost requests, dying processes, timers that never
//! come, clients with hostile clocks. Afterwards every minute is billed once.
//!
//! `PAIRLY_SIMULATED_CALLS=100000 cargo test -p shared simulated_calls` plays more of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::super::ring::{Dialled, Dialling, Ground, Line};
use super::*;
use crate::credits::Policies;
use crate::http::limit::Limit;
use crate::http::{Me, Rate};
use crate::messaging::{Head, Who};

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

    fn dial(&mut self) {
        if self.dialled == self.wanted {
            return;
        }
        self.soon(0, 20_000, Event::Dial);
        let from = self.dice.below(PEOPLE.into()) as usize;
        let to = (from + 1 + self.dice.below(u64::from(PEOPLE) - 1) as usize) % PEOPLE as usize;
        // Rarely enough that some run out of credits in the middle of a call.
        if self.dice.often(15) {
            self.earns(from);
        }
        for who in [from, to] {
            self.settle_last(who);
        }
        let (me, other) = (
            self.people[from].me.clone(),
            self.people[to].me.user_id.clone(),
        );
        let mut head = Head::new(&me.user_id, &other, self.now).expect("a head");
        head.side_mut(Who::Low).sent = 1;
        head.side_mut(Who::High).sent = 1;
        let new = NewCall {
            receiver_id: other,
            call_type: if self.dice.often(30) {
                CallType::Video
            } else {
                CallType::Audio
            },
            sdp_offer: None,
            device_id: None,
            client_call_id: None,
        };
        let id = |entry: u8| {
            let bytes = u128::from(self.dialled + 1) << 8 | u128::from(entry);
            id_of("cal", bytes.to_be_bytes())
        };
        let dialling = Dialling {
            me: &me,
            slot: me.slot(),
            new: &new,
            offer: None,
            hidden: false,
            ids: (id(0), id(1)),
            policies: &Policies::of(Vec::new(), self.now),
            rate: &Rate::of(Limit::Call),
            now: self.now,
        };
        let ground = Ground {
            wallet: self.people[from].wallet.clone(),
            head: Some(head),
            receiver_is_active: true,
            mine: self.line(from),
            theirs: self.line(to),
        };
        if let Ok(Dialled::Rings(call, commit)) = dialling.decide(&ground) {
            for write in commit.into_writes().expect("writes") {
                if let (Action::Put(row), "busy") = (write.action, write.key.sk.as_str()) {
                    let lock: Lock = item_of(row).expect("a lock");
                    let at = self.who(&lock.user_id.clone());
                    self.people[at].lock = lock;
                }
            }
            self.rings(*call);
        }
    }

    fn earns(&mut self, who: usize) {
        let amount = 1 + self.dice.below(90) as i64;
        let mut booking = self.people[who].wallet.book(self.now);
        let payment = Reference::new(RefType::Payment, format!("p-{}", self.number));
        self.number += 1;
        booking
            .grant(Kind::Purchase, amount, &payment)
            .expect("credits");
        self.people[who].wallet = booking.wallet;
    }

    fn rings(&mut self, call: Call) {
        self.dialled += 1;
        let number = self.dialled;
        self.calls.insert(number, call);
        if self.dice.often(80) {
            self.soon(45_000, 900, Event::Timer(number));
        }
        let answer = self.dice.below(60_000) as i64;
        self.at(answer, Event::Accept(number));
        if self.dice.often(30) {
            self.soon(answer, 3_000, Event::Accept(number));
        }
        let length = 60_000 << self.dice.below(5);
        let talk = self.dice.below(1 + length) as i64;
        for caller in [true, false] {
            if self.dice.often(90) {
                let after = answer + self.dice.below(9_000) as i64;
                self.at(after, Event::Connect(number, caller));
            }
            if self.dice.often(60) {
                self.soon(answer + talk, 40, Event::End(number, caller));
            }
        }
    }

    /// What the person's last call is by now, written down first if time has ended it.
    fn settle_last(&mut self, who: usize) {
        let last = self.people[who].lock.call_id.clone();
        let found = self
            .calls
            .iter()
            .find(|(_, call)| Some(&call.call_id) == last.as_ref());
        if let Some(number) = found.map(|(number, _)| *number) {
            for _ in 0..20 {
                self.look(number, None);
            }
        }
    }

    fn line(&self, who: usize) -> Line {
        let lock = self.people[who].lock.clone();
        let named = |call: &&Call| Some(&call.call_id) == lock.call_id.as_ref();
        let call = self.calls.values().find(named).cloned();
        Line { lock, call }
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

    fn happens(&mut self, event: Event) {
        match event {
            Event::Dial => self.dial(),
            Event::Timer(number) => {
                self.look(number, None);
                self.set_meter(number);
            }
            Event::Sweep => self.sweep(),
            // Requests get lost.
            _ if self.dice.often(10) => {}
            Event::Accept(number) => {
                let Some(call) = self.calls.get(&number).cloned() else {
                    return;
                };
                let payer = self.who(&call.caller_id);
                let hold = id_of("hld", u128::from(number).to_be_bytes());
                let wallet = self.people[payer].wallet.clone();
                let slot = if self.dice.often(50) {
                    "phone"
                } else {
                    "laptop"
                };
                let with = Acceptance::default();
                let who = (call.receiver_id.as_str(), slot);
                let answer = call.accept(who, (&wallet, &hold), &with, self.now);
                if let Ok(Answered::Turn(turn)) = answer
                    && self.commit(number, turn)
                    && self.dice.often(80)
                {
                    self.soon(15_000, 900, Event::Timer(number));
                }
            }
            Event::Connect(number, is_caller) => {
                let Some(call) = self.calls.get(&number).cloned() else {
                    return;
                };
                let side = if is_caller {
                    Side::Caller
                } else {
                    Side::Receiver
                };
                let slot = call.slot(side).unwrap_or_default().to_owned();
                let answer = call.connects((call.user(side), &slot), self.now);
                if let Ok(Answered::Turn(turn)) = answer {
                    self.commit(number, turn);
                    self.set_meter(number);
                }
                self.beats(number, is_caller);
            }
            Event::Alive(number, is_caller) => {
                self.look(number, Some(self.now));
                self.beats(number, is_caller);
            }
            Event::End(number, is_caller) => {
                let Some(call) = self.calls.get(&number).cloned() else {
                    return;
                };
                let side = if is_caller {
                    Side::Caller
                } else {
                    Side::Receiver
                };
                if !call.status.is_terminal() {
                    let wallet = self.people[self.who(&call.caller_id)].wallet.clone();
                    let end = call.hang_up(side, Wish::UserHangup, self.now);
                    let turn = call.finish(end, Some(&wallet), self.now).expect("settled");
                    self.commit(number, turn);
                }
            }
        }
    }

    /// The next sign of life of a client, by its own clock, unless the client is gone.
    fn beats(&mut self, number: u64, is_caller: bool) {
        let Some(call) = self.calls.get(&number) else {
            return;
        };
        if call.status.is_terminal() || self.dice.often(3) {
            return;
        }
        let side = if is_caller {
            Side::Caller
        } else {
            Side::Receiver
        };
        let clock = self.people[self.who(call.user(side))].clock;
        let after = 20_000 * clock as i64 / 100;
        self.at(after, Event::Alive(number, is_caller));
    }

    fn sweep(&mut self) {
        let live: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, call)| !call.status.is_terminal() && call.ring_expires_at <= self.now)
            .map(|(number, _)| *number)
            .collect();
        for number in live {
            self.look(number, None);
        }
        // So does the sweep of holds, which asks their calls.
        for who in 0..self.people.len() {
            let overdue = |wallet: &Wallet, now| {
                let mut open = wallet.holds.open();
                open.any(|hold| hold.expires_at <= now)
            };
            for _ in 0..5 {
                if overdue(&self.people[who].wallet, self.now) {
                    self.settle_last(who);
                }
            }
        }
        // What is over and named by nobody is forgotten.
        let named: Vec<_> = self
            .people
            .iter()
            .filter_map(|one| one.lock.call_id.clone())
            .collect();
        self.calls
            .retain(|_, call| !call.status.is_terminal() || named.contains(&call.call_id));
        for one in &self.people {
            let wallet = &one.wallet;
            let open: i64 = wallet.holds.open().map(|hold| hold.amount).sum();
            assert!(wallet.available >= 0 && wallet.held == open);
            for hold in wallet.holds.open() {
                assert!(self.now.ms() <= hold.expires_at.ms() + LATE_MS, "{hold:?}");
            }
        }
        let live = self.calls.values().any(|call| !call.status.is_terminal());
        if self.dialled < self.wanted || live {
            self.at(60 * SECOND_MS, Event::Sweep);
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
