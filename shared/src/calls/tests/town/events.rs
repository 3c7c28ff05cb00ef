//! What happens to a call: requests of the two, of which some get lost, and timers.

use super::*;

const fn side_of(is_caller: bool) -> Side {
    if is_caller {
        Side::Caller
    } else {
        Side::Receiver
    }
}

impl Town {
    pub(super) fn happens(&mut self, event: Event) {
        match event {
            Event::Dial => self.dial(),
            Event::Timer(number) => {
                self.look(number, None);
                self.set_meter(number);
            }
            Event::Sweep => self.sweep(),
            // Requests get lost.
            _ if self.dice.often(10) => {}
            Event::Accept(number) => self.accepts(number),
            Event::Connect(number, is_caller) => self.connects(number, is_caller),
            Event::Alive(number, is_caller) => {
                self.look(number, Some(self.now));
                self.beats(number, is_caller);
            }
            Event::End(number, is_caller) => self.hangs_up(number, is_caller),
        }
    }

    fn accepts(&mut self, number: u64) {
        let Some(call) = self.calls.get(&number).cloned() else {
            return;
        };
        let hold = id_of("hld", u128::from(number).to_be_bytes());
        let wallet = self.people[self.who(&call.caller_id)].wallet.clone();
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

    fn connects(&mut self, number: u64, is_caller: bool) {
        let Some(call) = self.calls.get(&number).cloned() else {
            return;
        };
        let side = side_of(is_caller);
        let slot = call.slot(side).unwrap_or_default().to_owned();
        let answer = call.connects((call.user(side), &slot), self.now);
        if let Ok(Answered::Turn(turn)) = answer {
            self.commit(number, turn);
            self.set_meter(number);
        }
        self.beats(number, is_caller);
    }

    fn hangs_up(&mut self, number: u64, is_caller: bool) {
        let Some(call) = self.calls.get(&number).cloned() else {
            return;
        };
        if !call.status.is_terminal() {
            let wallet = self.people[self.who(&call.caller_id)].wallet.clone();
            let end = call.hang_up(side_of(is_caller), Wish::UserHangup, self.now);
            let turn = call.finish(end, Some(&wallet), self.now).expect("settled");
            self.commit(number, turn);
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
        let clock = self.people[self.who(call.user(side_of(is_caller)))].clock;
        let after = 20_000 * clock as i64 / 100;
        self.at(after, Event::Alive(number, is_caller));
    }
}
