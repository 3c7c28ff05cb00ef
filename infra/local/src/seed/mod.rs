//! What a first start finds: keys to sign tokens with, and demo people.
//!
//! - [`mint`]: people and sessions without their mails, for the demo and for scenarios
//! - [`secrets`]: the secrets that are made locally

mod mint;
mod secrets;

#[cfg(test)]
mod tests;

pub use mint::Minted;
pub(crate) use secrets::admin_root;

use std::sync::atomic::Ordering;

use serde::Serialize;
use shared::accounts::demo::{Newcomer, hash_password, open_person};
use shared::accounts::{keys, nobody};
use shared::admin::demo::open_admins;
use shared::{Error, Result};

use crate::runtime::Local;

/// Function name under which the local cloud itself appears to the services.
pub(crate) const SELF: &str = "local";
/// Credits of every demo person.
const CREDITS: i64 = 100;
/// Name, address and password of the demo people.
const PEOPLE: [(&str, &str, &str); 3] = [
    ("Ann", "ann@pairly.test", "Quiet-Harbour-21"),
    ("Ben", "ben@pairly.test", "Amber-Window-34"),
    ("Cleo", "cleo@pairly.test", "Paper-Lantern-55"),
];

/// A demo person, ready to sign in.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Id of the account.
    pub user_id: String,
    /// Display name.
    pub name: String,
    /// Verified address.
    pub email: String,
    /// Password, the same in every state.
    pub password: String,
}

impl Local {
    /// Makes the keys that sign access tokens, and the account that stands for unknown addresses,
    /// unless the state has them.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn prepare(&self) -> Result<(), String> {
        keys::create_if_missing(&self.env(SELF))
            .await
            .map_err(|error| sentence(&error))?;
        nobody::create_if_missing(&self.env(SELF))
            .await
            .map_err(|error| sentence(&error))?;
        self.0.prepared.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the records of the local administrators, unless the state has them.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn open_admins(&self) -> Result<(), String> {
        let env = self.env(SELF);
        let known = self.admins().list().iter();
        let staff: Vec<_> = known
            .filter_map(|one| Some((&*one.arn, one.role?)))
            .collect();
        let opened = open_admins(&env, &staff).await;
        opened.map_err(|error| sentence(&error))
    }

    /// The demo people of this state; whoever is missing is made.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub(crate) async fn demo_people(&self) -> Result<Vec<Person>, String> {
        let mut people = Vec::new();
        for (name, email, password) in PEOPLE {
            let user_id = self.demo_person(name, email, password).await;
            people.push(Person {
                user_id: user_id.map_err(|error| sentence(&error))?,
                name: name.to_owned(),
                email: email.to_owned(),
                password: password.to_owned(),
            });
        }
        Ok(people)
    }
}

impl Local {
    async fn demo_person(&self, name: &str, email: &str, password: &str) -> Result<String> {
        let env = self.env(SELF);
        let password = hash_password(&env, password).await?;
        let newcomer = Newcomer {
            name,
            email,
            password,
            credits: CREDITS,
        };
        open_person(&env, newcomer).await
    }
}

/// An error of a domain as a sentence for whoever starts the program.
fn sentence(error: &Error) -> String {
    format!("The local state cannot be prepared: {error}")
}
