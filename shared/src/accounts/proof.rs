//! Proof of an address: a link and a code, sent together, each usable once.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Proof`] | data | `email#<keyed hash>` | `proof` |
//!
//! There is one proof per address, so a newer one voids what was sent before. An address that
//! proves nothing (unknown, or verified already) gets a decoy when somebody asks: it answers
//! codes like the others and accepts none.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::EmailHash;
use super::nobody::NOBODY;
use crate::crypto;
use crate::error::{Error, OTP_EXPIRED, OTP_INVALID, Result};
use crate::id::Ids;
use crate::table::{Change, Commit, Condition, Item, Key, Name};
use crate::time::{DAY_MS, MINUTE_MS, Time, millis};

/// How long the link counts, milliseconds.
pub const LINK_MS: i64 = DAY_MS;
/// How long the code counts, milliseconds.
pub const CODE_MS: i64 = 10 * MINUTE_MS;
/// Tries of one code.
pub const CODE_TRIES_MAX: i64 = 5;
/// Codes have eight digits.
const CODES: u64 = 100_000_000;
/// Bytes of the keyed hash, and of the random part, of a link token.
const PART_BYTES: usize = 32;

/// What proves one address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// `email#<keyed hash>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// Account that it activates; nobody's of a decoy, which is as large.
    #[serde(default)]
    pub user_id: Option<String>,
    /// SHA-256 of the link's random part, base64url.
    pub token_hash: String,
    /// HMAC of the code, base64url.
    pub code_mac: String,
    /// Tries of the code that are left.
    pub attempts_left: i64,
    /// End of the code.
    #[serde(with = "millis")]
    pub code_expires_at: Time,
    /// End of the link.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Proof {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Proof of an address";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "proof")
    }
}

/// What only the mail tells.
#[derive(Clone)]
pub struct Told {
    /// Token of the link.
    pub token: String,
    /// Eight digits.
    pub code: String,
}

impl Proof {
    /// Where the proof of an address lies.
    pub fn key_of(hash: &EmailHash) -> Key {
        Key::new(hash.partition(), "proof")
    }

    /// A new proof and what the mail has to tell. `user_id` is none for a decoy.
    pub fn new(
        hash: &EmailHash,
        user_id: Option<&str>,
        key: &[u8; 32],
        ids: &Ids,
        now: Time,
    ) -> (Self, Told) {
        let link = Link::new(hash, ids);
        let code = format!("{:08}", u64::from_be_bytes(ids.bytes()) % CODES);
        let proof = Self {
            partition: hash.partition(),
            user_id: Some(user_id.unwrap_or(NOBODY).to_owned()),
            token_hash: link.token_hash(),
            code_mac: code_mac(hash, key, &code),
            attempts_left: CODE_TRIES_MAX,
            code_expires_at: now.plus(CODE_MS),
            expires_at: now.plus(LINK_MS),
            expires: now.plus(LINK_MS).seconds(),
        };
        let token = link.write();
        (proof, Told { token, code })
    }

    fn person(&self) -> Option<&str> {
        self.user_id.as_deref().filter(|user_id| *user_id != NOBODY)
    }

    /// The account that this link activates.
    ///
    /// # Errors
    /// 410 `OTP_EXPIRED`.
    pub fn by_link(&self, link: &Link, now: Time) -> Result<&str> {
        match self.person() {
            Some(user_id) if link.fits(&self.token_hash) && now < self.expires_at => Ok(user_id),
            _ => Err(OTP_EXPIRED.into()),
        }
    }

    /// Takes one of the code's tries. It is taken before the code is looked at, so that parallel
    /// guesses have no more tries than others.
    ///
    /// # Errors
    /// 410 `OTP_EXPIRED` when the code is too old or out of tries.
    pub fn take_try(&self, now: Time) -> Result<(Self, Commit)> {
        if now >= self.code_expires_at || self.attempts_left < 1 {
            return Err(OTP_EXPIRED.into());
        }
        let next = Self {
            attempts_left: self.attempts_left - 1,
            ..self.clone()
        };
        let change = Change::number("attempts_left", next.attempts_left);
        let same = Condition::All(vec![
            Condition::number("attempts_left", self.attempts_left),
            Condition::text("token_hash", &self.token_hash),
        ]);
        let guard = Some((same, &OTP_EXPIRED));
        Ok((
            next,
            Commit::new().update::<Self>(self.key(), vec![change], guard),
        ))
    }

    /// The account that this code activates, after its try was taken.
    ///
    /// # Errors
    /// 422 `OTP_INVALID` {attempts_left}.
    pub fn by_code(&self, hash: &EmailHash, key: &[u8; 32], code: &str) -> Result<&str> {
        let mac = code_mac(hash, key, code);
        let fits = crypto::same(mac.as_bytes(), self.code_mac.as_bytes());
        match self.person() {
            Some(user_id) if fits => Ok(user_id),
            _ => Err(wrong(self.attempts_left)),
        }
    }

    /// What spends it: a second use finds nothing.
    pub fn spend(&self) -> Commit {
        let same = Condition::text("token_hash", &self.token_hash);
        Commit::new().delete::<Self>(self.key(), Some((same, &OTP_EXPIRED)))
    }
}

fn wrong(attempts_left: i64) -> Error {
    OTP_INVALID.with(json!({ "attempts_left": attempts_left }))
}

fn code_mac(hash: &EmailHash, key: &[u8; 32], code: &str) -> String {
    crypto::encode(&crypto::mac(
        key,
        &[b"email code", &hash.0, code.as_bytes()],
    ))
}

/// A link token as read: whose address, and the secret part.
#[derive(Clone, Copy)]
pub struct Link {
    /// Keyed hash of the address.
    pub hash: EmailHash,
    random: [u8; PART_BYTES],
}

impl Link {
    /// A fresh link about an address.
    pub fn new(hash: &EmailHash, ids: &Ids) -> Self {
        Self {
            hash: *hash,
            random: ids.bytes(),
        }
    }

    /// The token, which only the mail tells.
    pub fn write(&self) -> String {
        crypto::encode(&[self.hash.0, self.random].concat())
    }

    /// What is stored of it: SHA-256 of the random part, base64url.
    pub fn token_hash(&self) -> String {
        crypto::encode(&crypto::sha256(&[&self.random]))
    }

    /// What its uses are counted by: only who has the link can use them up.
    pub fn counted(&self) -> String {
        format!("link#{}", self.token_hash())
    }

    /// Whether it is the one of which this hash was stored.
    pub fn fits(&self, token_hash: &str) -> bool {
        crypto::same(self.token_hash().as_bytes(), token_hash.as_bytes())
    }

    /// Reads a token; `None` when it cannot be one of ours.
    pub fn parse(token: &str) -> Option<Self> {
        let bytes = crypto::decode(token)?;
        let (hash, random) = bytes.split_at_checked(PART_BYTES)?;
        Some(Self {
            hash: EmailHash(hash.try_into().ok()?),
            random: random.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::Random;
    use crate::time::{Clock, Now};

    const NOW: Time = Time(1_000_000);
    const KEY: [u8; 32] = [4; 32];
    const HASH: EmailHash = EmailHash([9; 32]);

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    impl Now for Fixed {
        fn now(&self) -> Time {
            NOW
        }
    }

    fn proof(user_id: Option<&str>, seed: u8) -> (Proof, Told) {
        let ids = Ids::new(Clock(Arc::new(Fixed(seed))), Arc::new(Fixed(seed)));
        Proof::new(&HASH, user_id, &KEY, &ids, NOW)
    }

    #[test]
    fn a_link_counts_for_a_day_and_only_as_sent() {
        let (proof, told) = proof(Some("usr_a"), 1);
        let link = Link::parse(&told.token).expect("link");
        assert_eq!(link.hash, HASH);
        assert_eq!(
            proof.by_link(&link, NOW.plus(LINK_MS - 1)).expect("user"),
            "usr_a"
        );
        assert!(
            proof
                .by_link(&link, NOW.plus(LINK_MS))
                .is_err_and(|e| e.is(&OTP_EXPIRED))
        );
        let (_, newer) = self::proof(Some("usr_a"), 2);
        let other = Link::parse(&newer.token).expect("link");
        assert!(
            proof
                .by_link(&other, NOW)
                .is_err_and(|e| e.is(&OTP_EXPIRED))
        );
        for broken in ["", "x", &told.token[1..], &format!("{}A", told.token)] {
            assert!(Link::parse(broken).is_none_or(|link| proof.by_link(&link, NOW).is_err()));
        }
    }

    #[test]
    fn a_wrong_code_counts_down_and_the_sixth_try_is_gone() {
        let (mut proof, told) = proof(Some("usr_a"), 1);
        assert_eq!(told.code.len(), 8);
        for left in [4, 3, 2, 1, 0] {
            proof = proof.take_try(NOW).expect("try").0;
            let error = proof.by_code(&HASH, &KEY, "00000000").expect_err("wrong");
            assert_eq!(error.details(), Some(&json!({ "attempts_left": left })));
        }
        assert_eq!(
            proof.by_code(&HASH, &KEY, &told.code).expect("fifth try"),
            "usr_a"
        );
        assert!(proof.take_try(NOW).is_err_and(|e| e.is(&OTP_EXPIRED)));
    }

    #[test]
    fn a_code_counts_for_ten_minutes() {
        let (proof, _) = proof(Some("usr_a"), 1);
        assert!(proof.take_try(NOW.plus(CODE_MS - 1)).is_ok());
        assert!(
            proof
                .take_try(NOW.plus(CODE_MS))
                .is_err_and(|e| e.is(&OTP_EXPIRED))
        );
    }

    #[test]
    fn a_decoy_answers_like_a_proof_and_accepts_nothing() {
        let (decoy, told) = proof(None, 1);
        let tried = decoy.take_try(NOW).expect("try").0;
        let error = tried.by_code(&HASH, &KEY, &told.code).expect_err("decoy");
        assert_eq!(error.details(), Some(&json!({ "attempts_left": 4 })));
        let link = Link::parse(&told.token).expect("link");
        assert!(decoy.by_link(&link, NOW).is_err_and(|e| e.is(&OTP_EXPIRED)));
    }
}
