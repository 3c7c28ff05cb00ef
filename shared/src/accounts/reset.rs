//! A forgotten password: the link that a mail tells, and what its one use does.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Reset`] | data | `email#<keyed hash>` | `reset` |
//!
//! There is one link per address, so a newer one voids the one before. An address without an
//! account is treated like one with: it gets a link of nobody, which no mail tells, and a ghost in
//! place of the mail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{self, Account, Status};
use super::address::{Email, EmailHash};
use super::change::{Successor, next_password, renew};
use super::desk::{Changer, Guard, Notary};
use super::lock::Lock;
use super::nobody::{self, NOBODY};
use super::proof::Link;
use super::verify::Noted;
use crate::aws::cipher::DataKey;
use crate::config::Config;
use crate::error::{OTP_EXPIRED, Result};
use crate::http::limit::Limit;
use crate::http::{Accepted, Json, Once};
use crate::id::Ids;
use crate::notifications::{self, Facts, Mail, NewMail, SecurityChange};
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{HOUR_MS, Time, millis};

/// How long the link counts, milliseconds.
pub const RESET_MS: i64 = HOUR_MS;

/// What lets one person choose another password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reset {
    /// `email#<keyed hash>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// Whose password; nobody's for an address without one.
    pub user_id: String,
    /// SHA-256 of the link's random part, base64url.
    pub token_hash: String,
    /// End of the link.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Reset {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Link to a new password";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "reset")
    }
}

impl Reset {
    /// Where the link of an address lies.
    pub fn key_of(hash: &EmailHash) -> Key {
        Key::new(hash.partition(), "reset")
    }

    /// A new link, and the token that the mail tells.
    pub fn new(hash: &EmailHash, user_id: &str, ids: &Ids, now: Time) -> (Self, String) {
        let link = Link::new(hash, ids);
        let reset = Self {
            partition: hash.partition(),
            user_id: user_id.to_owned(),
            token_hash: link.token_hash(),
            expires_at: now.plus(RESET_MS),
            expires: now.plus(RESET_MS).seconds(),
        };
        (reset, link.write())
    }

    /// Whose password this link sets.
    ///
    /// # Errors
    /// 410 `OTP_EXPIRED`.
    pub fn by_link(&self, link: &Link, now: Time) -> Result<&str> {
        let counts = link.fits(&self.token_hash) && now < self.expires_at;
        if counts && self.user_id != NOBODY {
            return Ok(&self.user_id);
        }
        Err(OTP_EXPIRED.into())
    }

    /// What voids the link of an address, if there is one.
    pub fn void(hash: &EmailHash) -> Commit {
        Commit::new().delete::<Self>(Self::key_of(hash), None)
    }

    /// What spends it: a second use finds nothing.
    pub fn spend(&self) -> Commit {
        let same = Condition::text("token_hash", &self.token_hash);
        Commit::new().delete::<Self>(self.key(), Some((same, &OTP_EXPIRED)))
    }
}

/// Whether a person with this status may choose another password.
fn may_reset(account: &Account) -> bool {
    matches!(account.status, Status::Active | Status::Banned)
}

/// Mails a link to the address, if it has an account; whether it has is told neither by the answer
/// nor by its time.
///
/// # Errors
/// 429 `RATE_LIMITED`, 503 when a service does not answer.
pub async fn request_reset(
    desk: &Notary,
    guard: &Guard,
    once: &Once,
    email: &str,
) -> Result<Accepted<Noted>> {
    let (email, now) = (Email::fold(email), desk.clock.now());
    let hash = email.hash(&desk.lookup.key()?);
    guard.spend(Limit::Reset, &hash.partition()).await?;
    let owner = nobody::owner_of(&desk.tables, &hash).await?;
    let (tables, cipher) = (&desk.tables, &desk.cipher);
    let (account, key) = nobody::behind(tables, cipher, owner.as_ref()).await?;
    let may = may_reset(&account);
    let user_id = if may { &account.user_id } else { NOBODY };
    let (reset, token) = Reset::new(&hash, user_id, &desk.ids, now);
    let mail = letter(
        &account,
        &key,
        email.as_str(),
        (&reset, &token),
        &desk.config,
    )?;
    let mail = mail.or_ghost(may, &desk.ids.ulid(), reset.expires_at)?;
    let answer = Accepted(Noted { accepted: true });
    Ok(once.commit(tables, mail.put(&reset), answer).await?)
}

/// The mail that tells the link. The address is the one that was given: it is the account's.
fn letter(
    account: &Account,
    key: &DataKey,
    to: &str,
    (reset, token): (&Reset, &str),
    config: &Config,
) -> Result<Commit> {
    let link = format!("{}/reset-password?token={token}", config.app_url);
    let facts = Facts {
        to: to.to_owned(),
        name: account.name.clone(),
        locale: account.locale.clone(),
        mail: Mail::ResetPassword { link },
    };
    let event = format!("reset_password:{}", reset.token_hash);
    let new = NewMail {
        user_id: &account.user_id,
        event: &event,
        facts: &facts,
        valid_until: Some(reset.expires_at),
    };
    notifications::mail(key, &new, reset.expires_at.plus(-RESET_MS))
}

/// A link's token and the password that is to be.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct NewPassword {
    /// From the link.
    #[schemars(length(min = 1, max = 256))]
    pub token: String,
    /// 10 characters to 256 bytes, taken exactly as sent.
    #[schemars(length(min = 10), extend("x-bytes-max" = 256))]
    pub new_password: String,
}

/// The new password counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Restored {
    /// Always true.
    pub reset: bool,
}

/// Sets a password by the link of a mail, ends all sessions and tells the owner. The second factor
/// stays.
///
/// # Errors
/// 410 `OTP_EXPIRED`; 422 `WEAK_PASSWORD`, `SAME_PASSWORD`, which leave the link as it is.
pub async fn reset_password(
    desk: &Changer,
    guard: &Guard,
    once: &Once,
    given: NewPassword,
) -> Result<Json<Restored>> {
    let link = Link::parse(&given.token).ok_or(&OTP_EXPIRED)?;
    guard.spend(Limit::Otp, &link.counted()).await?;
    let place = Reset::key_of(&link.hash);
    let reset: Option<Reset> = desk.tables.get_consistent(&place).await?;
    let reset = reset.ok_or(&OTP_EXPIRED)?;
    let user_id = reset.by_link(&link, desk.clock.now())?;
    let account = account::load(&desk.tables, user_id).await?;
    if !may_reset(&account) {
        return Err(OTP_EXPIRED.into());
    }
    let key = desk.cipher.key(user_id).await?;
    let password = next_password(desk, &account, &key, given.new_password).await?;
    let pair = Lock::partition_of(&link.hash, &guard.prefix());
    let successor = Successor {
        password,
        spared: None,
        change: SecurityChange::PasswordReset,
        event: format!("password_reset:{}", reset.token_hash),
    };
    // Who guessed wrong before asking for the link may sign in at once.
    let also = || reset.spend().with(Lock::freed(&pair));
    let answer = |_| Json(Restored { reset: true });
    renew(desk, once, (account, &key), &successor, also, answer).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::Random;
    use crate::time::{Clock, Now};

    const NOW: Time = Time(1_000_000);
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

    fn reset(user_id: &str, seed: u8) -> (Reset, Link) {
        let ids = Ids::new(Clock(Arc::new(Fixed(seed))), Arc::new(Fixed(seed)));
        let (reset, token) = Reset::new(&HASH, user_id, &ids, NOW);
        (reset, Link::parse(&token).expect("a link"))
    }

    #[test]
    fn a_link_counts_for_an_hour_and_only_as_sent() {
        let (known, link) = reset("usr_a", 1);
        assert_eq!(link.hash, HASH);
        let last = NOW.plus(RESET_MS - 1);
        assert_eq!(known.by_link(&link, last).expect("a user"), "usr_a");
        let late = known.by_link(&link, NOW.plus(RESET_MS));
        assert!(late.is_err_and(|e| e.is(&OTP_EXPIRED)));
        let (_, newer) = reset("usr_a", 2);
        assert!(
            known
                .by_link(&newer, NOW)
                .is_err_and(|e| e.is(&OTP_EXPIRED))
        );
    }

    #[test]
    fn the_link_of_nobody_looks_the_same_and_sets_nothing() {
        let (real, _) = reset("usr_01J00000000000000000000000", 1);
        let (nobodys, link) = reset(NOBODY, 1);
        assert!(
            nobodys
                .by_link(&link, NOW)
                .is_err_and(|e| e.is(&OTP_EXPIRED))
        );
        let bytes =
            |one: &Reset| crate::table::item_bytes(&crate::table::row_of(one).expect("row"));
        assert_eq!(bytes(&real), bytes(&nobodys));
    }
}
