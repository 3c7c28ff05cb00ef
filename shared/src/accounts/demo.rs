//! People and sessions made directly, for the demo and for scenarios that are about something
//! else: what registration, proof and sign-in would leave, through the same code, without mails.

use super::account::{self, NewAccount, Status};
use super::address::{Email, EmailOwner};
use super::desk::{Doorkeeper, Registrar};
use super::issue::{self, TokenAnswer};
use super::password::{self, Peppers, StoredPassword};
use super::register::open;
use super::sign_in::opening;
use crate::aws::secret::{self, Pepper};
use crate::credits::{Policies, Policy, PolicyValue};
use crate::env::Env;
use crate::error::{Result, UNAVAILABLE};
use crate::function::Take;
use crate::time::Time;

/// Where they come from.
const PREFIX: &str = "127.0.0.0/24";
/// Everybody's birthdate.
const BORN: jiff::civil::Date = jiff::civil::Date::constant(1990, 1, 1);

/// Somebody who is to be there.
#[derive(Clone, Debug)]
pub struct Newcomer<'a> {
    /// Name that others see.
    pub name: &'a str,
    /// Address, taken as proven.
    pub email: &'a str,
    /// Password as it is kept.
    pub password: StoredPassword,
    /// Credits to start with.
    pub credits: i64,
}

/// A password as it is kept.
///
/// # Errors
/// 500 when the pepper is malformed.
pub async fn hash_password(env: &Env, password: &str) -> Result<StoredPassword> {
    let peppers = Peppers::read(secret::read::<Pepper>(env).await?.text())?;
    let (salt, password) = (env.ids().bytes(), password.to_owned());
    password::aside(move || password::hash(&peppers, &password, salt)).await
}

/// The id of the person with this address; whoever is missing is made, verified and active.
///
/// # Errors
/// 422 when the address is none; 503 when a service does not answer.
pub async fn open_person(env: &Env, newcomer: Newcomer<'_>) -> Result<String> {
    let desk = <Registrar as Take<()>>::take(env, &mut ()).await?;
    let email = Email::parse(newcomer.email)?;
    let hash = email.hash(&desk.lookup.key()?);
    let key = EmailOwner::key_of(&hash);
    if let Some(owner) = desk.tables.get_consistent::<EmailOwner>(&key).await? {
        return Ok(owner.user_id);
    }
    let now = desk.clock.now();
    let new = NewAccount {
        user_id: desk.ids.new_id("usr"),
        email,
        password: Some(newcomer.password),
        name: newcomer.name.to_owned(),
        birthdate: BORN,
        locale: "en".to_owned(),
        timezone: "UTC".to_owned(),
    };
    let policies = generous(newcomer.credits, now);
    let (mut account, _, commit) = open(&desk, &hash, new, &policies).await?;
    account.status = Status::Active;
    account.email_verified_at = Some(now);
    desk.tables
        .commit(commit.create(&account, &UNAVAILABLE))
        .await?;
    Ok(account.user_id)
}

/// A session of a person, as after a sign-in.
///
/// # Errors
/// 404 when there is no such person; 503 when a service does not answer.
pub async fn open_session(env: &Env, user_id: &str) -> Result<TokenAnswer> {
    let desk = <Doorkeeper as Take<()>>::take(env, &mut ()).await?;
    let now = desk.clock.now();
    let account = account::load(&desk.tables, user_id).await?;
    let (mut session, secret, rows) = opening(&desk, &account, now).await?;
    session.ip_prefix = PREFIX.to_owned();
    desk.tables
        .commit(rows.create(&session, &UNAVAILABLE))
        .await?;
    issue::answer(&session, &secret, &desk.signing, &desk.ids, now)
}

/// The policies of a world that greets everybody with credits.
fn generous(credits: i64, now: Time) -> Policies {
    let grant = Policy {
        key: "credits.signup_grant".to_owned(),
        value: PolicyValue::Number(credits),
        unit: "credits".to_owned(),
        effective_from: Time(0),
        version: 1,
        changed_by: "local".to_owned(),
        reason: "People who are made directly bring their credits.".to_owned(),
    };
    Policies::of(vec![grant], now)
}
