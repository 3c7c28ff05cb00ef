//! Proof of presence in a running session: what is asked of a fresh caller.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::{self, Account};
use super::address::Email;
use super::desk::{Confirmer, Guard};
use super::factor::{self, Given};
use super::issue;
use super::lock;
use super::password::{self, Peppers};
use super::session::Session;
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::Tables;
use crate::aws::secret::{Lookup, Pepper, Secret};
use crate::error::{Error, INVALID_CREDENTIALS, Result, SESSION_REVOKED, VALIDATION_FAILED};
use crate::http::Me;
use crate::http::limit::Limit;
use crate::table::{Change, Commit, Condition, Item};
use crate::time::{Clock, Time};

/// The password, or a code of the second factor.
#[derive(Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-either" = [["password"], ["code"]]))]
pub struct Presence {
    /// Taken exactly as sent.
    #[schemars(length(min = 1), extend("x-bytes-max" = 256))]
    pub password: Option<String>,
    /// Six digits.
    #[schemars(length(min = 1, max = 16))]
    pub code: Option<String>,
}

/// The session counts as fresh.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Confirmed {
    /// Now.
    pub auth_time: Time,
    /// Replaces the access token that was used.
    pub access_token: String,
}

/// Confirms that the caller is present, and gives an access token that says so.
///
/// # Errors
/// 401 `INVALID_CREDENTIALS`, `MFA_VERIFICATION_FAILED`; 423 `ACCOUNT_LOCKED`.
pub async fn reauthenticate(
    desk: &Confirmer,
    guard: &Guard,
    me: &Me,
    given: Presence,
) -> Result<Confirmed> {
    let now = desk.clock.now();
    let place = Session::key_of(&me.user_id, &me.session_id);
    let session: Option<Session> = desk.tables.get_consistent(&place).await?;
    let session = session.ok_or(&SESSION_REVOKED)?;
    let next = match (given.password, given.code) {
        (Some(password), None) => {
            by_password(desk, guard, me, password).await?;
            let (next, commit) = session.confirm(1, now);
            desk.tables.commit(commit).await?;
            next
        }
        (None, Some(code)) => {
            guard.spend(Limit::Otp, &me.user_id).await?;
            let (next, _) = session.confirm(2, now);
            let beside = || Ok(session.confirm(2, now).1);
            let (tables, cipher) = (&desk.tables, &desk.cipher);
            let given = Given::Code(code);
            factor::prove(tables, cipher, &me.user_id, &given, now, beside).await?;
            next
        }
        _ => return Err(neither()),
    };
    let (access_token, _) = issue::access(&next, &desk.signing, &desk.ids, now)?;
    Ok(Confirmed {
        auth_time: now,
        access_token,
    })
}

fn neither() -> Error {
    let message = "Give either the password or a code.";
    let row = json!({ "field": "/password", "rule": "required", "message": message });
    VALIDATION_FAILED.with(json!({ "fields": [row] }))
}

async fn by_password(desk: &Confirmer, guard: &Guard, me: &Me, password: String) -> Result<()> {
    let account = account::load(&desk.tables, &me.user_id).await?;
    let key = desk.cipher.key(&me.user_id).await?;
    let knower = Knower {
        tables: &desk.tables,
        clock: &desk.clock,
        pepper: &desk.pepper,
        lookup: &desk.lookup,
    };
    knows_password(&knower, guard, (&account, &key), password).await
}

impl Session {
    /// The session after a proof of presence, which never lowers its level, and what stores it if
    /// the session has not ended.
    pub fn confirm(&self, aal: u8, now: Time) -> (Self, Commit) {
        let next = Self {
            aal: self.aal.max(aal),
            auth_time: now,
            ..self.clone()
        };
        let changes = vec![
            Change::number("aal", i64::from(next.aal)),
            Change::number("auth_time", now.ms()),
        ];
        let live = Condition::All(vec![Condition::Present, Condition::Missing("revoked_at")]);
        let guard = Some((live, &SESSION_REVOKED));
        let commit = Commit::new().update::<Self>(self.key(), changes, guard);
        (next, commit)
    }
}

/// What checking a signed-in person's password takes.
pub(super) struct Knower<'a> {
    /// The lock.
    pub tables: &'a Tables,
    /// Server time.
    pub clock: &'a Clock,
    /// For the password.
    pub pepper: &'a Secret<Pepper>,
    /// For the hash of the address.
    pub lookup: &'a Secret<Lookup>,
}

/// Checks the password of a signed-in person. Wrong ones count like those of a sign-in: a stolen
/// session has no more tries than anybody else in its network.
///
/// # Errors
/// 401 `INVALID_CREDENTIALS`, 423 `ACCOUNT_LOCKED`, 429 `RATE_LIMITED`.
pub(super) async fn knows_password(
    knower: &Knower<'_>,
    guard: &Guard,
    (account, key): (&Account, &DataKey),
    typed: String,
) -> Result<()> {
    let hash = Email::fold(&account.email(key)?).hash(&knower.lookup.key()?);
    let lock = lock::take(knower.tables, knower.clock, guard, &hash).await?;
    let peppers = Peppers::read(knower.pepper.text())?;
    let stored = account.password.clone();
    let right = password::aside(move || password::verify(&peppers, stored.as_ref(), &typed));
    if !right.await? {
        return Err(INVALID_CREDENTIALS.into());
    }
    Ok(knower.tables.commit(lock.free()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::session::tests::session;

    #[test]
    fn a_proof_of_presence_raises_and_never_lowers() {
        let now = Time(5_000_000);
        let (one, commit) = session().confirm(1, now);
        assert_eq!((one.aal, one.auth_time), (1, now));
        assert_eq!(commit.into_writes().expect("writes").len(), 1);
        let (two, _) = one.confirm(2, now);
        assert_eq!(two.aal, 2);
        assert_eq!(two.confirm(1, now.plus(1)).0.aal, 2);
        assert_eq!(two.generation, session().generation);
    }
}
