//! People and sessions made without mails, for local mode and for scenarios that are about
//! something else; through the same code as everybody else's.

use super::account::{NewAccount, Status};
use super::address::{Email, EmailOwner};
use super::desk::{Doorkeeper, Registrar};
use super::issue::{self, TokenAnswer};
use super::password::StoredPassword;
use super::register::{hashed, open};
use super::sign_in::{begin, rows_of};
use crate::credits::{self, Policies, Policy, PolicyValue};
use crate::env::Env;
use crate::error::{Result, UNAVAILABLE};
use crate::function::Take;
use crate::time::Time;

/// Somebody who is to be there.
#[derive(Clone, Debug)]
pub struct Demo<'a> {
    /// Name.
    pub name: &'a str,
    /// Address.
    pub email: &'a str,
    /// Of [`demo_password`].
    pub password: StoredPassword,
    /// Credits of the new wallet.
    pub credits: i64,
}

/// A password as it is kept, so that a demo person can really sign in.
///
/// # Errors
/// 503 when the secrets do not answer.
pub async fn demo_password(env: &Env, password: &str) -> Result<StoredPassword> {
    let desk = <Registrar as Take<()>>::take(env, &mut ()).await?;
    hashed(&desk, password.to_owned()).await
}

/// Makes sure that there is a verified person with this address and returns the user id. Who is
/// there already stays as they are.
///
/// # Errors
/// 422 when the address is none; 503 when a service does not answer.
pub async fn open_demo(env: &Env, demo: Demo<'_>) -> Result<String> {
    let desk = <Registrar as Take<()>>::take(env, &mut ()).await?;
    let email = Email::parse(demo.email)?;
    let hash = email.hash(&desk.lookup.key()?);
    let known: Option<EmailOwner> = desk
        .tables
        .get_consistent(&EmailOwner::key_of(&hash))
        .await?;
    if let Some(owner) = known {
        return Ok(owner.user_id);
    }
    let now = desk.clock.now();
    let new = NewAccount {
        user_id: desk.ids.new_id("usr"),
        email,
        password: demo.password,
        name: demo.name.to_owned(),
        birthdate: jiff::civil::Date::constant(1990, 1, 1),
        locale: "en".to_owned(),
        timezone: "UTC".to_owned(),
    };
    let (mut account, _, commit) = open(&desk, &hash, new, &generous(demo.credits, now)).await?;
    account.status = Status::Active;
    account.email_verified_at = Some(now);
    desk.tables
        .commit(commit.create(&account, &UNAVAILABLE))
        .await?;
    Ok(account.user_id)
}

/// A further session of a person.
///
/// # Errors
/// 500 when there is no such person; 503 when a service does not answer.
pub async fn open_session(env: &Env, user_id: &str) -> Result<TokenAnswer> {
    let desk = <Doorkeeper as Take<()>>::take(env, &mut ()).await?;
    let now = desk.clock.now();
    let wallet_id = credits::wallet_of(&desk.tables, user_id).await?;
    let key = desk.cipher.key(user_id).await?;
    let (mut session, secret) = begin(user_id, wallet_id, &key, &desk.ids, now)?;
    session.ip_prefix = "127.0.0.0/24".to_owned();
    session.user_agent = "local".to_owned();
    desk.tables.commit(rows_of(&session)).await?;
    issue::answer(&session, &secret, &desk.signing, &desk.ids, now)
}

/// The policies of a world that greets everybody with credits.
fn generous(credits: i64, now: Time) -> Policies {
    let grant = Policy {
        key: "credits.signup_grant".to_owned(),
        value: PolicyValue::Number(credits),
        unit: "credits".to_owned(),
        effective_from: now,
        version: 1,
        changed_by: "local".to_owned(),
        reason: "Demo people have credits.".to_owned(),
    };
    Policies::of(vec![grant], now)
}
