//! Rotation of the signing keys, in steps that may end anywhere and be done again by anybody.
//!
//! 1. *Draw*: the next private key is put beside the others in the secret, where it may not sign.
//!    The store keeps the first outcome of a step, so everybody goes on with the same key.
//! 2. *Announce*: its public half is published, to sign in 24 hours.
//! 3. *Begin*: the secret says from when it signs. Never before it is published.
//! 4. *Retire*: the key before it gets an end, after its last token has expired.
//!
//! A run that finds a step done goes on with the next; where a run ended, the key of before signs
//! on, and everything it signed counts.

use serde_json::{Value, json};

use super::desk::Rotator;
use super::keys::{draw, public_half};
use super::token::{
    ACCESS_SECONDS, DrawnKey, KeyState, PrivateKey, PrivateKeys, PublicKey, PublicKeys,
    TOLERANCE_SECONDS,
};
use crate::aws::dynamo::Missed;
use crate::error::{Error, INTERNAL_ERROR, Result, UNAVAILABLE};
use crate::table::{Commit, Condition};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Time};

/// How long a key is published before it signs, milliseconds.
pub const ANNOUNCED_MS: i64 = DAY_MS;
/// Youngest age of a signing key that is replaced: a weekly run finds one of six days.
const AGE_MS: i64 = 5 * DAY_MS;
/// How long an instance may sign with keys that it read before, milliseconds.
const CACHED_MS: i64 = 5 * MINUTE_MS;
/// How long a key verifies after it last signed, milliseconds.
const EXPIRY_MS: i64 = (ACCESS_SECONDS + TOLERANCE_SECONDS) * SECOND_MS;
/// Tries when another run writes the published set.
const RACES_MAX: u32 = 6;

/// What a run found and left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Key that a rotation brought in, if one was due or under way.
    pub begun: Option<String>,
    /// Keys that are published now.
    pub published: usize,
}

impl Rotation {
    /// The counts of the run.
    pub fn report(&self) -> Value {
        json!({ "begun": self.begun, "published": self.published })
    }
}

/// Brings the keys one step of their life further, if that is due.
///
/// # Errors
/// 500 when there are no keys, 503 when store or table do not answer. The keys of before sign on.
pub async fn rotate(desk: &Rotator) -> Result<Rotation> {
    let mut private = PrivateKeys::read(&desk.keys.read().await?)?;
    if private.next.is_none() && private.is_due(desk.clock.now()) {
        let (drawn, _) = draw(&desk.ids.ulid(), desk.ids.bytes())?;
        let step = format!("draw after {}", private.newest()?.kid);
        desk.keys
            .replace(&private.with_next(drawn).text()?, &step)
            .await?;
        // Another run may have drawn first: what is stored counts.
        private = PrivateKeys::read(&desk.keys.read().await?)?;
    }
    let begun = private.next.clone();
    if let Some(next) = &begun {
        let from = announce(desk, next).await?;
        let step = format!("begin {}", next.kid);
        private = private.begun(from)?;
        desk.keys.replace(&private.text()?, &step).await?;
    }
    let published = retire(desk, &private).await?;
    Ok(Rotation {
        begun: begun.map(|key| key.kid),
        published,
    })
}

/// Publishes the key, unless it is; gives the instant from which it signs.
async fn announce(desk: &Rotator, next: &DrawnKey) -> Result<Time> {
    let x = public_half(&next.pkcs8)?;
    let set = update(desk, |set, now| set.with(&next.kid, &x, now)).await?;
    let key = set.keys.iter().find(|key| key.kid == next.kid);
    key.map(|key| key.not_before)
        .ok_or_else(|| INTERNAL_ERROR.because("the next key is not published"))
}

/// Gives keys that sign no more their end, and removes those that reached it.
async fn retire(desk: &Rotator, private: &PrivateKeys) -> Result<usize> {
    let set = update(desk, |set, now| set.retired(private, now)).await?;
    Ok(set.keys.len())
}

/// Changes the published set, unless it is as wanted.
async fn update(
    desk: &Rotator,
    change: impl Fn(&PublicKeys, Time) -> PublicKeys,
) -> Result<PublicKeys> {
    for _ in 0..RACES_MAX {
        let place = PublicKeys::key_of();
        let set: Option<PublicKeys> = desk.tables.get_consistent(&place).await?;
        let set = set.ok_or_else(|| INTERNAL_ERROR.because("no published keys"))?;
        let mut next = change(&set, desk.clock.now());
        if next == set {
            return Ok(set);
        }
        next.version += 1;
        let same = Condition::Any(vec![
            Condition::Missing("version"),
            Condition::number("version", set.version),
        ]);
        let commit = Commit::new().replace(&next, same, &UNAVAILABLE);
        match desk.tables.commit(commit).await {
            Ok(()) => return Ok(next),
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("others rotate at once"))
}

impl PrivateKeys {
    fn newest(&self) -> Result<&PrivateKey> {
        let newest = self.keys.iter().max_by_key(|key| key.not_before);
        newest.ok_or_else(|| Error::from(&INTERNAL_ERROR))
    }

    /// Whether the newest key has signed for long enough.
    fn is_due(&self, now: Time) -> bool {
        let newest = self.newest().map(|key| key.not_before);
        newest.is_ok_and(|from| now >= from.plus(AGE_MS))
    }

    fn with_next(&self, drawn: DrawnKey) -> Self {
        Self {
            keys: self.keys.clone(),
            next: Some(drawn),
        }
    }

    /// The drawn key signs from an instant on; of those before it only the newest is kept.
    fn begun(&self, from: Time) -> Result<Self> {
        let mut keys = vec![self.newest()?.clone()];
        keys.extend(self.next.clone().map(|drawn| PrivateKey {
            kid: drawn.kid,
            pkcs8: drawn.pkcs8,
            not_before: from,
        }));
        Ok(Self { keys, next: None })
    }
}

impl PublicKeys {
    /// The set with a key that signs in 24 hours, unless it holds it.
    fn with(&self, kid: &str, x: &str, now: Time) -> Self {
        let mut set = self.clone();
        if !set.keys.iter().any(|key| key.kid == kid) {
            set.keys.push(PublicKey {
                kid: kid.to_owned(),
                x: x.to_owned(),
                state: KeyState::Next,
                not_before: now.plus(ANNOUNCED_MS),
                retire_at: None,
            });
        }
        set
    }

    /// The set after keys that the secret lets sign no more, or not for long, were given their
    /// end. An instance that read the secret before may sign with the older key for five minutes.
    fn retired(&self, private: &PrivateKeys, now: Time) -> Self {
        let mut set = self.clone();
        set.keys
            .retain(|key| key.retire_at.is_none_or(|at| at > now));
        let newest = private.keys.iter().map(|key| key.not_before).max();
        let current = private.keys.iter().map(|key| key.not_before);
        let current = current.filter(|from| *from <= now).max();
        for key in &mut set.keys {
            let successor = newest.filter(|newest| key.not_before < *newest);
            if let (Some(from), None) = (successor, key.retire_at) {
                key.retire_at = Some(from.max(now).plus(CACHED_MS + EXPIRY_MS));
            }
            key.state = match Some(key.not_before).cmp(&current) {
                std::cmp::Ordering::Less => KeyState::Previous,
                std::cmp::Ordering::Equal => KeyState::Current,
                std::cmp::Ordering::Greater => KeyState::Next,
            };
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::keys::first;

    const NOW: Time = Time(1_767_614_400_000);

    #[test]
    fn a_key_is_due_after_five_days_and_a_weekly_run_finds_one_of_six() {
        let (private, _) = first("one", [1; 32], NOW).expect("keys");
        assert!(!private.is_due(NOW.plus(5 * DAY_MS - 1)));
        assert!(private.is_due(NOW.plus(5 * DAY_MS)));
        let (drawn, _) = draw("two", [2; 32]).expect("a key");
        let begun = private
            .with_next(drawn)
            .begun(NOW.plus(ANNOUNCED_MS))
            .expect("keys");
        assert_eq!((begun.keys.len(), &begun.next), (2, &None));
        assert!(!begun.is_due(NOW.plus(6 * DAY_MS - 1)));
        assert!(begun.is_due(NOW.plus(7 * DAY_MS)));
    }

    #[test]
    fn the_key_before_verifies_until_its_last_token_has_expired() {
        let (private, public) = first("one", [1; 32], NOW).expect("keys");
        let (drawn, x) = draw("two", [2; 32]).expect("a key");
        assert_eq!(public_half(&drawn.pkcs8).expect("a half"), x);
        let set = public.with("two", &x, NOW);
        assert_eq!(set.with("two", "other", NOW.plus(1)), set);
        let from = NOW.plus(ANNOUNCED_MS);
        let begun = private.with_next(drawn).begun(from).expect("keys");
        let set = set.retired(&begun, NOW);
        let state = |at: usize| (set.keys[at].state, set.keys[at].retire_at);
        let end = from.plus(CACHED_MS + EXPIRY_MS);
        assert_eq!(state(0), (KeyState::Current, Some(end)));
        assert_eq!(state(1), (KeyState::Next, None));
        let later = set.retired(&begun, from);
        assert_eq!(later.keys[0].state, KeyState::Previous);
        assert_eq!(later.keys[1].state, KeyState::Current);
        assert_eq!(later.retired(&begun, end).keys.len(), 1);
    }

    #[test]
    fn a_key_that_signed_for_longer_than_planned_verifies_for_longer() {
        let (private, public) = first("one", [1; 32], NOW).expect("keys");
        let (drawn, x) = draw("two", [2; 32]).expect("a key");
        let set = public.with("two", &x, NOW);
        // The run ended after the announcement; the next one is a week later.
        let late = NOW.plus(7 * DAY_MS);
        let begun = private
            .with_next(drawn)
            .begun(set.keys[1].not_before)
            .expect("keys");
        let set = set.retired(&begun, late);
        assert_eq!(
            set.keys[0].retire_at,
            Some(late.plus(CACHED_MS + EXPIRY_MS))
        );
    }
}
