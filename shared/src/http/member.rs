//! The signed-in caller: exists only with a valid token of a session that is not revoked.

use std::sync::{Arc, Mutex, PoisonError};

use super::call::{Call, Caller};
use super::limit::{note_slowed, spend};
use crate::accounts::session::Session;
use crate::accounts::token::{Claims, PublicKeys, Verifier};
use crate::accounts::{Account, ban};
use crate::aws::Way;
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{
    DEVICE_REVOKED, Error, INSUFFICIENT_AAL, NOT_READY, REAUTHENTICATION_NEEDED, Result,
    TOKEN_INVALID, UNAUTHENTICATED, USER_BANNED,
};
use crate::function::{Grant, Operation, Take};
use crate::realtime::{ConnectionOwner, State};
use crate::relay;
use crate::table::{Data, Edit, Get, Item, Keep, Live, Table};
use crate::time::{MINUTE_MS, Time};

/// How long an instance uses the public keys before it reads them again.
const KEYS_MS: i64 = 5 * MINUTE_MS;
/// How long a proof of presence counts for what is asked of a fresh caller.
const FRESH_MS: i64 = 10 * MINUTE_MS;

/// Who is calling.
#[derive(Debug, Clone)]
pub struct Me {
    /// `usr_…`
    pub user_id: String,
    /// `ses_…`
    pub session_id: String,
    /// The person's wallet.
    pub wallet_id: String,
    /// The session's device, if sign-in named one.
    pub device_id: Option<String>,
    /// Assurance level, 1 or 2.
    pub aal: u8,
    /// Last proof of presence.
    pub auth_time: Time,
    /// Whether the person may have other sessions.
    pub others: bool,
    /// The socket the frame came by.
    pub connection_id: Option<String>,
}

impl Me {
    /// The device, else the session: one connection and one activity each.
    pub fn slot(&self) -> &str {
        self.device_id.as_deref().unwrap_or(&self.session_id)
    }
}

/// A signed-in caller. Taking it verifies token or connection, reads the session row
/// consistently, and counts the call in its rate class.
#[derive(Debug, Clone)]
pub struct Member(pub Me);

/// A signed-in caller of an operation that has frames alone: there is neither a token that is used
/// for the first time nor a refusal that counts, and so nothing to write down.
#[derive(Debug, Clone)]
pub struct OnSocket(pub Me);

/// A signed-in caller who proved within the last 10 minutes that it is them, with the second
/// factor where there is one.
#[derive(Debug, Clone)]
pub struct Fresh(pub Me);

/// Anybody; where a token comes along, it is known whether its person is a fresh caller.
#[derive(Debug)]
pub struct Visitor(Result<Me>);

impl Visitor {
    /// The fresh caller.
    ///
    /// # Errors
    /// 401 without a valid token, 403 when it is not fresh.
    pub fn fresh(self) -> Result<Me> {
        self.0
    }
}

#[derive(Default)]
struct KeyCache(Mutex<Option<(Time, Arc<Verifier>)>>);

async fn verifier(env: &Env, now: Time) -> Result<Arc<Verifier>> {
    let cache = env.part(|_| KeyCache::default());
    let known = cache
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some((read, verifier)) = known
        && now.since(read) < KEYS_MS
    {
        return Ok(verifier);
    }
    let keys: Option<PublicKeys> = Tables::of(env).get(&PublicKeys::key_of()).await?;
    let verifier = Arc::new(Verifier::of(&keys.unwrap_or_default())?);
    *cache.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&verifier)));
    Ok(verifier)
}

/// The claims of the bearer token (RFC 6750).
async fn claims(env: &Env, call: &Call) -> Result<Claims> {
    let header = call.header("authorization").ok_or(&UNAUTHENTICATED)?;
    let (scheme, token) = header.split_once(' ').ok_or(&TOKEN_INVALID)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TOKEN_INVALID.into());
    }
    verifier(env, call.now)
        .await?
        .verify(token.trim(), call.now)
}

/// Whose call it is: what token or connection say.
struct Proof {
    user_id: String,
    session_id: String,
    /// Of the token.
    generation: Option<i64>,
    /// Device of the connection, if it is not the session's own.
    device_id: Option<String>,
}

/// Session id and token generation behind a frame or a token.
async fn proof(env: &Env, call: &Call) -> Result<Proof> {
    let Some(socket) = &call.socket else {
        let claims = claims(env, call).await?;
        return Ok(Proof {
            user_id: claims.sub,
            session_id: claims.sid,
            generation: Some(claims.generation),
            device_id: None,
        });
    };
    let key = ConnectionOwner::key_of(&socket.connection_id);
    let tables = Tables::of(env);
    let owner = match tables.get::<ConnectionOwner>(&key).await? {
        Some(owner) if owner.state == State::Ready => Some(owner),
        // The first frame may come before a lagging read shows the row, or its proof.
        _ => tables.get_consistent(&key).await?,
    };
    let owner = owner.ok_or(&UNAUTHENTICATED)?;
    match (owner.state, owner.session_id) {
        (State::Ready, Some(session_id)) if owner.expires > call.now.seconds() => Ok(Proof {
            user_id: owner.user_id,
            session_id,
            generation: None,
            device_id: owner.device_id,
        }),
        _ => Err(NOT_READY.into()),
    }
}

async fn session(env: &Env, call: &Call) -> Result<Session> {
    let proof = proof(env, call).await?;
    let (tables, generation) = (Tables::of(env), proof.generation);
    let key = Session::key_of(&proof.user_id, &proof.session_id);
    let session: Option<Session> = tables.get_consistent(&key).await?;
    // A valid token without a row: the account was erased or the row aged out.
    let mut session = session.ok_or_else(|| Error::from(&crate::error::SESSION_REVOKED))?;
    match session.check(generation.unwrap_or(session.generation), call.now) {
        // The ban may have another end by now, or none any more.
        Err(refused) if refused.is(&USER_BANNED) => {
            return Err(ban::refusal(&tables, &session, call.now).await?);
        }
        checked => checked?,
    }
    if let Some(first_use) = generation.and_then(|generation| session.mark_used(generation)) {
        match tables.commit(first_use).await {
            Ok(()) | Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    if let Some(device_id) = proof.device_id {
        let own = session.device_id.as_ref() == Some(&device_id);
        if !own && !relay::is_active(&tables, &proof.user_id, &device_id).await? {
            return Err(DEVICE_REVOKED.into());
        }
        session.device_id = Some(device_id);
    }
    Ok(session)
}

/// The capability to read access tokens that do not stand in a header.
#[derive(Clone)]
pub struct Tokens(Arc<Verifier>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// What a token claims, if it is authentic.
    ///
    /// # Errors
    /// 401 `TOKEN_INVALID`, `TOKEN_EXPIRED`.
    pub fn claims(&self, token: &str, now: Time) -> Result<Claims> {
        self.0.verify(token, now)
    }
}

impl Take<Call> for Tokens {
    const GRANTS: &'static [&'static [Grant]] = <Table<Get<Data>> as Take<Call>>::GRANTS;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        verifier(env, call.now).await.map(Self)
    }
}

impl Take<Call> for Member {
    const GRANTS: &'static [&'static [Grant]] =
        <Table<(Edit<Data>, Keep<Live>)> as Take<Call>>::GRANTS;
    const MEMBER: bool = true;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        member(env, call).await
    }
}

/// Who calls. Boxed, so that it is compiled here once and not again into every binary.
fn member<'a>(env: &'a Env, call: &'a mut Call) -> Way<'a, Result<Member>> {
    Box::pin(async move {
        let session = session(env, call).await?;
        call.user_id = Some(session.user_id.clone());
        (call.session, call.slowed_until) = (Some(session.key()), session.slowed_until);
        let me = Me {
            user_id: session.user_id,
            session_id: session.session_id,
            wallet_id: session.wallet_id,
            device_id: session.device_id,
            aal: session.aal,
            auth_time: session.auth_time,
            others: session.others,
            connection_id: call
                .socket
                .as_ref()
                .map(|socket| socket.connection_id.clone()),
        };
        let slowed = spend(env, call, &me.user_id, Some(me.slot())).await?;
        note_slowed(env, call, slowed).await;
        Ok(Member(me))
    })
}

impl Take<Call> for OnSocket {
    const GRANTS: &'static [&'static [Grant]] =
        <Table<(Get<Data>, Get<Live>)> as Take<Call>>::GRANTS;
    const MEMBER: bool = true;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        member(env, call).await.map(|Member(me)| Self(me))
    }
}

impl Take<Call> for Visitor {
    const GRANTS: &'static [&'static [Grant]] = <Member as Take<Call>>::GRANTS;

    fn describe(operation: &mut Operation) {
        operation.visitor = true;
    }

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        if call.header("authorization").is_none() {
            Caller::take(env, call).await?;
            return Ok(Self(Err(UNAUTHENTICATED.into())));
        }
        match Fresh::take(env, call).await {
            Ok(Fresh(me)) => Ok(Self(Ok(me))),
            Err(error) if (401..=403).contains(&error.fault().status) => {
                // Counted as the stranger that they are.
                Caller::take(env, call).await?;
                Ok(Self(Err(error)))
            }
            Err(error) => Err(error),
        }
    }
}

impl Take<Call> for Fresh {
    const GRANTS: &'static [&'static [Grant]] = <Member as Take<Call>>::GRANTS;
    const MEMBER: bool = true;

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let Member(me) = Member::take(env, call).await?;
        if call.now.since(me.auth_time) > FRESH_MS {
            return Err(REAUTHENTICATION_NEEDED.into());
        }
        if me.aal < 2 {
            // A consistent read, so that a factor counts from the moment it is confirmed.
            let key = Account::key_of(&me.user_id);
            let account: Option<Account> = Tables::of(env).get_consistent(&key).await?;
            if account.is_some_and(|account| account.two_factor_at.is_some()) {
                return Err(INSUFFICIENT_AAL.into());
            }
        }
        Ok(Self(me))
    }
}
