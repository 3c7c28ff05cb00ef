//! What runs every minute, and what must hold whenever it has run.

use super::*;

impl Town {
    pub(super) fn sweep(&mut self) {
        let overdue = |call: &Call| !call.status.is_terminal() && call.ring_expires_at <= self.now;
        let live = self.calls.iter().filter(|(_, call)| overdue(call));
        for number in live.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.look(number, None);
        }
        self.sweep_holds();
        self.forget();
        self.is_in_order();
        let live = self.calls.values().any(|call| !call.status.is_terminal());
        if self.dialled < self.wanted || live {
            self.at(60 * SECOND_MS, Event::Sweep);
        }
    }

    /// The sweep of holds asks the calls that own them.
    fn sweep_holds(&mut self) {
        for who in 0..self.people.len() {
            for _ in 0..5 {
                if self.has_overdue_hold(who) {
                    self.settle_last(who);
                }
            }
        }
    }

    fn has_overdue_hold(&self, who: usize) -> bool {
        let mut open = self.people[who].wallet.holds.open();
        open.any(|hold| hold.expires_at <= self.now)
    }

    /// What is over and named by nobody is forgotten.
    fn forget(&mut self) {
        let named: Vec<_> = self
            .people
            .iter()
            .filter_map(|one| one.lock.call_id.clone())
            .collect();
        self.calls
            .retain(|_, call| !call.status.is_terminal() || named.contains(&call.call_id));
    }

    /// Nobody is overdrawn, and no hold is forgotten.
    fn is_in_order(&self) {
        for one in &self.people {
            let wallet = &one.wallet;
            let open: i64 = wallet.holds.open().map(|hold| hold.amount).sum();
            assert!(wallet.available >= 0 && wallet.held == open);
            for hold in wallet.holds.open() {
                assert!(self.now.ms() <= hold.expires_at.ms() + LATE_MS, "{hold:?}");
            }
        }
    }

    /// What the person's last call is by now, written down first if time has ended it.
    pub(super) fn settle_last(&mut self, who: usize) {
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
}
