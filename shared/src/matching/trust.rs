//! Trust: a number from 0 to 100 that follows from what is known of a person.

use schemars::JsonSchema;
use serde::Serialize;

use crate::time::{DAY_MS, Time};

/// Trust of somebody of whom nothing is known.
const START: i64 = 30;
/// For an address that is proven.
const EMAIL: i64 = 15;
/// For a phone number that is proven.
const PHONE: i64 = 5;
/// For a profile that is approved.
const PROFILE: i64 = 15;
/// For a second factor.
const TWO_FACTOR: i64 = 5;
/// For somebody who answers people.
const REPLIES: i64 = 10;
/// Percent of first messages that such a person answers.
const REPLIES_PERCENT: i64 = 30;
/// For every so many days of age one point, …
const AGE_DAYS: i64 = 7;
/// … up to so many.
const AGE_MAX: i64 = 15;
/// For each upheld report of the last 90 days.
const REPORT: i64 = -20;
/// For each live abuse flag, times its weight.
const FLAG: i64 = -5;
/// For being blocked by many.
const BLOCKED: i64 = -10;
/// People who are not many yet.
pub const BLOCKED_BY_FEW: usize = 5;

/// What decides about trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Registration.
    pub created_at: Time,
    /// Whether the address is proven.
    pub email_verified: bool,
    /// Whether a phone number is proven.
    pub phone_verified: bool,
    /// Whether the profile is approved.
    pub profile_approved: bool,
    /// Whether a second factor is enrolled.
    pub two_factor: bool,
    /// People who wrote first.
    pub received: i64,
    /// Those of them who got an answer.
    pub answered: i64,
    /// Upheld reports of the last 90 days.
    pub reports: i64,
    /// Weight of all live abuse flags.
    pub flags: i64,
    /// People who blocked this one in the last 30 days, counted up to one more than
    /// [`BLOCKED_BY_FEW`].
    pub blocked_by: usize,
}

/// What a trust means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below 20.
    Restricted,
    /// From 20.
    New,
    /// From 40.
    Normal,
    /// From 70.
    Trusted,
}

impl Level {
    /// The level of a trust.
    pub const fn of(trust: i64) -> Self {
        match trust {
            ..20 => Self::Restricted,
            20..40 => Self::New,
            40..70 => Self::Normal,
            _ => Self::Trusted,
        }
    }
}

impl Facts {
    /// The trust, 0–100.
    pub fn trust(&self, now: Time) -> i64 {
        let points = |earned: bool, points: i64| if earned { points } else { 0 };
        let answers = self.received > 0 && self.answered * 100 >= self.received * REPLIES_PERCENT;
        let age = now.since(self.created_at) / (AGE_DAYS * DAY_MS);
        let trust = START
            + points(self.email_verified, EMAIL)
            + points(self.phone_verified, PHONE)
            + points(self.profile_approved, PROFILE)
            + points(self.two_factor, TWO_FACTOR)
            + points(answers, REPLIES)
            + age.min(AGE_MAX)
            + REPORT * self.reports
            + FLAG * self.flags
            + points(self.blocked_by > BLOCKED_BY_FEW, BLOCKED);
        trust.clamp(0, 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000);

    fn fresh() -> Facts {
        Facts {
            created_at: NOW,
            ..Facts::default()
        }
    }

    #[test]
    fn each_fact_moves_trust_as_the_table_says() {
        let with = |change: &dyn Fn(&mut Facts)| {
            let mut facts = fresh();
            change(&mut facts);
            facts.trust(NOW) - START
        };
        assert_eq!(fresh().trust(NOW), 30);
        assert_eq!(with(&|facts| facts.email_verified = true), 15);
        assert_eq!(with(&|facts| facts.phone_verified = true), 5);
        assert_eq!(with(&|facts| facts.profile_approved = true), 15);
        assert_eq!(with(&|facts| facts.two_factor = true), 5);
        assert_eq!(with(&|facts| facts.reports = 1), -20);
        assert_eq!(with(&|facts| facts.flags = 3), -15);
        assert_eq!(with(&|facts| facts.blocked_by = 5), 0);
        assert_eq!(with(&|facts| facts.blocked_by = 6), -10);
        let replies = |received, answered| {
            with(&|facts| (facts.received, facts.answered) = (received, answered))
        };
        assert_eq!([replies(10, 2), replies(10, 3)], [0, 10]);
        assert_eq!([replies(0, 0), replies(3, 1)], [0, 10]);
    }

    #[test]
    fn a_point_for_seven_days_up_to_fifteen() {
        let at = |days: i64| fresh().trust(NOW.plus(days * DAY_MS)) - START;
        assert_eq!(
            [at(6), at(7), at(104), at(105), at(1_000)],
            [0, 1, 14, 15, 15]
        );
    }

    #[test]
    fn trust_stays_between_0_and_100() {
        let bad = Facts {
            reports: 4,
            ..fresh()
        };
        assert_eq!(
            (bad.trust(NOW), Level::of(bad.trust(NOW))),
            (0, Level::Restricted)
        );
        let good = Facts {
            created_at: Time(0),
            email_verified: true,
            phone_verified: true,
            profile_approved: true,
            two_factor: true,
            received: 1,
            answered: 1,
            ..fresh()
        };
        assert_eq!(
            (good.trust(NOW), Level::of(good.trust(NOW))),
            (95, Level::Trusted)
        );
        let levels = [19, 20, 39, 40, 69, 70].map(Level::of);
        let (new, normal) = (Level::New, Level::Normal);
        assert_eq!(
            levels,
            [Level::Restricted, new, new, normal, normal, Level::Trusted]
        );
    }
}
