//! Accounts.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Account`] | data | `usr_…` | `account` (indexes `changed`, `due` under `bans` when banned) |

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address::Email;
use super::password::StoredPassword;
use super::sealed::Sealed;
use crate::aws::cipher::DataKey;
use crate::crypto;
use crate::error::{INTERNAL_ERROR, Result, UNAVAILABLE, VERSION_CONFLICT};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value, changed_place};
use crate::time::{Time, millis};

/// Place of the sealed address, for the data key.
const EMAIL: &str = "data/account/email";
/// Place of the sealed birthdate.
const BIRTHDATE: &str = "data/account/birthdate";

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccountStatus")]
pub enum Status {
    /// The address is not proven yet.
    PendingVerification,
    /// May sign in.
    Active,
    /// Suspended.
    Banned,
    /// On its way to be erased.
    Deleting,
    /// Erased.
    Deleted,
}

impl Status {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingVerification => "pending_verification",
            Self::Active => "active",
            Self::Banned => "banned",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// One person's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// `usr_…`
    pub user_id: String,
    /// Address, sealed with the person's data key.
    pub email: Sealed,
    /// When the address was proven.
    #[serde(default, with = "millis::option")]
    pub email_verified_at: Option<Time>,
    /// None for who signs in otherwise.
    #[serde(default)]
    pub password: Option<StoredPassword>,
    /// When a second factor was confirmed; none without one.
    #[serde(default, with = "millis::option")]
    pub two_factor_at: Option<Time>,
    /// Proven phone number, E.164, sealed with the person's data key.
    #[serde(default)]
    pub phone: Option<Sealed>,
    /// When it was proven.
    #[serde(default, with = "millis::option")]
    pub phone_verified_at: Option<Time>,
    /// Ways to sign in through a provider.
    #[serde(default)]
    pub identities: i64,
    /// Phones that can be pushed to; absent in most accounts.
    #[serde(default, skip_serializing_if = "is_none")]
    pub push_targets: i64,
    /// 1–80 characters.
    pub name: String,
    /// Names before it that the directory may still hold; a repair takes them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<String>,
    /// ISO 8601 date, sealed.
    pub birthdate: Sealed,
    /// BCP 47 tag.
    pub locale: String,
    /// IANA name.
    pub timezone: String,
    /// Whether calls go through a relay only, so that the other one learns no address.
    #[serde(default)]
    pub relay_only_calls: bool,
    /// What it may do.
    pub status: Status,
    /// End of a ban; none of a permanent one.
    #[serde(default, with = "millis::option")]
    pub banned_until: Option<Time>,
    /// What it was before a ban, while one is noted.
    #[serde(default)]
    pub status_before: Option<Status>,
    /// Partition of the index of bans, while one is noted.
    #[serde(default)]
    pub due_shard: Option<String>,
    /// Place in it: the end of the ban.
    #[serde(default)]
    pub due_at: Option<i64>,
    /// Partition in the index of what changed on a day: name or status.
    #[serde(rename = "cd", default)]
    pub changed_day: Option<String>,
    /// Place in it.
    #[serde(rename = "cn", default)]
    pub changed_number: Option<i64>,
    /// Warnings by moderators.
    #[serde(default)]
    pub warnings: i64,
    /// Last sign-in.
    #[serde(default, with = "millis::option")]
    pub last_sign_in_at: Option<Time>,
    /// Registration.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// Last change of what the person may edit, or of the status.
    #[serde(with = "millis")]
    pub updated_at: Time,
    /// Optimistic lock, from 1.
    pub version: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde asks for"
)]
const fn is_none(count: &i64) -> bool {
    *count == 0
}

impl Item for Account {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Account";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// `usr_…`
    pub user_id: String,
    /// Checked address.
    pub email: Email,
    /// Hashed password; none for who signs in otherwise.
    pub password: Option<StoredPassword>,
    /// Checked name.
    pub name: String,
    /// Checked birthdate.
    pub birthdate: Date,
    /// BCP 47 tag.
    pub locale: String,
    /// IANA name.
    pub timezone: String,
}

impl Account {
    /// Where the account of a person lies.
    pub fn key_of(user_id: &str) -> Key {
        Key::new(user_id, "account")
    }

    /// A new account that has to prove its address.
    ///
    /// # Errors
    /// 500 when sealing fails.
    pub fn new(new: NewAccount, key: &DataKey, now: Time) -> Result<Self> {
        let (day, number) = changed_place(&new.user_id, now);
        Ok(Self {
            email: Sealed(key.seal(EMAIL, new.email.as_str().as_bytes())?),
            birthdate: Sealed(key.seal(BIRTHDATE, new.birthdate.to_string().as_bytes())?),
            user_id: new.user_id,
            email_verified_at: None,
            password: new.password,
            two_factor_at: None,
            phone: None,
            phone_verified_at: None,
            identities: 0,
            push_targets: 0,
            name: new.name,
            formerly: Vec::new(),
            locale: new.locale,
            timezone: new.timezone,
            relay_only_calls: false,
            status: Status::PendingVerification,
            banned_until: None,
            status_before: None,
            due_shard: None,
            due_at: None,
            changed_day: Some(day),
            changed_number: Some(number),
            warnings: 0,
            last_sign_in_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }

    /// The address.
    ///
    /// # Errors
    /// 500 when the key is not this person's.
    pub fn email(&self, key: &DataKey) -> Result<String> {
        key.open_text(EMAIL, &self.email.0)
    }

    /// The birthdate, ISO 8601.
    ///
    /// # Errors
    /// 500 when the key is not this person's.
    pub fn birthdate(&self, key: &DataKey) -> Result<String> {
        key.open_text(BIRTHDATE, &self.birthdate.0)
    }

    /// The address is proven: the account becomes active. The fault is of a commit that finds it
    /// in another state.
    pub fn verified(user_id: &str, now: Time, else_fault: &'static crate::Fault) -> Commit {
        let pending = Condition::text("status", Status::PendingVerification.as_str());
        let mut changes = vec![
            Change::text("status", Status::Active.as_str()),
            Change::number("email_verified_at", now.ms()),
            Change::number("updated_at", now.ms()),
            Change::Add("version".into(), 1),
        ];
        changes.extend(Self::noted(user_id, now));
        let guard = Some((pending, else_fault));
        Commit::new().update::<Self>(Self::key_of(user_id), changes, guard)
    }

    /// The instant to note of a sign-in at `now`: never the one that is noted already, because
    /// [`Self::quiet`] tells by it whether somebody signed in.
    pub(super) fn next_sign_in(&self, now: Time) -> Time {
        let after = self.last_sign_in_at.map(|last| last.plus(1));
        after.map_or(now, |after| now.max(after))
    }

    /// Holds while status and password are as read and nobody has signed in since.
    pub(super) fn quiet(&self) -> Condition {
        let status = Condition::text("status", self.status.as_str());
        let alone = match self.last_sign_in_at {
            Some(at) => Condition::number("last_sign_in_at", at.ms()),
            None => Condition::Missing("last_sign_in_at"),
        };
        Condition::All(vec![status, alone, self.same_password()])
    }

    fn same_password(&self) -> Condition {
        match &self.password {
            Some(password) => Condition::text("password.phc", &password.phc),
            None => Condition::Missing("password"),
        }
    }

    /// Changes with every other password, and tells nothing of it.
    pub(super) fn password_mark(&self) -> String {
        let phc = self.password.as_ref().map_or("", |kept| kept.phc.as_str());
        crypto::encode(&crypto::sha256(&[b"password mark", phc.as_bytes()]))
    }

    /// What replaces the hash by another one of the same password.
    ///
    /// # Errors
    /// 500 when the hash cannot be stored.
    pub(super) fn rehash(&self, next: &StoredPassword) -> Result<Commit> {
        let change = Change::Set("password".into(), stored(next)?);
        let guard = Some((self.same_password(), &UNAVAILABLE));
        Ok(Commit::new().update::<Self>(self.key(), vec![change], guard))
    }

    /// What sets another password and counts off the identities that go with the old one, unless
    /// somebody signed in or changed it in between: a session that began meanwhile would survive.
    ///
    /// # Errors
    /// 500 when the hash cannot be stored.
    pub(super) fn set_password(
        &self,
        next: &StoredPassword,
        identities: i64,
        now: Time,
    ) -> Result<Commit> {
        let mut changes = vec![
            Change::Set("password".into(), stored(next)?),
            Change::number("updated_at", now.ms()),
            Change::Add("version".into(), 1),
        ];
        if identities > 0 {
            changes.push(Change::Add("identities".into(), -identities));
        }
        let guard = Some((self.quiet(), &UNAVAILABLE));
        Ok(Commit::new().update::<Self>(self.key(), changes, guard))
    }

    /// Notes whether a second factor is enrolled.
    pub(super) fn two_factor(user_id: &str, since: Option<Time>) -> Commit {
        let change = match since {
            Some(at) => Change::number("two_factor_at", at.ms()),
            None => Change::Remove("two_factor_at".into()),
        };
        let present = Some((Condition::Present, &INTERNAL_ERROR));
        Commit::new().update::<Self>(Self::key_of(user_id), vec![change], present)
    }

    /// Refuses a stale version.
    ///
    /// # Errors
    /// 409 `VERSION_CONFLICT` {current_version}.
    pub fn expect_version(&self, version: i64) -> Result<()> {
        if version == self.version {
            return Ok(());
        }
        Err(VERSION_CONFLICT.with(json!({ "current_version": self.version })))
    }
}

/// The password as an attribute.
fn stored(password: &StoredPassword) -> Result<Value> {
    serde_dynamo::to_attribute_value(password).map_err(|cause| INTERNAL_ERROR.because(cause))
}

/// The account behind a valid session.
///
/// # Errors
/// 500 when there is none, which no commit leaves behind.
pub async fn load(tables: &crate::aws::dynamo::Tables, user_id: &str) -> Result<Account> {
    let account = tables.get_consistent(&Account::key_of(user_id)).await?;
    account.ok_or_else(|| INTERNAL_ERROR.because("no account"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_in_leaves_another_note_also_within_a_millisecond() {
        let (key, now) = (DataKey::fixed("usr_a", [7; 32]), Time(1_767_614_400_000));
        let new = NewAccount {
            user_id: "usr_a".into(),
            email: Email::fold("ann@pairly.test"),
            password: None,
            name: "Ann".into(),
            birthdate: Date::constant(1990, 1, 1),
            locale: "en".into(),
            timezone: "UTC".into(),
        };
        let mut account = Account::new(new, &key, now).expect("an account");
        assert_eq!(account.next_sign_in(now), now);
        for at in [now, now.plus(5), now.plus(5), now.plus(2)] {
            let before = account.last_sign_in_at;
            account.last_sign_in_at = Some(account.next_sign_in(at));
            assert!(before < account.last_sign_in_at);
        }
        assert_eq!(account.last_sign_in_at, Some(now.plus(7)));
    }
}
