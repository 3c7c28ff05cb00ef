//! The one-time code of a provider's sign-in becomes a session, a new account, or one more way to
//! sign in.
//!
//! An address is never a reason to link: whoever proves an identity gets the account of that
//! identity, or none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client::Proven;
use super::flow::{CODE, Finished, Linker, challenge_of};
use super::identity::{Identity, IdentityHash, IdentityOwner, one_more};
use super::provider::Provider;
use crate::accounts::account::{self, Account, NewAccount};
use crate::accounts::address::{Email, EmailHash, EmailOwner};
use crate::accounts::desk::{Guard, Office, Opener};
use crate::accounts::factor::challenge::SignedIn;
use crate::accounts::notice::notice;
use crate::accounts::onetime::{self, Found};
use crate::accounts::person;
use crate::accounts::proof::Proof;
use crate::accounts::register;
use crate::accounts::session::Session;
use crate::accounts::sign_in::{enter, may_enter};
use crate::accounts::verify::verification_mail;
use crate::aws::dynamo::Missed;
use crate::crypto;
use crate::error::{
    BIRTHDATE_REQUIRED, EMAIL_EXISTS, EMAIL_NOT_CONFIRMED, Error, IDENTITY_ALREADY_EXISTS,
    OAUTH_FAILED, OTP_EXPIRED, Result, SESSION_REVOKED, UNAVAILABLE, VALIDATION_FAILED,
};
use crate::http::Client;
use crate::notifications::SecurityChange;
use crate::relay::NewDevice;
use crate::table::{Commit, Condition};
use crate::time::{MINUTE_MS, Time};

/// How long a signup token counts, milliseconds.
const SIGNUP_MS: i64 = 10 * MINUTE_MS;
/// Kind of the signup tokens.
const SIGNUP: &str = "social_signup";
/// Name of who shares none; the person can change it.
const NAMELESS: &str = "New here";
/// Longest name, characters.
const NAME_CHARS_MAX: usize = 80;

/// The code with the app's verifier, or the signup token with a birthdate.
#[derive(Clone, Deserialize, JsonSchema)]
#[schemars(rename = "SocialExchange")]
#[schemars(extend("x-either" = [
    ["code", "code_verifier", "device?"],
    ["signup_token", "birthdate"]
]))]
pub struct Exchange {
    /// From the redirect.
    #[schemars(length(min = 1, max = 128))]
    pub code: Option<String>,
    /// What the challenge of the start was made of (RFC 7636).
    #[schemars(regex(pattern = r"^[A-Za-z0-9._~-]{43,128}$"))]
    pub code_verifier: Option<String>,
    /// From `BIRTHDATE_REQUIRED`.
    #[schemars(length(min = 1, max = 128))]
    pub signup_token: Option<String>,
    /// At least 18 years ago.
    #[schemars(extend("format" = "date"))]
    pub birthdate: Option<String>,
    /// The device that signs in; given with the code, and kept until the account is open.
    pub device: Option<NewDevice>,
}

/// What lies under a signup token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Signup {
    proven: Proven,
    device: Option<NewDevice>,
}

/// One more way to sign in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "IdentityLinked")]
pub struct Linked {
    /// Always true.
    pub linked: bool,
    /// `idt_…`
    pub identity_id: String,
    /// Who proves it.
    pub provider: Provider,
}

/// What an exchange leads to.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "SocialExchanged")]
pub enum Exchanged {
    /// As after a sign-in.
    SignedIn(SignedIn),
    /// The identity belongs to the account that asked.
    Linked(Linked),
}

/// What all steps need.
#[derive(Clone, Copy, Debug)]
pub struct Counter<'a> {
    /// Opens accounts.
    pub office: &'a Office,
    /// Opens sessions.
    pub door: &'a Opener,
    /// Knows where the caller is.
    pub guard: &'a Guard,
    /// Knows what the caller is.
    pub client: &'a Client,
}

/// Exchanges a code or a signup token.
///
/// # Errors
/// 409 `BIRTHDATE_REQUIRED` {signup_token}, `IDENTITY_ALREADY_EXISTS`; 410 `OTP_EXPIRED`; 422
/// `UNDERAGE`, `OAUTH_FAILED` {reason} without a usable address; 403 `EMAIL_NOT_CONFIRMED`,
/// `USER_BANNED`.
pub async fn exchange(at: Counter<'_>, given: Exchange) -> Result<Exchanged> {
    match (
        given.code,
        given.code_verifier,
        given.signup_token,
        given.birthdate,
    ) {
        (Some(code), Some(verifier), None, None) => {
            at.by_code(&code, &verifier, given.device).await
        }
        (None, None, Some(token), Some(born)) if given.device.is_none() => {
            let signed_in = at.by_signup(&token, &born).await?;
            Ok(Exchanged::SignedIn(signed_in))
        }
        _ => {
            let message = "Give code and verifier, or signup token and birthdate.";
            let row = json!({ "field": "/code", "rule": "required", "message": message });
            Err(VALIDATION_FAILED.with(json!({ "fields": [row] })))
        }
    }
}

impl Counter<'_> {
    async fn by_code(
        self,
        code: &str,
        verifier: &str,
        device: Option<NewDevice>,
    ) -> Result<Exchanged> {
        let (tables, now) = (&self.office.tables, self.office.clock.now());
        let found: Found<Finished> = onetime::find(tables, CODE, code, now, &OTP_EXPIRED).await?;
        let finished = &found.content;
        let shown = challenge_of(verifier);
        if !crypto::same(shown.as_bytes(), finished.code_challenge.as_bytes()) {
            // Somebody else's code: it must not wait for another guess.
            self.spend(found.spend()).await?;
            return Err(OTP_EXPIRED.into());
        }
        let hash = IdentityHash::of(&finished.proven, &self.office.lookup.key()?);
        let owner: Option<IdentityOwner> = tables.get_consistent(&hash.owner_key()).await?;
        match (&finished.linker, owner) {
            (Some(linker), owner) => {
                let linked = self.link(&found, linker, hash, owner).await?;
                Ok(Exchanged::Linked(linked))
            }
            (None, Some(owner)) => {
                let account = account::load(tables, &owner.user_id).await?;
                may_enter(&account, now)?;
                let mine = Condition::text("user_id", &owner.user_id);
                // Unlinked in the same instant, the identity lets nobody in any more.
                let spent = || {
                    let spent = found.spend();
                    let (key, mine) = (hash.owner_key(), mine.clone());
                    Ok(spent.check::<IdentityOwner>(key, mine, &OTP_EXPIRED))
                };
                let who = (&account, device.as_ref());
                let signed_in = enter(self.door, self.guard, self.client, who, spent).await?;
                Ok(Exchanged::SignedIn(signed_in))
            }
            (None, None) => Err(self.stranger(&found, device).await?),
        }
    }

    async fn spend(self, commit: Commit) -> Result<()> {
        match self.office.tables.commit(commit).await {
            Ok(()) | Err(Missed::Refused(_)) => Ok(()),
            Err(Missed::Failed(error)) => Err(error),
        }
    }

    /// An identity without an account: it may open one, unless its address is taken.
    async fn stranger(self, found: &Found<Finished>, device: Option<NewDevice>) -> Result<Error> {
        let proven = found.content.proven.clone();
        let (_, hash) = self.address(&proven)?;
        let (tables, now) = (&self.office.tables, self.office.clock.now());
        let taken: Option<EmailOwner> = tables.get_consistent(&EmailOwner::key_of(&hash)).await?;
        if taken.is_some() {
            self.spend(found.spend()).await?;
            return Ok(IDENTITY_ALREADY_EXISTS.into());
        }
        let (signup, ids) = (Signup { proven, device }, &self.office.ids);
        let (token, kept) = onetime::issue(SIGNUP, &signup, SIGNUP_MS, ids, now)?;
        tables.commit(found.spend().with(kept)).await?;
        Ok(BIRTHDATE_REQUIRED.with(json!({ "signup_token": token })))
    }

    /// The address of an identity, which an account cannot do without.
    fn address(self, proven: &Proven) -> Result<(Email, EmailHash)> {
        let email = proven
            .email
            .as_deref()
            .and_then(|text| Email::parse(text).ok());
        let missing = || OAUTH_FAILED.with(json!({ "reason": "email" }));
        let email = email.ok_or_else(missing)?;
        let hash = email.hash(&self.office.lookup.key()?);
        Ok((email, hash))
    }

    async fn by_signup(self, token: &str, birthdate: &str) -> Result<SignedIn> {
        let (tables, now) = (&self.office.tables, self.office.clock.now());
        let found: Found<Signup> = onetime::find(tables, SIGNUP, token, now, &OTP_EXPIRED).await?;
        let born = person::check_birthdate(birthdate, now.date())?;
        let (account, commit) = self.open(&found.content.proven, born, now).await?;
        match tables.commit(commit.with(found.spend())).await {
            Ok(()) => {}
            Err(Missed::Refused(refused)) if refused.fault.code == EMAIL_EXISTS.code => {
                return Err(IDENTITY_ALREADY_EXISTS.into());
            }
            Err(missed) => return Err(missed.into()),
        }
        if account.email_verified_at.is_none() {
            return Err(EMAIL_NOT_CONFIRMED.into());
        }
        let who = (&account, found.content.device.as_ref());
        enter(
            self.door,
            self.guard,
            self.client,
            who,
            || Ok(Commit::new()),
        )
        .await
    }

    /// A new person with this identity. An address that the provider does not vouch for is proven
    /// like any other before it lets anybody in.
    async fn open(
        self,
        proven: &Proven,
        birthdate: jiff::civil::Date,
        now: Time,
    ) -> Result<(Account, Commit)> {
        let (email, email_hash) = self.address(proven)?;
        let name = proven.name.clone().unwrap_or_default();
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        let new = NewAccount {
            user_id: self.office.ids.new_id("usr"),
            email,
            password: None,
            name: if name.is_empty() {
                NAMELESS.to_owned()
            } else {
                name
            },
            birthdate,
            locale: "en".to_owned(),
            timezone: "UTC".to_owned(),
        };
        let policies = &self.office.policies;
        let (mut account, key, rows) =
            register::open(self.office, &email_hash, new, policies).await?;
        account.identities = 1;
        let hash = IdentityHash::of(proven, &self.office.lookup.key()?);
        let identity = Identity::new(proven, hash, &account.user_id, &key, now)?;
        let mut commit = rows.with(identity.add(hash));
        if proven.email_verified {
            account.status = account::Status::Active;
            account.email_verified_at = Some(now);
        } else {
            let (lookup, ids) = (self.office.lookup.key()?, &self.office.ids);
            let (proof, told) = Proof::new(&email_hash, Some(&account.user_id), &lookup, ids, now);
            let config = &self.office.config;
            let mail = verification_mail(&account, &key, &proof, told, config, now)?;
            commit = commit.put(&proof).with(mail);
        }
        Ok((account.clone(), commit.create(&account, &UNAVAILABLE)))
    }

    /// Adds the identity to the account of the person who asked, if their session still counts.
    async fn link(
        self,
        found: &Found<Finished>,
        linker: &Linker,
        hash: IdentityHash,
        owner: Option<IdentityOwner>,
    ) -> Result<Linked> {
        let (tables, now) = (&self.office.tables, self.office.clock.now());
        let account = account::load(tables, &linker.user_id).await?;
        let key = self.office.cipher.key(&linker.user_id).await?;
        let proven = &found.content.proven;
        let identity = Identity::new(proven, hash, &linker.user_id, &key, now)?;
        let linked = Linked {
            linked: true,
            identity_id: identity.identity_id.clone(),
            provider: proven.provider,
        };
        match owner {
            Some(owner) if owner.user_id == linker.user_id => {
                tables.commit(found.spend()).await?;
                return Ok(linked);
            }
            Some(_) => {
                self.spend(found.spend()).await?;
                return Err(IDENTITY_ALREADY_EXISTS.into());
            }
            None => {}
        }
        let session = Session::key_of(&linker.user_id, &linker.session_id);
        let live = Condition::All(vec![Condition::Present, Condition::Missing("revoked_at")]);
        let event = format!("identity_linked:{}:{}", identity.identity_id, now.ms());
        let change = SecurityChange::IdentityLinked;
        let commit = found
            .spend()
            .check::<Session>(session, live, &SESSION_REVOKED)
            .with(identity.add(hash))
            .with(one_more(&account))
            .with(notice(&account, &key, change, &event, now)?);
        tables.commit(commit).await?;
        Ok(linked)
    }
}
