//! The identities of an account.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Identity`] | data | `usr_…` | `identity#idt_…` |
//! | [`IdentityOwner`] | data | `identity#<keyed hash of issuer and subject>` | `owner` |
//!
//! An identity is (issuer, subject): addresses change hands, subjects do not. The account counts
//! its identities, so that the last way to sign in is kept by a condition on one item.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client::Proven;
use super::provider::Provider;
use crate::accounts::account::{self, Account};
use crate::accounts::desk::{Changer, Locksmith};
use crate::accounts::notice::notice;
use crate::accounts::sealed::Sealed;
use crate::aws::cipher::{Cipher, DataKey};
use crate::aws::dynamo::Tables;
use crate::crypto;
use crate::error::{
    IDENTITY_ALREADY_EXISTS, IDENTITY_NOT_FOUND, LAST_SIGN_IN_METHOD, Result, UNAVAILABLE,
};
use crate::http::Me;
use crate::id::{self, is_id};
use crate::notifications::SecurityChange;
use crate::table::{Change, Commit, Condition, Item, Key, Name, Query, Value};
use crate::time::{Time, millis};

/// Place of the sealed address, for the data key.
const EMAIL: &str = "data/identity/email";
/// Place of the sealed subject.
const SUBJECT: &str = "data/identity/subject";
/// More than a person can have, one account of each provider being usual.
const IDENTITIES_MAX: usize = 1_000;

/// One way to sign in through a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// `usr_…`
    pub user_id: String,
    /// `idt_…`, made of issuer and subject.
    pub identity_id: String,
    /// Who proves it.
    pub provider: Provider,
    /// Claim `iss`.
    pub issuer: String,
    /// Claim `sub`, sealed.
    pub subject: Sealed,
    /// Address at that time, sealed.
    #[serde(default)]
    pub email: Option<Sealed>,
    /// Whether the provider vouched for the address.
    pub email_verified: bool,
    /// When it was added.
    #[serde(with = "millis")]
    pub linked_at: Time,
}

impl Item for Identity {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Identity";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.identity_id)
    }
}

/// Whose an identity is: makes it unique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdentityOwner {
    /// `identity#…`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `usr_…`
    pub user_id: String,
}

impl Item for IdentityOwner {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Identity owner";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "owner")
    }
}

/// Keyed hash of (issuer, subject).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityHash([u8; 32]);

impl IdentityHash {
    /// Of an identity that was proven.
    pub fn of(proven: &Proven, lookup: &[u8; 32]) -> Self {
        Self::new(&proven.issuer, &proven.subject, lookup)
    }

    fn new(issuer: &str, subject: &str, lookup: &[u8; 32]) -> Self {
        let parts: [&[u8]; 3] = [b"identity", issuer.as_bytes(), subject.as_bytes()];
        Self(crypto::mac(lookup, &parts))
    }

    fn partition(self) -> String {
        format!("identity#{}", crypto::encode(&self.0))
    }

    /// Where its owner lies.
    pub fn owner_key(self) -> Key {
        Key::new(self.partition(), "owner")
    }

    fn identity_id(self) -> String {
        id::id_of("idt", crypto::take(&self.0))
    }
}

impl Identity {
    /// Sort keys of all identities of a person begin so.
    pub const PREFIX: &'static str = "identity#";

    fn key_of(user_id: &str, identity_id: &str) -> Key {
        Key::new(user_id, format!("{}{identity_id}", Self::PREFIX))
    }

    /// A proven identity as one of a person's.
    ///
    /// # Errors
    /// 500 when sealing fails.
    pub fn new(
        proven: &Proven,
        hash: IdentityHash,
        user_id: &str,
        key: &DataKey,
        now: Time,
    ) -> Result<Self> {
        let seal = |email: &String| key.seal(EMAIL, email.as_bytes()).map(Sealed);
        Ok(Self {
            user_id: user_id.to_owned(),
            identity_id: hash.identity_id(),
            provider: proven.provider,
            issuer: proven.issuer.clone(),
            subject: Sealed(key.seal(SUBJECT, proven.subject.as_bytes())?),
            email: proven.email.as_ref().map(seal).transpose()?,
            email_verified: proven.email_verified,
            linked_at: now,
        })
    }

    /// What adds it to its person, unless it is somebody's already.
    pub fn add(&self, hash: IdentityHash) -> Commit {
        let owner = IdentityOwner {
            partition: hash.partition(),
            user_id: self.user_id.clone(),
        };
        Commit::new()
            .create(&owner, &IDENTITY_ALREADY_EXISTS)
            .put(self)
    }
}

/// An identity as its person sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct IdentityView {
    /// `idt_…`
    pub identity_id: String,
    /// Who proves it.
    pub provider: Provider,
    /// Address that the provider told when it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider vouched for it.
    pub email_verified: bool,
    /// When it was added.
    pub linked_at: Time,
}

/// The caller's identities, oldest first.
///
/// # Errors
/// 503 when a table does not answer.
pub async fn list(tables: &Tables, cipher: &Cipher, me: &Me) -> Result<Vec<IdentityView>> {
    let mut found = all(tables, &me.user_id).await?;
    found.sort_by_key(|identity| identity.linked_at);
    let key = cipher.key(&me.user_id).await?;
    let view = |identity: Identity| {
        let email = identity.email.as_ref();
        Ok(IdentityView {
            email: email
                .map(|sealed| key.open_text(EMAIL, &sealed.0))
                .transpose()?,
            identity_id: identity.identity_id,
            provider: identity.provider,
            email_verified: identity.email_verified,
            linked_at: identity.linked_at,
        })
    };
    found.into_iter().map(view).collect()
}

async fn all(tables: &Tables, user_id: &str) -> Result<Vec<Identity>> {
    let query = Query::of(Name::Data, user_id)
        .prefix(Identity::PREFIX)
        .limit(IDENTITIES_MAX);
    tables.query(query.consistent()).await
}

/// Removes one of the caller's identities.
///
/// # Errors
/// 404 `IDENTITY_NOT_FOUND`; 409 `LAST_SIGN_IN_METHOD` when nothing else lets the person in.
pub async fn unlink(desk: &Locksmith, lookup: &[u8; 32], me: &Me, identity_id: &str) -> Result<()> {
    let known = is_id("idt", identity_id);
    let known = known.then(|| Identity::key_of(&me.user_id, identity_id));
    let key = known.ok_or(&IDENTITY_NOT_FOUND)?;
    let identity: Option<Identity> = desk.tables.get_consistent(&key).await?;
    let identity = identity.ok_or(&IDENTITY_NOT_FOUND)?;
    let account = account::load(&desk.tables, &me.user_id).await?;
    let (data_key, now) = (desk.cipher.key(&me.user_id).await?, desk.clock.now());
    let removal = identity.removal(&account, &data_key, lookup, now)?;
    let commit = removal.with(one_less(&account));
    Ok(desk.tables.commit(commit).await?)
}

/// Identities of somebody who had not proven the address of the account.
#[derive(Debug, Default)]
pub struct Unproven {
    /// How many there are.
    pub count: i64,
    /// What removes them; the account has to count them off.
    pub removal: Commit,
}

/// The identities that were there before the address was proven and for whose address the provider
/// does not vouch. Whoever joined with the address of somebody else came in by one, and does not
/// stay when its owner takes the account over.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn unproven(desk: &Changer, account: &Account, key: &DataKey) -> Result<Unproven> {
    let (found, lookup) = (
        all(&desk.tables, &account.user_id).await?,
        desk.lookup.key()?,
    );
    let (proven, now) = (account.email_verified_at, desk.clock.now());
    let mut foreign = found.into_iter().filter(|identity| {
        let early = proven.is_none_or(|proven| identity.linked_at <= proven);
        early && !identity.email_verified
    });
    foreign.try_fold(Unproven::default(), |so_far, one| {
        Ok(Unproven {
            count: so_far.count + 1,
            removal: so_far
                .removal
                .with(one.removal(account, key, &lookup, now)?),
        })
    })
}

impl Identity {
    /// What removes it, lets it be somebody's again, and tells its person.
    fn removal(
        &self,
        account: &Account,
        key: &DataKey,
        lookup: &[u8; 32],
        now: Time,
    ) -> Result<Commit> {
        let event = format!(
            "identity_unlinked:{}:{}",
            self.identity_id,
            self.linked_at.ms()
        );
        let change = SecurityChange::IdentityUnlinked;
        let subject = key.open_text(SUBJECT, &self.subject.0)?;
        let hash = IdentityHash::new(&self.issuer, &subject, lookup);
        let there = Some((Condition::Present, &IDENTITY_NOT_FOUND));
        Ok(Commit::new()
            .delete::<Self>(self.key(), there)
            .delete::<IdentityOwner>(hash.owner_key(), None)
            .with(notice(account, key, change, &event, now)?))
    }
}

/// Counts an identity off, if the person gets in without it.
fn one_less(account: &Account) -> Commit {
    let two = Condition::AtLeast("identities", Value::N("2".into()));
    // A password is never taken away, so who has one keeps a way in.
    let other = match account.password {
        Some(_) => Condition::Present,
        None => two,
    };
    let change = Change::Add("identities".into(), -1);
    let guard = Some((other, &LAST_SIGN_IN_METHOD));
    Commit::new().update::<Account>(account.key(), vec![change], guard)
}

/// Counts an identity in.
pub(super) fn one_more(account: &Account) -> Commit {
    let change = Change::Add("identities".into(), 1);
    let guard = Some((Condition::Present, &UNAVAILABLE));
    Commit::new().update::<Account>(account.key(), vec![change], guard)
}
