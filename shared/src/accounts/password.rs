//! Passwords: which are refused, and how the others are kept.

use std::collections::BTreeMap;
use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::Email;
use super::lists;
use crate::crypto;
use crate::error::{INTERNAL_ERROR, Result, WEAK_PASSWORD};

/// Memory of one hash, KiB (OWASP's first choice for argon2id).
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// What an unknown address is checked against: a well-formed hash that belongs to no password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// How every hash of ours begins.
const OURS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// Shortest local part that a password is searched for, characters.
const LOCAL_CHARS_MIN: usize = 3;

/// Refuses passwords that are guessed first. Lengths are the schema's business.
///
/// # Errors
/// 422 `WEAK_PASSWORD` {reasons}.
pub fn check(password: &str, email: &Email) -> Result<()> {
    let mut reasons = Vec::new();
    if lists::is_common_password(password) {
        reasons.push("common");
    }
    let local = email.local();
    if local.chars().count() >= LOCAL_CHARS_MIN && password.to_lowercase().contains(local) {
        reasons.push("contains_email");
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(WEAK_PASSWORD.with(json!({ "reasons": reasons })))
}

/// The keys that are mixed into every password, by version; not stored beside the hashes.
#[derive(Clone, Deserialize)]
pub struct Peppers {
    current: u32,
    keys: BTreeMap<u32, String>,
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peppers({} versions)", self.keys.len())
    }
}

impl Peppers {
    /// Reads the secret: `{"current":2,"keys":{"1":"…","2":"…"}}`, keys in base64url, or one
    /// bare key, which is version 1.
    ///
    /// # Errors
    /// 500 when it is neither.
    pub fn read(secret: &str) -> Result<Self> {
        if !secret.trim_start().starts_with('{') {
            let keys = BTreeMap::from([(1, secret.trim().to_owned())]);
            return Ok(Self { current: 1, keys });
        }
        serde_json::from_str(secret).map_err(|_| INTERNAL_ERROR.because("the pepper is malformed"))
    }

    fn key(&self, version: u32) -> Result<Vec<u8>> {
        let key = self
            .keys
            .get(&version)
            .and_then(|text| crypto::decode(text));
        key.filter(|key| key.len() >= 32)
            .ok_or_else(|| INTERNAL_ERROR.because("no such pepper version"))
    }
}

/// A stored password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPassword {
    /// Version of the pepper in it.
    pub pepper: u32,
    /// Hash as PHC string.
    pub phc: String,
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|cause| INTERNAL_ERROR.because(cause))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn peppered(peppers: &Peppers, version: u32, password: &str) -> Result<[u8; 32]> {
    Ok(crypto::mac(
        &peppers.key(version)?,
        &[b"password", password.as_bytes()],
    ))
}

/// Hashes a password with the current pepper. Takes about 20 ms of CPU.
///
/// # Errors
/// 500 when there is no pepper.
pub fn hash(peppers: &Peppers, password: &str, salt: [u8; 16]) -> Result<StoredPassword> {
    let input = peppered(peppers, peppers.current, password)?;
    let made: PasswordHash = argon2()?
        .hash_password_with_salt(&input, &salt)
        .map_err(|cause| INTERNAL_ERROR.because(cause))?;
    Ok(StoredPassword {
        pepper: peppers.current,
        phc: made.to_string(),
    })
}

/// Whether this is the password. Without a stored one the same work is done for nothing, so that
/// time does not tell whether there is an account. An imported hash takes the time of its own kind.
///
/// # Errors
/// 500 when the pepper of that version is gone.
pub fn verify(peppers: &Peppers, stored: Option<&StoredPassword>, password: &str) -> Result<bool> {
    if let Some(imported) = stored.filter(|stored| stored.is_imported()) {
        return Ok(bcrypt::verify(password, &imported.phc).unwrap_or(false));
    }
    let version = stored.map_or(peppers.current, |stored| stored.pepper);
    let input = peppered(peppers, version, password)?;
    let phc = stored.map_or(NOBODYS, |stored| stored.phc.as_str());
    let known = PasswordHash::new(phc).or_else(|_| PasswordHash::new(NOBODYS));
    let known = known.map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let fits = argon2()?.verify_password(&input, &known).is_ok();
    Ok(fits && stored.is_some())
}

/// As [`verify`], while accounts with imported hashes of this bcrypt cost are about: every check
/// does the work of both kinds, so that time tells neither of which kind a hash is nor that there
/// is none.
///
/// # Errors
/// As [`verify`].
pub fn verify_either(
    peppers: &Peppers,
    stored: Option<&StoredPassword>,
    password: &str,
    bcrypt_cost: u32,
) -> Result<bool> {
    let (imported, ours) = match stored {
        Some(stored) if stored.is_imported() => (Some(stored), None),
        other => (None, other),
    };
    let fits = verify(peppers, ours, password)?;
    let nobodys = StoredPassword::nobodys_import(bcrypt_cost);
    let imported_fits = verify(peppers, Some(imported.unwrap_or(&nobodys)), password)?;
    Ok(fits || imported.is_some() && imported_fits)
}

/// Whether the hash is as [`hash`] would make it now. One that is not (imported, older cost, older
/// pepper) is replaced at the next sign-in.
pub fn is_current(peppers: &Peppers, stored: &StoredPassword) -> bool {
    stored.pepper == peppers.current && stored.phc.starts_with(OURS)
}

impl StoredPassword {
    /// What an account without a usable password carries; as large as any other.
    pub(super) fn nobodys() -> Self {
        Self {
            pepper: 1,
            phc: NOBODYS.to_owned(),
        }
    }
}

/// Runs CPU-heavy work of this module where it does not hold up other calls.
///
/// # Errors
/// The work's own, or 500 when it panicked.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| INTERNAL_ERROR.because("password work failed"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peppers(current: u32) -> Peppers {
        let (one, two) = (crypto::encode(&[1; 32]), crypto::encode(&[2; 32]));
        let keys = json!({ "1": one, "2": two });
        Peppers::read(&json!({ "current": current, "keys": keys }).to_string()).expect("peppers")
    }

    #[test]
    fn a_password_is_known_again_exactly_as_it_was_given() {
        let stored = hash(&peppers(1), "TestPass123", [3; 16]).expect("hash");
        assert!(
            stored.phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            stored.phc
        );
        assert!(verify(&peppers(1), Some(&stored), "TestPass123").expect("verify"));
        for other in ["testpass123", "TestPass123 ", "TestPass12", ""] {
            assert!(!verify(&peppers(1), Some(&stored), other).expect("verify"));
        }
        assert!(!verify(&peppers(1), None, "TestPass123").expect("verify"));
    }

    #[test]
    fn while_imports_are_about_either_kind_of_hash_lets_its_own_password_in() {
        let ours = hash(&peppers(1), "TestPass123", [3; 16]).expect("hash");
        let theirs = bcrypt::hash("TestPass123", 4).expect("hash");
        let theirs = StoredPassword::imported(&theirs).expect("imported");
        let nobodys = StoredPassword::nobodys_import(4);
        for (stored, fits) in [
            (Some(&ours), true),
            (Some(&theirs), true),
            (Some(&nobodys), false),
            (None, false),
        ] {
            let either = |typed| verify_either(&peppers(1), stored, typed, 4).expect("verify");
            assert_eq!(
                (either("TestPass123"), either("WrongPass123")),
                (fits, false)
            );
        }
    }

    #[test]
    fn a_password_outlives_a_change_of_pepper_but_not_its_loss() {
        let stored = hash(&peppers(1), "TestPass123", [3; 16]).expect("hash");
        assert!(verify(&peppers(2), Some(&stored), "TestPass123").expect("verify"));
        let bare = Peppers::read(&crypto::encode(&[2; 32])).expect("peppers");
        assert!(!verify(&bare, Some(&stored), "TestPass123").expect("verify"));
        let newer = StoredPassword {
            pepper: 2,
            ..stored
        };
        assert!(verify(&bare, Some(&newer), "TestPass123").is_err());
    }

    #[test]
    fn what_everybody_tries_is_refused_with_all_reasons() {
        let ann = Email::fold("password@pairly.test");
        assert!(check("TestPass123", &ann).is_ok());
        let error = check("Password123", &ann).expect_err("weak");
        assert!(error.is(&WEAK_PASSWORD));
        assert_eq!(
            error.details(),
            Some(&json!({ "reasons": ["common", "contains_email"] }))
        );
        let error = check("my-ann.lee-2024", &Email::fold("Ann.Lee@x.org")).expect_err("weak");
        assert_eq!(
            error.details(),
            Some(&json!({ "reasons": ["contains_email"] }))
        );
        // One letter is in every password.
        assert!(check("TestPass123", &Email::fold("a@x.org")).is_ok());
    }
}
