//! Nobody: the account that stands for every address that has none, so that answers about unknown
//! addresses take the same reads, the same unwrapping and the same hashing.
//!
//! Its row and its data key are ordinary ones under a user id that is never given to anybody. Its
//! status lets it do nothing, and no address leads to it.

use jiff::civil::Date;

use super::account::{Account, NewAccount, Status};
use super::address::{Email, EmailHash, EmailOwner};
use super::password::StoredPassword;
use crate::aws::cipher::{Cipher, DataKey, NewKeys};
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};
use crate::table::{Item, Key};
use crate::time::Time;

/// Its user id: the last one there can be.
pub const NOBODY: &str = "usr_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
/// Bytes that an owner's row has more than a missing one, so that both reads together are equal.
const PADDING_BYTES: usize = 150;
/// Sort key, as long as an owner's, under which nothing ever lies.
const MISSING: &str = "nobod";
/// Its birthdate.
const BORN: Date = Date::constant(1990, 1, 1);

/// Whose an address is. What is there takes longer to read than what is not, so a second read is
/// of the other kind: nobody's address after one that is nobody's, and a missing row after one
/// that is somebody's.
///
/// # Errors
/// 503 when the table does not answer.
pub(super) async fn owner_of(tables: &Tables, hash: &EmailHash) -> Result<Option<EmailOwner>> {
    let place = EmailOwner::key_of(hash);
    let owner: Option<EmailOwner> = tables.get_consistent(&place).await?;
    let other = match owner {
        Some(_) => Key::new(place.pk, MISSING),
        None => address(&place).key(),
    };
    let _: Option<EmailOwner> = tables.get_consistent(&other).await?;
    Ok(owner)
}

/// The row of an address as long as others, which no hash leads to.
fn address(like: &Key) -> EmailOwner {
    let (kind, hash) = like.pk.split_once('#').unwrap_or_default();
    EmailOwner {
        partition: format!("{kind}#{}", "~".repeat(hash.len())),
        user_id: NOBODY.to_owned(),
    }
}

/// Whose account to look at for an address: its owner's, or nobody's.
pub(super) fn id_of(owner: Option<&EmailOwner>) -> &str {
    owner.map_or(NOBODY, |owner| owner.user_id.as_str())
}

/// The account of an address's owner with its data key, or nobody's. The key is unwrapped every
/// time, because one that is kept would tell that the address was asked about before.
///
/// # Errors
/// 500 when the owner has no account, 503 when a service does not answer.
pub(super) async fn behind(
    tables: &Tables,
    cipher: &Cipher,
    owner: Option<&EmailOwner>,
) -> Result<(Account, DataKey)> {
    let user_id = id_of(owner);
    let account = tables.get_consistent(&Account::key_of(user_id)).await?;
    let account: Account = account.ok_or_else(|| INTERNAL_ERROR.because("no account"))?;
    let key = cipher.unwrap_again(&account.user_id).await?;
    Ok((account, key))
}

/// Makes nobody, unless they exist. A deployment does this once with its other first values, the
/// local cloud at its start: no operation has the right to make keys for it.
///
/// # Errors
/// 503 when a service does not answer.
pub async fn create_if_missing(env: &Env) -> Result<()> {
    let (tables, cipher) = (Tables::of(env), NewKeys::of(env));
    let key = Account::key_of(NOBODY);
    if tables.get::<Account>(&key).await?.is_none() {
        make(&tables, &cipher, env.clock().now()).await?;
    }
    Ok(())
}

async fn make(tables: &Tables, cipher: &NewKeys, now: Time) -> Result<Account> {
    let (key, key_row) = cipher.create(NOBODY).await?;
    let new = NewAccount {
        user_id: NOBODY.to_owned(),
        email: Email::fold("nobody@pairly.invalid"),
        password: Some(StoredPassword::nobodys()),
        name: "Nobody".to_owned(),
        birthdate: BORN,
        locale: "en".to_owned(),
        timezone: "0".repeat(PADDING_BYTES),
    };
    let mut account = Account::new(new, &key, now)?;
    account.status = Status::Deleted;
    account.email_verified_at = Some(now);
    account.last_sign_in_at = Some(now);
    let place = EmailOwner::key_of(&Email::fold("").hash(&[0; 32]));
    let rows = key_row.create(&account, &INTERNAL_ERROR);
    match tables.commit(rows.put(&address(&place))).await {
        Ok(()) => Ok(account),
        // Somebody else made them in the same instant.
        Err(Missed::Refused(_)) => super::account::load(tables, NOBODY).await,
        Err(Missed::Failed(error)) => Err(error),
    }
}
