//! Passwords that are not hashed as we hash today: imported with their accounts, or made with an
//! older pepper. They count until the next sign-in, which replaces them.

use super::account::Account;
use super::desk::Doorkeeper;
use super::password::{self, Peppers, StoredPassword};
use crate::aws::dynamo::Missed;
use crate::credits::Policies;
use crate::error::{Result, UNAVAILABLE};

/// Beginnings of the bcrypt hashes that are taken: the three names of one algorithm.
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];
/// Length of a bcrypt hash, bytes.
const BCRYPT_BYTES: usize = 60;
/// Least expensive bcrypt that there is.
const BCRYPT_COST_MIN: u32 = 4;
/// Most expensive bcrypt that is taken; 14 is about a second, and anybody may cause it.
const BCRYPT_COST_MAX: u32 = 14;

impl StoredPassword {
    /// A bcrypt hash of another system; `None` for what is none, or costs too much to check.
    pub fn imported(hash: &str) -> Option<Self> {
        let cost: u32 = hash.get(4..6)?.parse().ok()?;
        let taken = BCRYPT.iter().any(|name| hash.starts_with(name))
            && hash.len() == BCRYPT_BYTES
            && cost <= BCRYPT_COST_MAX;
        // Without pepper: the other system had none of ours.
        taken.then(|| Self {
            pepper: 0,
            phc: hash.to_owned(),
        })
    }

    /// A well-formed hash of this cost that belongs to no password.
    pub(super) fn nobodys_import(cost: u32) -> Self {
        Self {
            pepper: 0,
            phc: format!("$2b${cost:02}${}", ".".repeat(53)),
        }
    }

    /// Whether another system hashed it.
    pub fn is_imported(&self) -> bool {
        BCRYPT.iter().any(|name| self.phc.starts_with(name))
    }
}

/// Cost of the imported hashes that are about, if the policy says that there are any.
pub(super) fn cost(policies: &Policies) -> Option<u32> {
    let cost = u32::try_from(policies.number("auth.imported_bcrypt_cost")).ok()?;
    (BCRYPT_COST_MIN..=BCRYPT_COST_MAX)
        .contains(&cost)
        .then_some(cost)
}

/// The account after a right password: with its hash as we make it today.
///
/// # Errors
/// 500 when there is no pepper; 503 when the table does not answer, or the password changed in the
/// same instant, so that the one that was right may be no more.
pub(super) async fn renewed(desk: &Doorkeeper, account: Account, typed: String) -> Result<Account> {
    let peppers = Peppers::read(desk.pepper.text())?;
    let current = |stored: &StoredPassword| password::is_current(&peppers, stored);
    if account.password.as_ref().is_none_or(current) {
        return Ok(account);
    }
    let salt = desk.ids.bytes();
    let next = password::aside(move || password::hash(&peppers, &typed, salt)).await?;
    match desk.tables.commit(account.rehash(&next)?).await {
        Ok(()) => Ok(Account {
            password: Some(next),
            ..account
        }),
        Err(Missed::Refused(_)) => Err(UNAVAILABLE.because("the password changed in between")),
        Err(Missed::Failed(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_and_affordable_bcrypt_hashes_are_taken() {
        let made = bcrypt::hash("TestPass123", 4).expect("a hash");
        let stored = StoredPassword::imported(&made).expect("imported");
        assert!(stored.is_imported());
        let costly = made.replace("$04$", "$15$");
        let broken = &made[..59];
        for other in [
            costly.as_str(),
            broken,
            "$2b$04$",
            "",
            "$argon2id$v=19$m=19456",
        ] {
            assert_eq!(StoredPassword::imported(other), None, "{other}");
        }
    }
}
