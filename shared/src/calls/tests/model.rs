//! Every order of what two clients, timers, sweeps and the rest of the world can do to one call,
//! in steps of 15 seconds: the pure rules are explored until there is no new state.

use std::collections::{HashSet, VecDeque};

use super::*;

/// Length of a step.
const STEP_MS: i64 = 15 * SECOND_MS;
/// Steps that are explored.
const STEPS: i64 = 17;
/// A purchase that may come in between.
const BOUGHT: i64 = 5;

/// The call, its wallet, the clock, and what else has happened.
#[derive(Clone)]
struct World {
    call: Call,
    wallet: Wallet,
    step: i64,
    bought: bool,
    charges: usize,
}

/// What tells worlds apart; numbers that only ever grow are left out.
type Shape = (
    (Status, Option<EndedReason>, Option<String>),
    [Option<i64>; 8],
    (bool, i64, i64, bool, i64, i64),
);

/// What can happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    Accept(&'static str),
    Reject,
    End(Side, Wish),
    Connect(Side, &'static str),
    Alive(Side),
    Look,
    Cut,
    Buy,
    Tick,
}

const EVENTS: [Event; 16] = [
    Event::Accept("phone"),
    Event::Accept("laptop"),
    Event::Reject,
    Event::End(Side::Caller, Wish::UserHangup),
    Event::End(Side::Receiver, Wish::UserHangup),
    Event::End(Side::Caller, Wish::IceFailed),
    Event::Connect(Side::Caller, "ses_ann"),
    Event::Connect(Side::Receiver, "phone"),
    Event::Connect(Side::Receiver, "laptop"),
    Event::Alive(Side::Caller),
    Event::Alive(Side::Receiver),
    Event::Look,
    Event::Cut,
    Event::Buy,
    Event::Tick,
    Event::Tick,
];

impl World {
    fn now(&self) -> Time {
        NOON.plus(self.step * STEP_MS)
    }

    fn shape(&self) -> Shape {
        let call = &self.call;
        let ms = |at: Option<Time>| at.map(Time::ms);
        (
            (call.status, call.ended_reason, call.receiver_slot.clone()),
            [
                ms(call.accepted_at),
                ms(call.connected_at),
                ms(call.ended_at),
                ms(call.covered_until),
                ms(call.caller_connected_at),
                ms(call.receiver_connected_at),
                ms(call.last_alive),
                Some(self.step),
            ],
            (
                call.is_short,
                call.credits_spent,
                call.granted_minutes,
                self.bought,
                self.wallet.available,
                self.wallet.held,
            ),
        )
    }

    /// What a request comes to: a turn, or nothing. Refusals change nothing.
    fn decide(&self, event: Event) -> Option<Turn> {
        let (call, wallet, now) = (&self.call, &self.wallet, self.now());
        let user = |side| if side == Side::Caller { ANN } else { BEN };
        match event {
            Event::Accept(slot) => {
                let hold = id_of("hld", [3; 16]);
                let with = Acceptance::default();
                call.accept((BEN, slot), (wallet, &hold), &with, now)
                    .ok()?
                    .turn()
            }
            Event::Reject => call.reject(BEN, Refusal::Declined, now).ok(),
            Event::Connect(side, slot) => call.connects((user(side), slot), now).ok()?.turn(),
            Event::End(..) | Event::Cut if call.status.is_terminal() => None,
            Event::End(side, wish) => {
                let end = call.hang_up(side, wish, now);
                Some(call.finish(end, Some(wallet), now).expect("settled"))
            }
            Event::Cut => {
                let end = call.fate(now).unwrap_or(call.cut(EndedReason::Admin, now));
                Some(call.finish(end, Some(wallet), now).expect("settled"))
            }
            Event::Look => self.look(None),
            Event::Alive(side) => {
                let slot = call.slot(side).unwrap_or_default();
                call.end_of(user(side), slot).ok()?;
                self.look(Some(now))
            }
            Event::Buy | Event::Tick => None,
        }
    }

    fn look(&self, alive: Option<Time>) -> Option<Turn> {
        let (call, wallet, now) = (&self.call, &self.wallet, self.now());
        if let Some(end) = call.fate(now) {
            return Some(call.finish(end, Some(wallet), now).expect("settled"));
        }
        if let Metered::Turn(turn) = call.extend(wallet, alive, now).expect("looked") {
            return Some(turn);
        }
        match alive.map(|_| call.alive(None, now)) {
            Some(Metered::Turn(turn)) => Some(turn),
            _ => None,
        }
    }

    fn after(&self, event: Event) -> Option<Self> {
        let mut next = self.clone();
        match event {
            Event::Tick => next.step += 1,
            Event::Buy if self.bought => return None,
            Event::Buy => {
                let mut booking = self.wallet.book(self.now());
                let payment = Reference::new(RefType::Payment, "bought");
                booking
                    .grant(Kind::Purchase, BOUGHT, &payment)
                    .expect("credits");
                (next.wallet, next.bought) = (booking.wallet, true);
            }
            _ => {
                let turn = self.decide(event)?;
                let rows = turn.booking.iter().flat_map(|booking| booking.entries());
                next.charges += rows.filter(|row| row.kind == Kind::CallCharge).count();
                next.call = done(turn, &mut next.wallet);
                next.follows(self, event);
            }
        }
        (next.step <= STEPS).then_some(next)
    }

    /// What must hold between a state and the one before.
    fn follows(&self, before: &Self, event: Event) {
        let place = format!("{event:?} at {} after {:?}", self.step, before.call);
        assert!(
            !before.call.status.is_terminal(),
            "nothing follows an end: {place}"
        );
        assert_eq!(self.call.version, before.call.version + 1, "{place}");
        if let Some(fate) = before.call.fate(before.now()) {
            let told = (self.call.status, self.call.ended_reason, self.call.ended_at);
            let wanted = (fate.status, Some(fate.reason), Some(fate.at));
            assert_eq!(told, wanted, "time had decided: {place}");
        }
        let slot = &before.call.receiver_slot;
        assert!(
            slot.is_none() || *slot == self.call.receiver_slot,
            "one device: {place}"
        );
    }

    /// What must hold of every state.
    fn holds(&self, credits: i64) {
        let (call, wallet) = (&self.call, &self.wallet);
        let open: i64 = wallet.holds.open().map(|hold| hold.amount).sum();
        assert!(wallet.available >= 0 && wallet.held == open, "{call:?}");
        let bought = if self.bought { BOUGHT } else { 0 };
        assert_eq!(
            wallet.available + wallet.held + call.credits_spent,
            credits + bought
        );
        assert_eq!(
            self.charges,
            usize::from(call.credits_spent > 0),
            "charged once"
        );
        let running = matches!(call.status, Status::Accepted | Status::Connected);
        assert_eq!(
            open > 0,
            running,
            "credits are reserved exactly while it runs: {call:?}"
        );
        if let Some(ended) = call.ended_at {
            let used = match (call.connected_at, call.covered_until) {
                (Some(from), Some(covered)) => {
                    let ms = ended.min(covered).ms() - from.ms();
                    ((ms + MINUTE_MS - 1) / MINUTE_MS).max(1)
                }
                _ => 0,
            };
            assert_eq!(
                (call.billed_minutes, call.credits_spent),
                (used, used * 5),
                "{call:?}"
            );
            assert!(ended <= self.now());
        }
        // What time has decided is never taken back.
        if let Some(fate) = call.fate(self.now()) {
            for later in 1..4 {
                let again = call.fate(self.now().plus(later * STEP_MS));
                assert_eq!(again, Some(fate), "{call:?}");
            }
        }
    }
}

fn explored(credits: i64, grant: i64) -> usize {
    let wallet = purse(1, credits);
    let first = World {
        call: ringing(&wallet, 5, grant),
        wallet,
        step: 0,
        bought: false,
        charges: 0,
    };
    let mut seen = HashSet::from([first.shape()]);
    let mut queue = VecDeque::from([first]);
    while let Some(world) = queue.pop_front() {
        world.holds(credits);
        for event in EVENTS {
            let Some(next) = world.after(event) else {
                continue;
            };
            // The last step only proves that everything comes to an end by itself.
            if seen.insert(next.shape()) {
                queue.push_back(next);
            }
        }
    }
    seen.len()
}

#[test]
fn every_order_of_events_bills_once_and_reserves_no_longer_than_it_runs() {
    let states: usize = [(5, 1), (12, 1), (12, 5)]
        .map(|(credits, grant)| explored(credits, grant))
        .iter()
        .sum();
    println!("{states} states");
    assert!(states > 1_000, "{states}");
}
