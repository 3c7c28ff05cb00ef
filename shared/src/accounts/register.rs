//! Registration: everything that a person starts with, in one transaction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{Account, NewAccount, Profile};
use super::address::{Email, EmailHash, EmailOwner};
use super::desk::{Office, Registrar};
use super::password::{self, Peppers};
use super::person;
use super::proof::Proof;
use super::verify::verification_mail;
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::Missed;
use crate::credits;
use crate::error::{DISPOSABLE_EMAIL, EMAIL_EXISTS, Error, Result, UNAVAILABLE};
use crate::http::{Created, Once};
use crate::notifications::{self, Facts, Mail, NewMail};
use crate::table::Commit;
use crate::time::{HOUR_MS, Time};

/// Who wants to register.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Application {
    /// E-mail address.
    #[schemars(length(min = 3, max = 254))]
    pub email: String,
    /// 10 characters to 256 bytes, taken exactly as sent.
    #[schemars(length(min = 10), extend("x-bytes-max" = 256))]
    pub password: String,
    /// Name that others see.
    #[schemars(length(min = 1, max = 80), extend("x-text" = "name"))]
    pub name: String,
    /// At least 18 years ago.
    #[schemars(extend("format" = "date"))]
    pub birthdate: String,
    /// BCP 47 tag; `en` without it.
    #[schemars(
        length(max = 35),
        regex(pattern = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    )]
    pub locale: Option<String>,
    /// IANA name; `UTC` without it.
    #[schemars(length(max = 64))]
    pub timezone: Option<String>,
}

/// The account that waits for its proof. For a known address the id belongs to nobody.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Registered {
    /// `usr_…`
    pub user_id: String,
    /// Always true.
    pub verification_required: bool,
}

/// Registers a person; a known address gets the same answer, and its owner a mail.
///
/// # Errors
/// 422 `WEAK_PASSWORD`, `UNDERAGE`, `DISPOSABLE_EMAIL`, `INVALID_TIMEZONE`; 409 `EMAIL_EXISTS`
/// only when the policy says so.
pub async fn register(
    desk: &Registrar,
    once: &Once,
    application: Application,
) -> Result<Created<Registered>> {
    let (hash, new) = admit(desk, application).await?;
    let answer = Created(Registered {
        user_id: new.user_id.clone(),
        verification_required: true,
    });
    let owner: Option<EmailOwner> = desk
        .tables
        .get_consistent(&EmailOwner::key_of(&hash))
        .await?;
    let owner = match owner {
        Some(owner) => owner,
        None => match once
            .commit(&desk.tables, fresh(desk, &hash, new).await?, answer.clone())
            .await
        {
            Ok(answer) => return Ok(answer),
            Err(missed) => lost_race(missed)?,
        },
    };
    if desk.policies.is_on("auth.reveal_existing_email") {
        return Err(EMAIL_EXISTS.into());
    }
    let (notice, decoy) = known(desk, &hash, &owner).await?;
    let both = Commit::new().with(notice).with(decoy.commit());
    match once.commit(&desk.tables, both, answer.clone()).await {
        // The owner has been told within this hour.
        Err(Missed::Refused(refused)) if refused.key.pk == owner.user_id => {
            Ok(once.commit(&desk.tables, decoy.commit(), answer).await?)
        }
        other => Ok(other?),
    }
}

/// Checks the application and hashes the password, for known and unknown addresses alike.
async fn admit(desk: &Registrar, from: Application) -> Result<(EmailHash, NewAccount)> {
    let email = Email::parse(&from.email)?;
    let birthdate = person::check_birthdate(&from.birthdate, desk.clock.now().date())?;
    let timezone = person::check_timezone(from.timezone.as_deref().unwrap_or("UTC"))?;
    if email.is_disposable() {
        return Err(DISPOSABLE_EMAIL.into());
    }
    password::check(&from.password, &email)?;
    let new = NewAccount {
        user_id: desk.ids.new_id("usr"),
        password: Some(hashed(desk, from.password).await?),
        name: from.name,
        birthdate,
        locale: from.locale.unwrap_or_else(|| "en".to_owned()),
        timezone,
        email,
    };
    Ok((new.email.hash(&desk.lookup.key()?), new))
}

/// The password as it is kept.
pub(super) async fn hashed(desk: &Registrar, password: String) -> Result<password::StoredPassword> {
    let peppers = Peppers::read(desk.pepper.text())?;
    let salt = desk.ids.bytes();
    password::aside(move || password::hash(&peppers, &password, salt)).await
}

/// A new person without the proof: account, owner of the address, profile, wallet, data key.
pub(super) async fn open(
    desk: &Office,
    hash: &EmailHash,
    new: NewAccount,
    policies: &credits::Policies,
) -> Result<(Account, DataKey, Commit)> {
    let now = desk.clock.now();
    let (key, key_row) = desk.cipher.create(&new.user_id).await?;
    let account = Account::new(new, &key, now)?;
    let user_id = account.user_id.clone();
    let owner = EmailOwner {
        partition: hash.partition(),
        user_id: user_id.clone(),
    };
    let wallet = credits::open(&user_id, &desk.ids.new_id("wal"), policies, now)?;
    let profile = Profile {
        user_id,
        created_at: now,
        version: 1,
    };
    let commit = Commit::new()
        .create(&owner, &EMAIL_EXISTS)
        .with(key_row)
        .create(&profile, &UNAVAILABLE)
        .with(wallet);
    Ok((account, key, commit))
}

async fn fresh(desk: &Registrar, hash: &EmailHash, new: NewAccount) -> Result<Commit> {
    let (account, key, commit) = open(desk, hash, new, &desk.policies).await?;
    let (lookup, now) = (desk.lookup.key()?, desk.clock.now());
    let (proof, told) = Proof::new(hash, Some(&account.user_id), &lookup, &desk.ids, now);
    let mail = verification_mail(&account, &key, &proof, told, &desk.config, now)?;
    Ok(commit.create(&account, &UNAVAILABLE).put(&proof).with(mail))
}

/// The owner of the address that somebody else registered in the same instant.
fn lost_race(missed: Missed) -> Result<EmailOwner> {
    match missed {
        Missed::Refused(refused) if refused.fault.code == EMAIL_EXISTS.code => {
            refused.current()?.ok_or_else(|| Error::from(&UNAVAILABLE))
        }
        other => Err(other.into()),
    }
}

/// A proof that proves nothing; none where a real one must not be voided.
struct Decoy(Option<Proof>);

impl Decoy {
    fn commit(&self) -> Commit {
        self.0
            .iter()
            .fold(Commit::new(), |commit, proof| commit.put(proof))
    }
}

/// What a registration with a known address writes: a notice for the owner, at most one an hour,
/// and a decoy, so that codes are answered like after any registration.
async fn known(desk: &Registrar, hash: &EmailHash, owner: &EmailOwner) -> Result<(Commit, Decoy)> {
    let now = desk.clock.now();
    let account = super::account::load(&desk.tables, &owner.user_id).await?;
    let key = desk.cipher.key(&owner.user_id).await?;
    let facts = Facts {
        to: account.email(&key)?,
        name: account.name.clone(),
        locale: account.locale.clone(),
        mail: Mail::AccountExists {
            link: desk.config.app_url.clone(),
        },
    };
    let event = format!("account_exists:{}", hour(now));
    let new = NewMail {
        user_id: &owner.user_id,
        event: &event,
        facts: &facts,
        valid_until: None,
    };
    let notice = notifications::mail(&key, &new, now)?;
    let pending = account.status == super::account::Status::PendingVerification;
    let lookup = desk.lookup.key()?;
    let decoy = (!pending).then(|| Proof::new(hash, None, &lookup, &desk.ids, now).0);
    Ok((notice, Decoy(decoy)))
}

fn hour(now: Time) -> i64 {
    now.ms().div_euclid(HOUR_MS)
}
