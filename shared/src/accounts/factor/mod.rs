//! The second factor: codes of an authenticator app, and recovery codes for when it is lost.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Factor`] | data | `usr_…` | `factor` |
//!
//! All that decides over a code lies in this one item: secret, last accepted step, wrong tries,
//! recovery codes. Every try, right or wrong, is settled by one write that is conditional on the
//! version it was decided from, so parallel tries have no more guesses than others and no code
//! counts twice.

pub mod challenge;
mod manage;
mod recovery;
pub mod totp;

use serde::{Deserialize, Serialize};
use serde_json::json;

pub use manage::{
    Confirmation, Confirmed, Off, Regenerated, Setup, Status, disable, prove, regenerate, set_up,
    status, verify,
};
pub use recovery::RecoveryCode;

use super::sealed::Sealed;
use crate::aws::cipher::DataKey;
use crate::error::{
    ACCOUNT_LOCKED, Error, INTERNAL_ERROR, MFA_VERIFICATION_FAILED, Result, TWO_FACTOR_STATE,
};
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{MINUTE_MS, SECOND_MS, Time, millis};

/// Wrong codes before the factor is locked.
pub const TRIES_MAX: i64 = 5;
/// How long the lock lasts, milliseconds.
pub const LOCK_MS: i64 = 15 * MINUTE_MS;
/// Tries when others answer with the same factor at once.
const RACES_MAX: u32 = 6;
/// Place of the sealed secret, for the data key.
const SECRET: &str = "data/factor/secret";

/// A person's second factor, enrolled or about to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// `usr_…`
    pub user_id: String,
    /// `fct_…`
    pub factor_id: String,
    /// 160 bits, sealed.
    pub secret: Sealed,
    /// When the first code proved it; none while it does not count yet.
    #[serde(default, with = "millis::option")]
    pub confirmed_at: Option<Time>,
    /// Last accepted time step; a step counts once.
    pub last_step: i64,
    /// Wrong codes since the last right one.
    pub failures: i64,
    /// End of the lock after [`TRIES_MAX`] of them.
    #[serde(default, with = "millis::option")]
    pub locked_until: Option<Time>,
    /// What stands in for the app, each once.
    #[serde(default)]
    pub recovery: Vec<RecoveryCode>,
    /// When it was set up.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Optimistic lock, from 1.
    pub version: i64,
}

impl Item for Factor {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Second factor";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

/// What a person answers with.
#[derive(Clone)]
pub enum Given {
    /// Six digits of the app.
    Code(String),
    /// One of the recovery codes.
    Recovery(String),
}

impl Given {
    /// The one of the two that is there.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED` when it is none or both.
    pub fn of(code: Option<String>, recovery_code: Option<String>) -> Result<Self> {
        match (code, recovery_code) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(code)) => Ok(Self::Recovery(code)),
            _ => {
                let message = "Give either a code or a recovery code.";
                let row = json!({ "field": "/code", "rule": "required", "message": message });
                Err(crate::error::VALIDATION_FAILED.with(json!({ "fields": [row] })))
            }
        }
    }
}

/// A try, decided but not stored yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Whether the answer was right.
    pub right: bool,
    /// The factor afterwards.
    pub next: Factor,
}

impl Factor {
    /// Where the factor of a person lies.
    pub fn key_of(user_id: &str) -> Key {
        Key::new(user_id, "factor")
    }

    /// A factor that waits for its first code.
    ///
    /// # Errors
    /// 500 when sealing fails.
    pub fn new(
        user_id: &str,
        factor_id: String,
        secret: &totp::Secret,
        key: &DataKey,
        now: Time,
    ) -> Result<Self> {
        Ok(Self {
            user_id: user_id.to_owned(),
            factor_id,
            secret: Sealed(key.seal(SECRET, secret)?),
            confirmed_at: None,
            last_step: 0,
            failures: 0,
            locked_until: None,
            recovery: Vec::new(),
            created_at: now,
            version: 1,
        })
    }

    /// Whether it counts.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// Recovery codes that were not used.
    pub fn recovery_left(&self) -> usize {
        let fresh = |code: &&RecoveryCode| code.used_at.is_none();
        self.recovery.iter().filter(fresh).count()
    }

    /// The opened secret.
    ///
    /// # Errors
    /// 500 when the key is not this person's.
    fn secret(&self, key: &DataKey) -> Result<totp::Secret> {
        let bytes = key.open(SECRET, &self.secret.0)?;
        bytes
            .try_into()
            .map_err(|_| INTERNAL_ERROR.because("a factor's secret has not 160 bits"))
    }

    /// Decides an answer. Nothing may be told of it before the next state is stored.
    ///
    /// # Errors
    /// 423 `ACCOUNT_LOCKED` {retry_after} in seconds, whatever the answer.
    pub fn try_answer(&self, given: &Given, key: &DataKey, now: Time) -> Result<Tried> {
        if let Some(until) = self.locked_until.filter(|until| now < *until) {
            let seconds = (until.since(now) + SECOND_MS - 1) / SECOND_MS;
            return Err(ACCOUNT_LOCKED.with(json!({ "retry_after": seconds })));
        }
        let mut next = self.clone();
        next.version += 1;
        let right = match given {
            Given::Code(code) => {
                let step = totp::step_of(&self.secret(key)?, code, now)?;
                let fresh = step.filter(|step| *step > self.last_step);
                next.last_step = fresh.unwrap_or(self.last_step);
                fresh.is_some()
            }
            Given::Recovery(code) => recovery::spend(&mut next.recovery, code, now),
        };
        // A lock that is over has served for the tries before it.
        let before = self.locked_until.map_or(self.failures, |_| 0);
        next.failures = if right { 0 } else { before + 1 };
        let lock = next.failures >= TRIES_MAX;
        next.locked_until = lock.then(|| now.plus(LOCK_MS));
        Ok(Tried { right, next })
    }

    /// What a wrong answer is told, once it was counted.
    fn wrong(&self) -> Error {
        let left = TRIES_MAX - self.failures;
        MFA_VERIFICATION_FAILED.with(json!({ "attempts_left": left }))
    }

    /// Stores the next state if nobody was first.
    pub fn store(&self, next: &Self) -> Commit {
        Commit::new().replace(next, self.unchanged(), &TWO_FACTOR_STATE)
    }

    /// Removes it if nobody was first.
    fn remove(&self) -> Commit {
        let guard = Some((self.unchanged(), &TWO_FACTOR_STATE));
        Commit::new().delete::<Self>(self.key(), guard)
    }

    fn unchanged(&self) -> Condition {
        Condition::number("version", self.version)
    }
}

#[cfg(test)]
mod tests;
