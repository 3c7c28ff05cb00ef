//! What the accounts functions share of capabilities.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::address::address_prefix;
use crate::aws::cipher::{Cipher, NewKeys};
use crate::aws::secret::{Keeper, Lookup, Pepper, Secret, Signing};
use crate::config::Config;
use crate::credits::Policies;
use crate::desk::{Grants, desk};
use crate::env::Env;
use crate::error::Result;
use crate::function::Take;
use crate::http::Call;
use crate::http::limit::{Limit, Spent, spend_key};
use crate::id::Ids;
use crate::table::{Data, Keep, Ledger, Live, Read, Table, Write, WriteOnly};
use crate::time::Clock;

desk! {
    /// What opening an account needs.
    Office {
        tables: Table<(Write<Data>, WriteOnly<Ledger>)> = "Account, proof, mail; the wallet.",
        cipher: NewKeys = "The new person's data key.",
        lookup: Secret<Lookup> = "For the hash of the address.",
        policies: Policies = "Grants and switches.",
        ids: Ids = "For everything new.",
        clock: Clock = "Server time.",
        config: Arc<Config> = "Where links point.",
    }
}

desk! {
    /// What a registration with a password needs.
    Registrar {
        office: Office = "Opens the account.",
        pepper: Secret<Pepper> = "For the password.",
    }
}

impl Deref for Registrar {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.office
    }
}

desk! {
    /// What a sign-in through a provider needs on its way.
    Usher {
        tables: Table<Write<Live>> = "State and one-time code.",
        ids: Ids = "For both, the nonce and the verifier.",
        clock: Clock = "Server time.",
        config: Arc<Config> = "Which providers, and where the app may be.",
    }
}

desk! {
    /// What opening a session needs.
    Opener {
        tables: Table<(Write<Data>, Write<Live>, Read<Ledger>)> = "Session; lock; wallet link.",
        cipher: Cipher = "Seals the session's secret.",
        signing: Secret<Signing> = "Signs access tokens.",
        ids: Ids = "For everything new.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What a sign-in needs.
    Doorkeeper {
        door: Opener = "Opens the session.",
        pepper: Secret<Pepper> = "For the password.",
        lookup: Secret<Lookup> = "For the hash of the address.",
        policies: Policies = "Whether imported hashes are about.",
    }
}

impl Deref for Doorkeeper {
    type Target = Opener;

    fn deref(&self) -> &Opener {
        &self.door
    }
}

desk! {
    /// What a phone number needs.
    Operator {
        tables: Table<Write<Data>> = "Number, account, text message, mail.",
        cipher: Cipher = "Seals number and messages.",
        lookup: Secret<Lookup> = "For the hashes of number and code.",
        ids: Ids = "For the code.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What a second factor needs.
    Locksmith {
        tables: Table<Write<Data>> = "Factor, account, session, mail.",
        cipher: Cipher = "Seals the factor's secret and the mail.",
        ids: Ids = "For secrets and codes.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What a refresh needs.
    Renewer {
        tables: Table<Write<Data>> = "Session, and the notice of a reuse.",
        cipher: Cipher = "Opens the session's secret.",
        signing: Secret<Signing> = "Signs access tokens.",
        ids: Ids = "For the token's id.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What proving an address needs.
    Examiner {
        tables: Table<Write<Data>> = "Proof and account.",
        lookup: Secret<Lookup> = "For the hashes of address and code.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What another mail to prove an address needs.
    Notary {
        tables: Table<Write<Data>> = "Proof and account.",
        cipher: Cipher = "Seals the mail.",
        lookup: Secret<Lookup> = "For the hashes of address and code.",
        ids: Ids = "For the next proof.",
        clock: Clock = "Server time.",
        config: Arc<Config> = "Where links point.",
    }
}

desk! {
    /// What setting another password needs.
    Changer {
        tables: Table<(Write<Data>, Write<Live>)> = "Account, link, sessions; lock.",
        cipher: Cipher = "Opens the address, seals the notice.",
        pepper: Secret<Pepper> = "For both passwords.",
        lookup: Secret<Lookup> = "For the hash of the address.",
        ids: Ids = "For salt and notice.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What a measure of an administrator against a person needs.
    Warden {
        tables: Table<Write<Data>> = "Account, sessions, mail.",
        cipher: Cipher = "Opens the address, seals the mail.",
    }
}

desk! {
    /// What rotating the signing keys needs.
    Rotator {
        tables: Table<Write<Data>> = "The published set.",
        keys: Keeper<Signing> = "The private keys.",
        ids: Ids = "For the next key.",
        clock: Clock = "Server time.",
    }
}

desk! {
    /// What confirming a session needs.
    Confirmer {
        tables: Table<(Write<Data>, Write<Live>)> = "Session; lock.",
        cipher: Cipher = "Opens the address.",
        pepper: Secret<Pepper> = "For the password.",
        lookup: Secret<Lookup> = "For the hash of the address.",
        signing: Secret<Signing> = "Signs the access token.",
        ids: Ids = "For the token's id.",
        clock: Clock = "Server time.",
    }
}

/// Limits that count by account instead of by caller, for calls without sign-in.
#[derive(Clone)]
pub struct Guard {
    env: Env,
    spent: Spent,
    address: String,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Guard {
    /// Counts one request by `key` in a class.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`; 503 when the store fails and the class is closed.
    pub async fn spend(&self, limit: Limit, key: &str) -> Result<()> {
        spend_key(&self.env, &self.spent, limit, key).await
    }

    /// Counts one request by `key` and the caller's address.
    ///
    /// # Errors
    /// As [`Self::spend`].
    pub async fn spend_here(&self, limit: Limit, key: &str) -> Result<()> {
        let address = crate::http::call::counted(&self.address);
        self.spend(limit, &format!("{key}@{address}")).await
    }

    /// /24 or /48 of the caller's address.
    pub fn prefix(&self) -> String {
        address_prefix(&self.address)
    }
}

impl Take<Call> for Guard {
    const GRANTS: Grants = <Table<Keep<Live>> as Take<Call>>::GRANTS;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let (spent, address) = (call.spent.clone(), call.address.clone());
        Ok(Self {
            env: env.clone(),
            spent,
            address,
        })
    }
}
