//! Refusals, the flags that they raise, and what flags slow down.

use serde::{Deserialize, Serialize};

use super::flags::{Crowded, FLAGS_CROWD, FlagCard};
use super::{Activity, Class};
use crate::accounts::Session;
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{Result, UNAVAILABLE};
use crate::http::call::Call;
use crate::table::{Change, Commit, Condition, Item, Key, Name};
use crate::time::{DAY_MS, MINUTE_MS, Time};

/// Refusals of one class within [`REFUSALS_WINDOW_MS`] that raise a flag.
const REFUSALS_MAX: i64 = 5;
/// Window of those refusals.
const REFUSALS_WINDOW_MS: i64 = 10 * MINUTE_MS;
/// Refusals of all classes within a day that raise a flag.
const REFUSALS_DAY_MAX: i64 = 50;
/// Where refusals of all classes are counted; no class is called so.
const DAY: &str = "day";
/// Life of a `rate_abuse` flag.
const FLAG_MS: i64 = 30 * DAY_MS;
/// Live flags that halve the refill.
const FLAGS_SLOW: usize = 3;

/// A stored sign of misuse: table `live`, pk user id or address, sk `flag#{flag_id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AbuseFlag {
    /// Whom it is about.
    pub subject: String,
    /// `flg_` id.
    pub flag_id: String,
    /// `rate_abuse` and others.
    pub kind: String,
    /// How much it counts, from 1.
    pub weight: i64,
    /// What was seen; no personal data.
    pub evidence: String,
    /// Instant of the raising.
    pub created_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl AbuseFlag {
    /// What the sort keys begin with.
    pub const PREFIX: &'static str = "flag#";

    /// Where a flag of somebody lies.
    pub fn key_of(subject: &str, flag_id: &str) -> Key {
        Key::new(subject, format!("{}{flag_id}", Self::PREFIX))
    }
}

impl Item for AbuseFlag {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "abuse flag";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.subject, &self.flag_id)
    }
}

impl Class {
    /// The class of somebody who is slowed: half the refill.
    #[must_use]
    pub fn slowed(self, is_slow: bool) -> Self {
        let every_ms = if is_slow {
            2 * self.every_ms
        } else {
            self.every_ms
        };
        Self { every_ms, ..self }
    }
}

impl Activity {
    /// The same without a flag that is cleared.
    #[must_use]
    pub fn without(mut self, flag_id: &str) -> Self {
        self.flags.remove(flag_id);
        self
    }

    /// When fewer than three flags will be left, if there are more.
    pub fn slowed_until(&self, now: Time) -> Option<Time> {
        let live = self.flags.values().filter(|end| **end > now.ms());
        let mut ends: Vec<i64> = live.copied().collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends.get(FLAGS_SLOW - 1).copied().map(Time)
    }

    /// Refusals of a class, or of all, with one more; and the start of their window.
    fn counted(&self, class: &str, window_ms: i64, now: Time) -> (i64, i64) {
        let start = self.refused.get(class).copied().unwrap_or(0);
        match now.ms() - start < window_ms {
            true => (self.refusals.get(class).copied().unwrap_or(0) + 1, start),
            false => (1, now.ms()),
        }
    }
}

/// Counts a refusal of a class that rides in an item of its own, so that it raises a flag like any
/// other. Only refusals pay for it.
pub async fn note_refusal(env: &Env, call: &Call) {
    let (Some(owner), true) = (&call.user_id, call.limit.rides()) else {
        return;
    };
    let (tables, now) = (Tables::of(env), env.clock().now());
    let known = match tables.get::<Activity>(&Activity::key_of(owner)).await {
        Ok(Some(known)) => known,
        // Nothing to count in: the person has made no other call yet.
        Ok(None) | Err(_) => return,
    };
    let slowed = known.slowed_until(now);
    if let Err(error) = refused(env, &tables, call.limit.class(), known, now).await {
        crate::log::failed(env, "counting a refusal", &error);
    }
    note_slowed(env, call, slowed).await;
}

/// Tells the caller's session until when it is slowed. The session is read by every call anyway,
/// so limits that ride in other items obey without reading the flags: from the next request on
/// after one that met them.
pub async fn note_slowed(env: &Env, call: &Call, slowed: Option<Time>) {
    let known = call.session.as_ref().zip(slowed);
    let Some((key, until)) = known.filter(|(_, until)| call.slowed_until < Some(*until)) else {
        return;
    };
    let changes = vec![Change::number("slowed_until", until.ms())];
    let present = Some((Condition::Present, &UNAVAILABLE));
    let commit = Commit::new().update::<Session>(key.clone(), changes, present);
    if let Err(Missed::Failed(error)) = Tables::of(env).commit(commit).await {
        crate::log::failed(env, "slowing a session", &error);
    }
}

pub(super) async fn refused(
    env: &Env,
    tables: &Tables,
    class: Class,
    known: Activity,
    now: Time,
) -> Result<()> {
    let (count, start) = known.counted(class.name, REFUSALS_WINDOW_MS, now);
    let (of_day, day) = known.counted(DAY, DAY_MS, now);
    let mut commit = Commit::new();
    let mut changes = vec![
        Change::number(format!("refusals.{}", class.name), count),
        Change::number(format!("refused.{}", class.name), start),
        Change::number(format!("refusals.{DAY}"), of_day),
        Change::number(format!("refused.{DAY}"), day),
    ];
    if count == REFUSALS_MAX || of_day == REFUSALS_DAY_MAX {
        let flag = AbuseFlag {
            subject: known.owner.clone(),
            flag_id: env.ids().new_id("flg"),
            kind: "rate_abuse".to_owned(),
            weight: 1,
            evidence: format!(
                "{count} refusals of class {}, {of_day} in a day",
                class.name
            ),
            created_at: now,
            expires: now.plus(FLAG_MS).seconds(),
        };
        changes.push(Change::number(
            format!("flags.{}", flag.flag_id),
            now.plus(FLAG_MS).ms(),
        ));
        commit = commit.put(&flag).put(&FlagCard::of(&flag));
        let live = known.flags.values().filter(|end| **end > now.ms());
        if live.count() + 1 >= FLAGS_CROWD {
            commit = commit.put(&Crowded::of(&known.owner, now));
        }
    }
    let present = Some((Condition::Present, &UNAVAILABLE));
    let commit = commit.update::<Activity>(known.key(), changes, present);
    Ok(tables.commit(commit).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_live_flags_slow_until_the_first_of_them_ends() {
        let mut activity = Activity::default();
        let flag = |activity: &mut Activity, n: i64| {
            activity.flags.insert(format!("flg_{n}"), n);
        };
        (1..=2).for_each(|n| flag(&mut activity, n * 10));
        assert_eq!(activity.slowed_until(Time(0)), None);
        (3..=4).for_each(|n| flag(&mut activity, n * 10));
        assert_eq!(activity.slowed_until(Time(0)), Some(Time(20)));
        assert_eq!(activity.slowed_until(Time(19)), Some(Time(20)));
        assert_eq!(activity.slowed_until(Time(20)), None);
    }

    #[test]
    fn refusals_are_counted_in_windows() {
        let mut activity = Activity::default();
        let now = Time(DAY_MS);
        assert_eq!(
            activity.counted("send", REFUSALS_WINDOW_MS, now),
            (1, DAY_MS)
        );
        activity.refused.insert("send".into(), now.ms());
        activity.refusals.insert("send".into(), 4);
        let at = |ms| activity.counted("send", REFUSALS_WINDOW_MS, now.plus(ms)).0;
        assert_eq!([at(REFUSALS_WINDOW_MS - 1), at(REFUSALS_WINDOW_MS)], [5, 1]);
    }
}
