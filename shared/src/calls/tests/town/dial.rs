//! Who calls whom, and what the two will try to do.

use super::super::super::ring::{Dialled, Dialling, Ground, Line};
use super::*;
use crate::credits::Policies;
use crate::http::Rate;
use crate::http::limit::Limit;
use crate::messaging::{Head, Who};
use crate::table::Commit;

/// Who has less than this buys credits now and then.
const LITTLE: i64 = 40;

impl Town {
    pub(super) fn dial(&mut self) {
        if self.dialled == self.wanted {
            return;
        }
        self.soon(0, 20_000, Event::Dial);
        let from = self.dice.below(PEOPLE.into()) as usize;
        let to = (from + 1 + self.dice.below(u64::from(PEOPLE) - 1) as usize) % PEOPLE as usize;
        // Only who has little left, and rarely: some run out of credits in the middle of a call.
        if self.people[from].wallet.available < LITTLE && self.dice.often(30) {
            self.earns(from);
        }
        for who in [from, to] {
            self.settle_last(who);
        }
        if let Some(Dialled::Rings(call, commit)) = self.asks(from, to) {
            self.busy(commit);
            self.rings(*call);
        }
    }

    /// What asking for a call gives; nothing when it is refused.
    fn asks(&mut self, from: usize, to: usize) -> Option<Dialled> {
        let me = self.people[from].me.clone();
        let new = self.wish(to);
        let dialling = Dialling {
            me: &me,
            slot: me.slot(),
            new: &new,
            offer: None,
            hidden: false,
            ids: (self.fresh_id(0), self.fresh_id(1)),
            policies: &Policies::of(Vec::new(), self.now),
            rate: &Rate::of(Limit::Call),
            now: self.now,
        };
        let ground = Ground {
            wallet: self.people[from].wallet.clone(),
            head: Some(self.both_wrote(from, to)),
            receiver_is_active: true,
            receiver_has_phones: false,
            mine: self.line(from),
            theirs: self.line(to),
        };
        dialling.decide(&ground).ok()
    }

    fn wish(&mut self, to: usize) -> NewCall {
        let call_type = if self.dice.often(30) {
            CallType::Video
        } else {
            CallType::Audio
        };
        NewCall {
            receiver_id: self.people[to].me.user_id.clone(),
            call_type,
            sdp_offer: None,
            device_id: None,
            client_call_id: None,
        }
    }

    fn fresh_id(&self, entry: u8) -> String {
        let bytes = u128::from(self.dialled + 1) << 8 | u128::from(entry);
        id_of("cal", bytes.to_be_bytes())
    }

    fn both_wrote(&self, one: usize, other: usize) -> Head {
        let [one, other] = [one, other].map(|who| self.people[who].me.user_id.as_str());
        let mut head = Head::new(one, other, self.now).expect("a head");
        head.side_mut(Who::Low).sent = 1;
        head.side_mut(Who::High).sent = 1;
        head
    }

    /// Both have their locks.
    fn busy(&mut self, commit: Commit) {
        for write in commit.into_writes().expect("writes") {
            if let (Action::Put(row), "busy") = (write.action, write.key.sk.as_str()) {
                let lock: Lock = item_of(row).expect("a lock");
                let at = self.who(&lock.user_id.clone());
                self.people[at].lock = lock;
            }
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

    fn line(&self, who: usize) -> Line {
        let lock = self.people[who].lock.clone();
        let named = |call: &&Call| Some(&call.call_id) == lock.call_id.as_ref();
        let call = self.calls.values().find(named).cloned();
        Line { lock, call }
    }
}
