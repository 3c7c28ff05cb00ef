//! Sums over messages, by the day on which they were sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{Fact, FactKind, code_of};
use super::log::{Entry, day_of};
use crate::messaging::side::TYPES;

/// Delays below this many seconds are kept exactly; longer ones with eight binary digits.
const EXACT_SECONDS: i64 = 256;

/// Sums over the messages of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Messages by type.
    #[serde(rename = "t")]
    pub types: [i64; TYPES],
    /// Those that were delivered, read or not.
    #[serde(rename = "d")]
    pub delivered: i64,
    /// Those that were read.
    #[serde(rename = "r")]
    pub read: i64,
    /// Those that failed.
    #[serde(rename = "f")]
    pub failed: i64,
    /// Messages by what moderation says.
    #[serde(rename = "m")]
    pub moderation: [i64; 4],
    /// Credits paid for them, less what was given back.
    #[serde(rename = "c")]
    pub credits: i64,
    /// Deliveries by their delay in seconds.
    #[serde(rename = "w")]
    pub delays: BTreeMap<i64, i64>,
}

/// Sums by the number of the day on which messages were sent.
pub type Tally = BTreeMap<i64, Sums>;

/// The delay as it is kept: exact below 256 seconds, then with an error below one in 128.
pub fn delay(seconds: i64) -> i64 {
    let seconds = seconds.max(0);
    if seconds < EXACT_SECONDS {
        return seconds;
    }
    let cut = 63 - seconds.leading_zeros() - 7;
    seconds >> cut << cut
}

fn count(list: &mut [i64], at: usize, by: i64) {
    if let Some(place) = list.get_mut(at) {
        *place += by;
    }
}

impl Sums {
    /// Adds other sums.
    pub fn add(&mut self, other: &Self) {
        for (at, by) in other.types.iter().enumerate() {
            count(&mut self.types, at, *by);
        }
        for (at, by) in other.moderation.iter().enumerate() {
            count(&mut self.moderation, at, *by);
        }
        self.delivered += other.delivered;
        self.read += other.read;
        self.failed += other.failed;
        self.credits += other.credits;
        for (seconds, by) in &other.delays {
            *self.delays.entry(*seconds).or_default() += by;
        }
    }

    /// All messages.
    pub fn total(&self) -> i64 {
        self.types.iter().sum()
    }

    /// The delay that half of the deliveries did not exceed.
    pub fn median_delay(&self) -> Option<i64> {
        let all: i64 = self.delays.values().sum();
        let mut left = (all + 1) / 2;
        self.delays.iter().find_map(|(seconds, count)| {
            left -= count;
            (left <= 0).then_some(*seconds)
        })
    }
}

/// Adds a message that was sent.
pub fn sent(tally: &mut Tally, entry: &Entry) {
    let sums = tally.entry(day_of(entry.at)).or_default();
    count(&mut sums.types, entry.kind as usize, 1);
    count(
        &mut sums.moderation,
        usize::from(code_of(entry.moderation)),
        1,
    );
    sums.credits += entry.cost;
}

/// Adds a fact.
pub fn became(tally: &mut Tally, fact: &Fact) {
    let sums = tally.entry(fact.created_day).or_default();
    match fact.kind {
        FactKind::Delivered { seconds } => {
            sums.delivered += 1;
            *sums.delays.entry(delay(seconds)).or_default() += 1;
        }
        FactKind::Read => sums.read += 1,
        FactKind::Failed => sums.failed += 1,
        FactKind::Moderated { from, to } => {
            count(&mut sums.moderation, usize::from(code_of(from)), -1);
            count(&mut sums.moderation, usize::from(code_of(to)), 1);
        }
        FactKind::Refunded { cost } => sums.credits -= cost,
    }
}

/// Adds another tally.
pub fn merge(tally: &mut Tally, other: &Tally) {
    for (day, sums) in other {
        tally.entry(*day).or_default().add(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_exact_for_four_minutes_and_then_nearly() {
        assert_eq!([0, 1, 255, 256].map(delay), [0, 1, 255, 256]);
        for seconds in [257, 1_000, 3_601, 86_399, 10_000_000] {
            let kept = delay(seconds);
            assert!(
                kept <= seconds && (seconds - kept) * 128 < seconds,
                "{seconds}"
            );
        }
    }

    #[test]
    fn the_median_is_the_middle_one() {
        let of = |delays: &[(i64, i64)]| Sums {
            delays: delays.iter().copied().collect(),
            ..Sums::default()
        };
        assert_eq!(of(&[]).median_delay(), None);
        assert_eq!(of(&[(5, 1)]).median_delay(), Some(5));
        assert_eq!(of(&[(1, 2), (9, 2)]).median_delay(), Some(1));
        assert_eq!(of(&[(1, 2), (9, 3)]).median_delay(), Some(9));
    }
}
