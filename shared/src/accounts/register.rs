//! Registration: everything that a person starts with, in one transaction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{Account, NewAccount, Status};
use super::address::{Email, EmailHash, EmailOwner};
use super::desk::{Office, Registrar};
use super::nobody;
use super::password::{self, Peppers};
use super::person;
use super::profile::Profile;
use super::proof::Proof;
use super::verify::verification_mail;
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::{Missed, Tables};
use crate::credits;
use crate::error::{DISPOSABLE_EMAIL, EMAIL_EXISTS, Result, UNAVAILABLE};
use crate::http::{Created, Once};
use crate::notifications::{self, Facts, Mail, NewMail, Notification};
use crate::table::{Commit, Item, Refused};
use crate::time::{DAY_MS, HOUR_MS, Time};

/// Tries when others register the same address at once.
const RACES_MAX: u32 = 6;

/// Who wants to register.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Application {
    /// E-mail address.
    #[schemars(length(min = 3, max = 254), extend("format" = "email"))]
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

/// Registers a person; a known address gets the same answer after the same work, and its owner a
/// mail.
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
    let mut owner = nobody::owner_of(&desk.tables, &hash).await?;
    for _ in 0..RACES_MAX {
        if owner.is_some() && desk.policies.is_on("auth.reveal_existing_email") {
            return Err(EMAIL_EXISTS.into());
        }
        let commit = arrival(desk, &hash, new.clone(), owner.as_ref()).await?;
        match once.commit(&desk.tables, commit, answer.clone()).await {
            Ok(answer) => return Ok(answer),
            // Somebody else registered the address in the same instant …
            Err(Missed::Refused(refused)) if refused.fault.code == EMAIL_EXISTS.code => {
                owner = refused.current()?;
            }
            // … or told its owner.
            Err(Missed::Refused(refused)) if is_of(owner.as_ref(), &refused) => {}
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many registrations at once"))
}

fn is_of(owner: Option<&EmailOwner>, refused: &Refused) -> bool {
    owner.is_some_and(|owner| owner.user_id == refused.key.pk)
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

/// Everything that a registration writes. Reads, keys, and number and size of the writes are the
/// same whether or not the address has an account: what is not to be is written as a ghost.
async fn arrival(
    desk: &Registrar,
    hash: &EmailHash,
    new: NewAccount,
    owner: Option<&EmailOwner>,
) -> Result<Commit> {
    let (now, lookup) = (desk.clock.now(), desk.lookup.key()?);
    let (known, known_key) = nobody::behind(&desk.tables, &desk.cipher, owner).await?;
    let (notice_id, notice) = notice_of(desk, &known, &known_key, now)?;
    let told = is_told(&desk.tables, &known, &notice_id).await?;
    let (account, key, base) = open(desk, hash, new, &desk.policies).await?;
    let person = base.create(&account, &UNAVAILABLE);
    let is_new = owner.is_none();
    let user_id = is_new.then_some(account.user_id.as_str());
    let (proof, said) = Proof::new(hash, user_id, &lookup, &desk.ids, now);
    let welcome = verification_mail(&account, &key, &proof, said, &desk.config, now)?;
    // The owner is told at most once an hour, and a real proof must not be voided.
    let mail = if is_new { welcome } else { notice };
    let voids = known.status == Status::PendingVerification;
    let proof = Commit::new().put(&proof);
    let mut arrival = Commit::new();
    for (write, wanted) in [
        (person, is_new),
        (mail, is_new || !told),
        (proof, is_new || !voids),
    ] {
        arrival = arrival.with(write.or_ghost(wanted, &desk.ids.ulid(), now.plus(HOUR_MS))?);
    }
    Ok(arrival)
}

/// Whether the owner of the address was told this hour. What is there takes longer to read than
/// what is not, so a second read is of the other kind.
async fn is_told(tables: &Tables, known: &Account, notice_id: &str) -> Result<bool> {
    let place = Notification::key_of(&known.user_id, notice_id);
    let told: Option<Notification> = tables.get_consistent(&place).await?;
    let other = match told {
        Some(_) => Account::key_of(notice_id),
        None => known.key(),
    };
    let _: Option<Account> = tables.get_consistent(&other).await?;
    Ok(told.is_some())
}

/// The id of this hour's mail to the owner of an address that somebody registers, and the mail.
fn notice_of(
    desk: &Registrar,
    known: &Account,
    key: &DataKey,
    now: Time,
) -> Result<(String, Commit)> {
    let facts = Facts {
        to: known.email(key)?,
        name: known.name.clone(),
        locale: known.locale.clone(),
        mail: Mail::AccountExists {
            link: desk.config.app_url.clone(),
        },
    };
    let event = format!("account_exists:{}", now.ms().div_euclid(HOUR_MS));
    let new = NewMail {
        user_id: &known.user_id,
        event: &event,
        facts: &facts,
        valid_until: Some(now.plus(DAY_MS)),
    };
    Ok((new.id(), notifications::mail(key, &new, now)?))
}
