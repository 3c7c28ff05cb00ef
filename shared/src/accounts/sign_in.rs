//! Sign-in: the right password of an active account opens a session.

use schemars::JsonSchema;
use serde::Deserialize;

use super::account::{Account, Status, load};
use super::address::{Email, EmailHash};
use super::desk::{Doorkeeper, Guard, Opener};
use super::factor::challenge::{self, SignedIn};
use super::import;
use super::issue::{self, TokenAnswer};
use super::lock;
use super::nobody;
use super::password::{self, Peppers};
use super::place;
use super::sealed::Sealed;
use super::session::{
    REFRESH_SECONDS, RevokeReason, SESSION_ABSOLUTE_MS, SESSION_KEPT_MS, SESSIONS_MAX, Session,
    SessionOwner,
};
use super::sessions;
use crate::aws::dynamo::Missed;
use crate::credits;
use crate::error::{EMAIL_NOT_CONFIRMED, INVALID_CREDENTIALS, Result, UNAVAILABLE};
use crate::http::Client;
use crate::relay::{self, NewDevice};
use crate::table::{Change, Commit, Item, Refused};
use crate::time::{SECOND_MS, Time};

/// Tries when others sign in to the same account at once.
const RACES_MAX: u32 = 6;

/// Address and password.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Credentials {
    /// E-mail address.
    #[schemars(length(min = 1, max = 254))]
    pub email: String,
    /// Taken exactly as sent.
    #[schemars(length(min = 1), extend("x-bytes-max" = 256))]
    pub password: String,
    /// The device that signs in; the session is bound to it.
    pub device: Option<NewDevice>,
}

/// Signs in.
///
/// # Errors
/// 401 `INVALID_CREDENTIALS`, alike for wrong passwords and unknown addresses; with the right
/// password 403 `EMAIL_NOT_CONFIRMED` or `USER_BANNED`; 423 `ACCOUNT_LOCKED`; what
/// [`relay::enroll`] refuses of the device.
pub async fn sign_in(
    desk: &Doorkeeper,
    guard: &Guard,
    client: &Client,
    given: Credentials,
) -> Result<SignedIn> {
    let hash = Email::fold(&given.email).hash(&desk.lookup.key()?);
    let lock = lock::take(&desk.tables, &desk.clock, guard, &hash).await?;
    let account = find(desk, &hash).await?;
    let account = account.filter(|account| account.status != Status::Deleted);
    let peppers = Peppers::read(desk.pepper.text())?;
    let stored = account
        .as_ref()
        .and_then(|account| account.password.clone());
    let (typed, imported) = (given.password.clone(), import::cost(&desk.policies));
    let right = password::aside(move || match imported {
        Some(cost) => password::verify_either(&peppers, stored.as_ref(), &typed, cost),
        None => password::verify(&peppers, stored.as_ref(), &typed),
    });
    let (true, Some(account)) = (right.await?, account) else {
        return Err(INVALID_CREDENTIALS.into());
    };
    let now = desk.clock.now();
    if let Err(refusal) = may_enter(&account, now) {
        desk.tables.commit(lock.free()).await?;
        return Err(refusal);
    }
    let account = import::renewed(desk, account, given.password).await?;
    let who = (&account, given.device.as_ref());
    enter(desk, guard, client, who, || Ok(lock.free())).await
}

/// Lets somebody in who has proven to be the person of the account: into a session, or before the
/// question for the second factor. `beside` is written with either; the session is bound to the
/// device.
///
/// # Errors
/// 403 `USER_BANNED`, 503 when others sign in at once for too long, and what `beside` refuses.
pub(super) async fn enter(
    desk: &Opener,
    guard: &Guard,
    client: &Client,
    (account, device): (&Account, Option<&NewDevice>),
    beside: impl Fn() -> Result<Commit>,
) -> Result<SignedIn> {
    if account.two_factor_at.is_some() {
        return Ok(challenge::ask(desk, (account, device), beside()?).await?);
    }
    let tokens = open(desk, guard, client, (account, device), 1, beside).await?;
    Ok(SignedIn::Tokens(tokens))
}

/// The account of an address; nobody's for an unknown one, so that both take the same reads.
async fn find(desk: &Doorkeeper, hash: &EmailHash) -> Result<Option<Account>> {
    let owner = nobody::owner_of(&desk.tables, hash).await?;
    let user_id = nobody::id_of(owner.as_ref());
    desk.tables.get_consistent(&Account::key_of(user_id)).await
}

/// Whether the person, known by now, may have a session.
pub(super) fn may_enter(account: &Account, now: Time) -> Result<()> {
    if let Some(ban) = account.ban(now) {
        return Err(ban);
    }
    match account.status {
        Status::Active | Status::Banned => Ok(()),
        Status::PendingVerification => Err(EMAIL_NOT_CONFIRMED.into()),
        Status::Deleting | Status::Deleted => Err(INVALID_CREDENTIALS.into()),
    }
}

/// Opens a session of an assurance level; `beside` is written with it.
pub(super) async fn open(
    desk: &Opener,
    guard: &Guard,
    client: &Client,
    (account, device): (&Account, Option<&NewDevice>),
    aal: u8,
    beside: impl Fn() -> Result<Commit>,
) -> Result<TokenAnswer, Missed> {
    let (mut account, now) = (account.clone(), desk.clock.now());
    for _ in 0..RACES_MAX {
        let (mut session, secret, rows) = opening(desk, &account, now).await?;
        session.ip_prefix = guard.prefix();
        session.user_agent.clone_from(&client.user_agent);
        session.aal = aal;
        let bound = bind(desk, &mut session, device, now).await?;
        let told = place::signed_in(desk, &account, &session, now).await?;
        let commit = rows
            .with(told)
            .with(bound)
            .create(&session, &UNAVAILABLE)
            .with(beside()?);
        match desk.tables.commit(commit).await {
            Ok(()) => {
                let answer = issue::answer(&session, &secret, &desk.signing, &desk.ids, now);
                return Ok(answer?);
            }
            Err(Missed::Refused(refused)) if is_ours(&refused, &account) => {
                // Another sign-in came in between: both sessions must know of each other.
                let before = account.password;
                account = load(&desk.tables, &account.user_id).await?;
                may_enter(&account, now)?;
                if account.password != before {
                    return Err(UNAVAILABLE
                        .because("the password changed in between")
                        .into());
                }
            }
            Err(missed) => return Err(missed),
        }
    }
    Err(UNAVAILABLE.because("too many sign-ins at once").into())
}

/// Binds a session to the device that signs in, if one does, and gives the writes of that.
async fn bind(
    desk: &Opener,
    session: &mut Session,
    device: Option<&NewDevice>,
    now: Time,
) -> Result<Commit> {
    let Some(device) = device else {
        return Ok(Commit::new());
    };
    let enrolled = relay::enroll(&desk.tables, &session.user_id, device, &desk.ids, now).await?;
    session.device_id = Some(enrolled.device.device_id.clone());
    Ok(enrolled.bind())
}

/// Whether account, sessions or devices changed while a session was being opened.
fn is_ours(refused: &Refused, account: &Account) -> bool {
    let sk = &refused.key.sk;
    let row = sk.starts_with(Session::PREFIX) || relay::is_device_row(sk);
    refused.key == account.key() || row && refused.key.pk == account.user_id
}

/// A new session of a person, its secret, and what has to be written beside it: the note of the
/// sign-in, the way from session to person, room for it, and word of it to a lonely session.
pub(super) async fn opening(
    desk: &Opener,
    account: &Account,
    now: Time,
) -> Result<(Session, [u8; 32], Commit)> {
    let user_id = account.user_id.as_str();
    let wallet_id = credits::wallet_of(&desk.tables, user_id).await?;
    let key = desk.cipher.key(user_id).await?;
    let (session_id, secret) = (desk.ids.new_id("ses"), desk.ids.bytes::<32>());
    let sealed = Sealed(key.seal(&issue::secret_place(&session_id), &secret)?);
    let live = sessions::live(&desk.tables, user_id, now).await?;
    let mut session = begin(account, session_id, wallet_id, sealed, now);
    session.others = !live.is_empty();
    let pointer = SessionOwner {
        session_id: session.session_id.clone(),
        user_id: user_id.to_owned(),
        expires: now.plus(SESSION_ABSOLUTE_MS + SESSION_KEPT_MS).seconds(),
    };
    let away = evict(&live, now);
    let lonely = live
        .iter()
        .filter(|_| away.is_empty())
        .map(Session::meet_another);
    let lonely = lonely.fold(admitted(account, now), Commit::with);
    let rows = away.into_iter().fold(lonely, Commit::with);
    Ok((session, secret, rows.create(&pointer, &UNAVAILABLE)))
}

/// The first state of a session.
pub(super) fn begin(
    account: &Account,
    session_id: String,
    wallet_id: String,
    secret: Sealed,
    now: Time,
) -> Session {
    let expires_at = now.plus(REFRESH_SECONDS * SECOND_MS);
    Session {
        session_id,
        user_id: account.user_id.clone(),
        wallet_id,
        device_id: None,
        generation: 1,
        generation_used: false,
        rotated_at: now,
        secret,
        expires_at,
        absolute_expires_at: now.plus(SESSION_ABSOLUTE_MS),
        aal: 1,
        auth_time: now,
        ip_prefix: String::new(),
        user_agent: String::new(),
        country: None,
        last_used_at: now,
        created_at: now,
        revoked_at: None,
        revoke_reason: None,
        banned_until: None,
        others: true,
        slowed_until: None,
        expires: expires_at.plus(SESSION_KEPT_MS).seconds(),
    }
}

/// Notes the sign-in, unless the account was banned or erased, got another password, or another
/// sign-in began, while the password was checked.
fn admitted(account: &Account, now: Time) -> Commit {
    let change = Change::number("last_sign_in_at", account.next_sign_in(now).ms());
    let guard = Some((account.quiet(), &UNAVAILABLE));
    Commit::new().update::<Account>(account.key(), vec![change], guard)
}

/// What makes room for one more session: the least recently used ones end.
fn evict(live: &[Session], now: Time) -> Vec<Commit> {
    let surplus = (live.len() + 1).saturating_sub(SESSIONS_MAX);
    let mut oldest: Vec<_> = live.iter().collect();
    oldest.sort_by_key(|session| session.last_used_at);
    let away = oldest.into_iter().take(surplus);
    away.map(|session| session.revoke(RevokeReason::Evicted, now))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::session::tests::session;

    #[test]
    fn the_twenty_first_session_ends_the_least_recently_used() {
        let mut live: Vec<_> = (0..20)
            .map(|n| Session {
                session_id: format!("ses_{n}"),
                ..session()
            })
            .collect();
        live[7].last_used_at = Time(1);
        assert!(evict(&live[..19], Time(9)).is_empty());
        let away = evict(&live, Time(9));
        assert_eq!(away.len(), 1);
        let writes = away.into_iter().next().map(Commit::into_writes);
        let writes = writes.expect("one").expect("commit");
        assert_eq!(writes[0].key.sk, "session#ses_7");
    }
}
