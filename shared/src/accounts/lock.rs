//! The lock against guessing: five wrong passwords for one address of an account from one place.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Lock`] | live | `lock#<keyed hash of address and place>` | `lock` |
//!
//! It locks a pair, so the owner on another network is never locked out, and it exists for
//! unknown addresses too, so that it tells nothing.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::EmailHash;
use super::desk::Guard;
use crate::aws::dynamo::{Missed, Tables};
use crate::crypto;
use crate::error::{ACCOUNT_LOCKED, Result, UNAVAILABLE};
use crate::http::limit::Limit;
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{Clock, MINUTE_MS, SECOND_MS, Time, millis};

/// Wrong passwords before the pair is locked.
pub const TRIES_MAX: i64 = 5;
/// How long the lock lasts, and how long tries are remembered, milliseconds.
pub const LOCK_MS: i64 = 15 * MINUTE_MS;

/// Rounds when others take tries of the same pair at once.
const RACES_MAX: u32 = 6;

/// Tries of one pair of account and place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// `lock#…`
    #[serde(rename = "pk")]
    pub partition: String,
    /// Tries that were not right, or not answered yet.
    pub tries: i64,
    /// Last of them.
    #[serde(with = "millis")]
    pub tried_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Lock {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "Lock";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.partition)
    }
}

impl Lock {
    /// Name of a pair.
    pub fn partition_of(hash: &EmailHash, prefix: &str) -> String {
        let pair = crypto::sha256(&[b"lock", &hash.0, prefix.as_bytes()]);
        format!("lock#{}", crypto::encode(&pair))
    }

    /// Where the tries of a pair lie.
    pub fn key_of(partition: &str) -> Key {
        Key::new(partition, "lock")
    }

    /// Takes a try: it counts as wrong until the pair is freed, so that parallel guesses have no
    /// more tries than others.
    ///
    /// # Errors
    /// 423 `ACCOUNT_LOCKED` {retry_after} in seconds.
    pub fn take_try(known: Option<&Self>, partition: &str, now: Time) -> Result<(Self, Commit)> {
        let live = known.filter(|known| now < known.tried_at.plus(LOCK_MS));
        let tries = live.map_or(0, |live| live.tries);
        if let Some(live) = live.filter(|_| tries >= TRIES_MAX) {
            let left = live.tried_at.plus(LOCK_MS).since(now);
            let seconds = (left + SECOND_MS - 1) / SECOND_MS;
            return Err(ACCOUNT_LOCKED.with(json!({ "retry_after": seconds })));
        }
        let next = Self {
            partition: partition.to_owned(),
            tries: tries + 1,
            tried_at: now,
            expires: now.plus(LOCK_MS).seconds(),
        };
        let unchanged = match known {
            Some(known) => Condition::All(vec![
                Condition::number("tries", known.tries),
                Condition::number("tried_at", known.tried_at.ms()),
            ]),
            None => Condition::Absent,
        };
        let commit = Commit::new().replace(&next, unchanged, &UNAVAILABLE);
        Ok((next, commit))
    }

    /// What frees the pair after the right password.
    pub fn free(&self) -> Commit {
        Self::freed(&self.partition)
    }

    /// What frees a pair by its name.
    pub fn freed(partition: &str) -> Commit {
        Commit::new().delete::<Self>(Self::key_of(partition), None)
    }
}

/// Takes one of the tries of an address and the caller's network, unless the pair is locked.
///
/// # Errors
/// 423 `ACCOUNT_LOCKED` {retry_after}, 429 `RATE_LIMITED`, 503 when the store does not answer.
pub(super) async fn take(
    tables: &Tables,
    clock: &Clock,
    guard: &Guard,
    hash: &EmailHash,
) -> Result<Lock> {
    let partition = Lock::partition_of(hash, &guard.prefix());
    let mut known: Option<Lock> = tables.get_consistent(&Lock::key_of(&partition)).await?;
    // A locked pair is told so; only then the rate counts, so that both can be told apart.
    let _ = Lock::take_try(known.as_ref(), &partition, clock.now())?;
    guard.spend_here(Limit::Login, &hash.partition()).await?;
    for _ in 0..RACES_MAX {
        let (next, taken) = Lock::take_try(known.as_ref(), &partition, clock.now())?;
        match tables.commit(taken).await {
            Ok(()) => return Ok(next),
            Err(Missed::Refused(refused)) => known = refused.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many tries at once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_then_a_quarter_of_an_hour() {
        let now = Time(1_000_000);
        let mut lock = None;
        for tries in 1..=5 {
            let (next, _) = Lock::take_try(lock.as_ref(), "lock#x", now).expect("try");
            assert_eq!(next.tries, tries);
            lock = Some(next);
        }
        let refused = |ms| Lock::take_try(lock.as_ref(), "lock#x", now.plus(ms));
        let error = refused(1).expect_err("locked");
        assert!(error.is(&ACCOUNT_LOCKED));
        assert_eq!(error.details(), Some(&json!({ "retry_after": 900 })));
        assert!(refused(LOCK_MS - 1).is_err());
        assert_eq!(refused(LOCK_MS).expect("free again").0.tries, 1);
    }

    #[test]
    fn another_place_is_another_pair() {
        let hash = EmailHash([1; 32]);
        let at = |prefix| Lock::partition_of(&hash, prefix);
        assert_ne!(at("192.0.2.0/24"), at("198.51.100.0/24"));
        assert_ne!(
            at("192.0.2.0/24"),
            Lock::partition_of(&EmailHash([2; 32]), "192.0.2.0/24")
        );
    }
}
