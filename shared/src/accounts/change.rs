//! Setting another password: what may be the next one, and the one transaction that sets it, ends
//! sessions and tells the owner.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
use super::address::Email;
use super::desk::{Changer, Guard};
use super::notice::notice;
use super::password::{self, Peppers, StoredPassword};
use super::reauthenticate::{Knower, knows_password};
use super::reset::Reset;
use super::session::{RevokeReason, Session};
use super::sessions;
use super::social::identity::{self, Unproven};
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::Missed;
use crate::error::{Result, SAME_PASSWORD, UNAVAILABLE};
use crate::function::Answer;
use crate::http::{Call, Json, Me, Once};
use crate::notifications::SecurityChange;
use crate::table::Commit;
use crate::time::Time;

/// Tries when sessions of the account begin or end at once.
const RACES_MAX: u32 = 6;

/// The password of now and the one that is to be.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct PasswordChange {
    /// Taken exactly as sent.
    #[schemars(length(min = 1), extend("x-bytes-max" = 256))]
    pub current_password: String,
    /// 10 characters to 256 bytes, taken exactly as sent.
    #[schemars(length(min = 10), extend("x-bytes-max" = 256))]
    pub new_password: String,
}

/// The new password counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Changed {
    /// Always true.
    pub changed: bool,
    /// How many other sessions ended.
    pub sessions_revoked: usize,
}

/// Changes the caller's password, ends the other sessions and tells the owner.
///
/// # Errors
/// 401 `INVALID_CREDENTIALS`, 423 `ACCOUNT_LOCKED`; 422 `WEAK_PASSWORD`, `SAME_PASSWORD`.
pub async fn change_password(
    desk: &Changer,
    guard: &Guard,
    once: &Once,
    me: &Me,
    given: PasswordChange,
) -> Result<Json<Changed>> {
    let account = account::load(&desk.tables, &me.user_id).await?;
    let key = desk.cipher.key(&me.user_id).await?;
    let knower = Knower {
        tables: &desk.tables,
        clock: &desk.clock,
        pepper: &desk.pepper,
        lookup: &desk.lookup,
    };
    knows_password(&knower, guard, (&account, &key), given.current_password).await?;
    let successor = Successor {
        password: next_password(desk, &account, &key, given.new_password).await?,
        spared: Some(&me.session_id),
        change: SecurityChange::PasswordChanged,
        event: format!("password_changed:{}", account.version),
    };
    let answer = |sessions_revoked| {
        Json(Changed {
            changed: true,
            sessions_revoked,
        })
    };
    // Whoever could read the mail before shall not set the next password.
    let hash = Email::fold(&account.email(&key)?).hash(&desk.lookup.key()?);
    let void = || Reset::void(&hash);
    renew(desk, once, (account, &key), &successor, void, answer).await
}

/// What follows the password of now.
pub(super) struct Successor<'a> {
    /// As it is kept.
    pub password: StoredPassword,
    /// The one session that goes on; none after a reset.
    pub spared: Option<&'a str>,
    /// What the owner is told.
    pub change: SecurityChange,
    /// Names this one change.
    pub event: String,
}

/// The next password as it is kept, if it may be the next one.
///
/// # Errors
/// 422 `WEAK_PASSWORD` {reasons}, `SAME_PASSWORD`.
pub(super) async fn next_password(
    desk: &Changer,
    account: &Account,
    key: &DataKey,
    typed: String,
) -> Result<StoredPassword> {
    password::check(&typed, &Email::fold(&account.email(key)?))?;
    let peppers = Peppers::read(desk.pepper.text())?;
    let (stored, salt) = (account.password.clone(), desk.ids.bytes());
    password::aside(move || {
        if password::verify(&peppers, stored.as_ref(), &typed)? {
            return Err(SAME_PASSWORD.into());
        }
        password::hash(&peppers, &typed, salt)
    })
    .await
}

/// Sets the password, ends the sessions that are not spared and mails the owner, together with what
/// `also` gives; `answer` is told how many sessions ended. Where none is spared, identities that
/// may be somebody else's go too. A sign-in with the old password that is under way either is ended
/// with the others or finds the password changed.
///
/// # Errors
/// What `also` refuses; 503 when the account does not come to rest.
pub(super) async fn renew<A: Answer<Call> + Clone>(
    desk: &Changer,
    once: &Once,
    (mut account, key): (Account, &DataKey),
    next: &Successor<'_>,
    also: impl Fn() -> Commit,
    answer: impl Fn(usize) -> A,
) -> Result<A> {
    let (user_id, now) = (account.user_id.clone(), desk.clock.now());
    for _ in 0..RACES_MAX {
        let mut ending = sessions::live(&desk.tables, &user_id, now).await?;
        ending.retain(|session| Some(session.session_id.as_str()) != next.spared);
        let foreign = match next.spared {
            Some(_) => Unproven::default(),
            None => identity::unproven(desk, &account, key).await?,
        };
        let commit = also()
            .with(account.set_password(&next.password, foreign.count, now)?)
            .with(foreign.removal)
            .with(notice(&account, key, next.change, &next.event, now)?)
            .with(ended(&ending, now));
        match once
            .commit(&desk.tables, commit, answer(ending.len()))
            .await
        {
            Ok(answer) => return Ok(answer),
            Err(Missed::Refused(refused)) if refused.key.pk == user_id => {
                let before = account.password;
                account = account::load(&desk.tables, &user_id).await?;
                if account.password != before {
                    return Err(UNAVAILABLE.because("the password changed in between"));
                }
            }
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many sessions begin and end at once"))
}

fn ended(sessions: &[Session], now: Time) -> Commit {
    let reason = RevokeReason::PasswordChanged;
    let commits = sessions.iter().map(|session| session.revoke(reason, now));
    commits.fold(Commit::new(), Commit::with)
}
