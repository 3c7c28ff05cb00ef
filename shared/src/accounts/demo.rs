//! People for local mode and tests, through the same code as everybody else.

use super::account::{NewAccount, Status};
use super::address::{Email, EmailOwner};
use super::desk::Registrar;
use super::register::{hashed, open};
use crate::credits::{Policies, Policy, PolicyValue};
use crate::env::Env;
use crate::error::{Result, UNAVAILABLE};
use crate::function::Take;
use crate::time::Time;

/// Credits that a demo person starts with.
const CREDITS: i64 = 100;

/// A person who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// `usr_…`
    pub user_id: String,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// Makes sure that there is a verified person with this address, with a wallet of 100 credits
/// if the person is new. Repeating it changes nothing.
///
/// # Errors
/// 422 when the address is none; 503 when a service does not answer.
pub async fn open_demo(env: &Env, email: &str, name: &str, password: &str) -> Result<Person> {
    let desk = <Registrar as Take<()>>::take(env, &mut ()).await?;
    let address = Email::parse(email)?;
    let hash = address.hash(&desk.lookup.key()?);
    let known: Option<EmailOwner> = desk
        .tables
        .get_consistent(&EmailOwner::key_of(&hash))
        .await?;
    let user_id = match known {
        Some(owner) => owner.user_id,
        None => {
            let now = desk.clock.now();
            let new = NewAccount {
                user_id: desk.ids.new_id("usr"),
                email: address,
                password: hashed(&desk, password.to_owned()).await?,
                name: name.to_owned(),
                birthdate: jiff::civil::Date::constant(1990, 1, 1),
                locale: "en".to_owned(),
                timezone: "UTC".to_owned(),
            };
            let (mut account, _, commit) = open(&desk, &hash, new, &generous(now)).await?;
            account.status = Status::Active;
            account.email_verified_at = Some(now);
            desk.tables
                .commit(commit.create(&account, &UNAVAILABLE))
                .await?;
            account.user_id
        }
    };
    Ok(Person {
        user_id,
        email: email.to_owned(),
        name: name.to_owned(),
        password: password.to_owned(),
    })
}

/// The policies of a world that greets everybody with credits.
fn generous(now: Time) -> Policies {
    let grant = Policy {
        key: "credits.signup_grant".to_owned(),
        value: PolicyValue::Number(CREDITS),
        unit: "credits".to_owned(),
        effective_from: now,
        version: 1,
        changed_by: "local".to_owned(),
        reason: "Demo people have credits.".to_owned(),
    };
    Policies::of(vec![grant], now)
}
