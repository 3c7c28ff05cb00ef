//! Identity providers that speak like Google, Facebook and Apple, with people to choose from.
//!
//! - [`page`]: what a browser sees, under `/_local/idp/{provider}/authorize`
//! - `token`: what functions ask, at the providers' own hosts, through the connector of the cloud
//! - `keys`: the keys that sign ID tokens
//!
//! They check what the real ones check: client, address, proof of possession, and that a code
//! counts once. A test orders what goes wrong with [`Idp::misbehave`].

mod keys;
pub mod page;
mod token;

pub(crate) use token::asked;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use shared::accounts::social::provider::Provider;
use shared::config::Config;
use shared::time::{MINUTE_MS, Time};

/// How long a code counts, milliseconds.
const CODE_MS: i64 = 10 * MINUTE_MS;

/// Somebody with an account at every provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id at the providers.
    pub sub: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Address, if they share it.
    pub email: Option<String>,
    /// Whether the providers that say so vouch for it.
    pub verified: bool,
}

impl Person {
    /// Somebody with a verified address.
    pub fn new(sub: &str, first: &str, email: &str) -> Self {
        Self {
            sub: sub.to_owned(),
            first: first.to_owned(),
            last: "Quist".to_owned(),
            email: Some(email.to_owned()),
            verified: true,
        }
    }
}

/// What is wrong with the next ID tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mischief {
    /// A nonce of another sign-in.
    WrongNonce,
    /// Another issuer.
    WrongIssuer,
    /// Made for another client.
    WrongAudience,
    /// For us and for somebody else, who was authorised.
    ForeignParty,
    /// Over since a while.
    Expired,
    /// Not begun yet.
    FromTheFuture,
    /// Not signed.
    AlgNone,
    /// Signed with the public key as a shared secret.
    Hs256,
    /// Signed with a key that is not published.
    UnknownKey,
    /// Signed with an unpublished key under a published id.
    ForgedKey,
    /// Changed after signing.
    Tampered,
    /// None at all.
    NoToken,
    /// Longer than any answer should be.
    Endless,
}

/// What a person agreed to.
#[derive(Clone, Debug)]
struct Consent {
    provider: Provider,
    person: Person,
    redirect_uri: String,
    nonce: String,
    challenge: String,
    expires_at: Time,
}

/// Our registration at a provider.
#[derive(Clone, Debug, Default)]
struct Client {
    id: String,
    callback: String,
    team_id: String,
    key_id: String,
}

struct State {
    people: Vec<Person>,
    clients: HashMap<&'static str, Client>,
    codes: HashMap<String, Consent>,
    /// Subjects that have told Apple's client their name.
    introduced: HashSet<String>,
    mischief: Option<Mischief>,
}

/// The three providers.
pub struct Idp(Mutex<State>);

impl Default for Idp {
    fn default() -> Self {
        let unverified = Person {
            verified: false,
            ..Person::new("1000003", "Finn", "finn@pairly.test")
        };
        let silent = Person {
            email: None,
            ..Person::new("1000004", "Gwen", "")
        };
        Self(Mutex::new(State {
            people: vec![
                Person::new("1000001", "Dora", "dora@pairly.test"),
                Person::new("1000002", "Ann", "ann@pairly.test"),
                unverified,
                silent,
            ],
            clients: HashMap::new(),
            codes: HashMap::new(),
            introduced: HashSet::new(),
            mischief: None,
        }))
    }
}

impl Idp {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers us at the providers that are configured.
    pub fn register(&self, config: &Config) {
        let apple = config.social.apple.as_ref();
        for provider in Provider::ALL {
            let Ok(id) = provider.client_id(config) else {
                continue;
            };
            let client = Client {
                id: id.to_owned(),
                callback: provider.callback(config),
                team_id: apple.map(|apple| apple.team_id.clone()).unwrap_or_default(),
                key_id: apple.map(|apple| apple.key_id.clone()).unwrap_or_default(),
            };
            self.state().clients.insert(provider.as_str(), client);
        }
    }

    /// Adds a person, or changes the one with this id.
    pub fn invite(&self, person: Person) {
        let mut state = self.state();
        state.people.retain(|known| known.sub != person.sub);
        state.people.push(person);
    }

    /// What goes wrong from now on; nothing with `None`.
    pub fn misbehave(&self, mischief: Option<Mischief>) {
        self.state().mischief = mischief;
    }

    /// Everybody there is.
    fn people(&self) -> Vec<Person> {
        self.state().people.clone()
    }
}

impl std::fmt::Debug for Idp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Idp")
    }
}
