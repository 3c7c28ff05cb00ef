//! Sessions of a person: renewing, listing and ending them.

use schemars::JsonSchema;
use serde::Serialize;

use super::account;
use super::desk::{Guard, Renewer};
use super::issue::{self, TokenAnswer};
use super::notice::notice;
use super::refresh::{Refresh, RefreshToken};
use super::session::{RevokeReason, Session, SessionOwner};
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Error, REFRESH_TOKEN_INVALID, Result, SESSION_NOT_FOUND, UNAVAILABLE};
use crate::http::Me;
use crate::http::limit::{Activity, Limit};
use crate::id::is_id;
use crate::notifications::SecurityChange;
use crate::relay;
use crate::table::{Commit, Name, Query};
use crate::time::Time;

/// More rows than a person can have: ended ones are kept 30 days, and one that was overlooked would
/// be a session that cannot be ended.
const ROWS_MAX: usize = 1_000_000;
/// Tries when others refresh the same session at once.
const RACES_MAX: u32 = 6;

/// Gives the next pair of tokens, or what the contract's table says instead.
///
/// # Errors
/// 401 `REFRESH_TOKEN_INVALID`, `REFRESH_TOKEN_REUSED`, `SESSION_EXPIRED`, `SESSION_REVOKED`.
pub async fn refresh(desk: &Renewer, guard: &Guard, text: &str) -> Result<TokenAnswer> {
    let token = RefreshToken::parse(text).ok_or(&REFRESH_TOKEN_INVALID)?;
    let owner: Option<SessionOwner> = desk
        .tables
        .get_consistent(&SessionOwner::key_of(&token.session_id))
        .await?;
    let owner = owner.ok_or(&REFRESH_TOKEN_INVALID)?;
    guard.spend(Limit::Refresh, &token.session_id).await?;
    let place = Session::key_of(&owner.user_id, &token.session_id);
    let mut session: Option<Session> = desk.tables.get_consistent(&place).await?;
    for _ in 0..RACES_MAX {
        let known = session.ok_or(&REFRESH_TOKEN_INVALID)?;
        match step(desk, &token, &known).await {
            Ok(answer) => return Ok(answer),
            Err(Missed::Refused(refused)) => session = refused.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many refreshes at once"))
}

/// One line of the table. Refused when the session changed in between.
async fn step(
    desk: &Renewer,
    token: &RefreshToken,
    session: &Session,
) -> Result<TokenAnswer, Missed> {
    let now = desk.clock.now();
    let key = desk.cipher.key(&session.user_id).await?;
    let place = issue::secret_place(&session.session_id);
    let secret = key.open(&place, &session.secret.0)?;
    if !token.is_authentic(&secret) {
        return Err(Error::from(&REFRESH_TOKEN_INVALID).into());
    }
    let decision = Refresh::decide(session, token.generation, now);
    let next = match decision {
        Refresh::Rotate => {
            let (next, commit) = session.rotate(now);
            desk.tables.commit(commit).await?;
            next
        }
        Refresh::Again => session.clone(),
        Refresh::Reuse => {
            let commit = reused(desk, session, &key, now).await?;
            desk.tables.commit(commit).await?;
            session.clone()
        }
        Refresh::Unissued => {
            let session_id = session.session_id.as_str();
            tracing::warn!(target: "security", session_id, "a token that was never issued");
            session.clone()
        }
        Refresh::Over(_) => session.clone(),
    };
    match decision.fault() {
        Some(fault) => Err(Error::from(fault).into()),
        None => Ok(issue::answer(
            &next,
            &secret,
            &desk.signing,
            &desk.ids,
            now,
        )?),
    }
}

/// Ends the session whose spent token came back, and tells its owner.
async fn reused(desk: &Renewer, session: &Session, key: &DataKey, now: Time) -> Result<Commit> {
    let account = account::load(&desk.tables, &session.user_id).await?;
    let event = format!("session_reused:{}", session.session_id);
    let mail = notice(&account, key, SecurityChange::SessionReused, &event, now)?;
    Ok(session.revoke(RevokeReason::Reuse, now).with(mail))
}

/// The sessions of a person that can still be used, oldest first.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn live(tables: &Tables, user_id: &str, now: Time) -> Result<Vec<Session>> {
    let mut sessions = kept(tables, user_id).await?;
    sessions.retain(|session| session.is_live(now));
    Ok(sessions)
}

/// The sessions of a person, ended ones of the last 30 days included, oldest first.
///
/// # Errors
/// 503 when the table does not answer.
pub(super) async fn kept(tables: &Tables, user_id: &str) -> Result<Vec<Session>> {
    let query = Query::of(Name::Data, user_id)
        .prefix(Session::PREFIX)
        .limit(ROWS_MAX);
    tables.query(query.consistent()).await
}

/// One session as its person sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SessionView {
    /// `ses_…`
    pub session_id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Device of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// /24 or /48 of the address that signed in.
    pub ip_prefix: String,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What signed in.
    pub user_agent: String,
    /// Assurance level.
    pub aal: u8,
    /// When it began.
    pub created_at: Time,
    /// Last use, by the minute.
    pub last_used_at: Time,
}

/// All live sessions of the caller, the most recently begun first.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn list(tables: &Tables, me: &Me, now: Time) -> Result<Vec<SessionView>> {
    let activity: Option<Activity> = tables.get(&Activity::key_of(&me.user_id)).await?;
    let sessions = live(tables, &me.user_id, now).await?;
    let devices: Vec<_> = sessions
        .iter()
        .filter_map(|one| one.device_id.clone())
        .collect();
    let names = relay::names_of(tables, &me.user_id, &devices).await?;
    let view = |session: Session| {
        let name = session.device_id.as_ref().and_then(|id| names.get(id));
        let slot = session.device_id.as_deref().unwrap_or(&session.session_id);
        let used = activity
            .as_ref()
            .and_then(|activity| activity.of_slot(slot));
        SessionView {
            current: session.session_id == me.session_id,
            last_used_at: used
                .unwrap_or(session.last_used_at)
                .max(session.last_used_at),
            session_id: session.session_id,
            device_name: name.cloned(),
            device_id: session.device_id,
            ip_prefix: session.ip_prefix,
            country: session.country,
            user_agent: session.user_agent,
            aal: session.aal,
            created_at: session.created_at,
        }
    };
    Ok(sessions.into_iter().rev().map(view).collect())
}

/// Ends one session of the caller.
///
/// # Errors
/// 404 `SESSION_NOT_FOUND` when it is not theirs or over already.
pub async fn revoke(
    tables: &Tables,
    me: &Me,
    session_id: &str,
    reason: RevokeReason,
    now: Time,
) -> Result<()> {
    if !is_id("ses", session_id) {
        return Err(SESSION_NOT_FOUND.into());
    }
    let place = Session::key_of(&me.user_id, session_id);
    let session: Option<Session> = tables.get_consistent(&place).await?;
    let session = session
        .filter(|session| session.is_live(now))
        .ok_or(&SESSION_NOT_FOUND)?;
    match tables.commit(session.revoke(reason, now)).await {
        Ok(()) => Ok(()),
        Err(Missed::Refused(_)) => Err(SESSION_NOT_FOUND.into()),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// Ends all sessions of the caller but the one that asks, and counts them.
///
/// # Errors
/// 503 when the table does not answer; some may have ended.
pub async fn revoke_others(tables: &Tables, me: &Me, now: Time) -> Result<usize> {
    let mut others = live(tables, &me.user_id, now).await?;
    others.retain(|session| session.session_id != me.session_id);
    end(tables, &others, RevokeReason::Revoked, now).await
}

/// Ends all sessions of the caller, the one that asks last, and counts them.
///
/// # Errors
/// 503 when the table does not answer; some may have ended, and asking again is possible.
pub async fn revoke_all(tables: &Tables, me: &Me, now: Time) -> Result<usize> {
    let mut all = live(tables, &me.user_id, now).await?;
    all.sort_by_key(|session| session.session_id == me.session_id);
    end(tables, &all, RevokeReason::SignOutAll, now).await
}

async fn end(
    tables: &Tables,
    sessions: &[Session],
    reason: RevokeReason,
    now: Time,
) -> Result<usize> {
    let mut ended = 0;
    for session in sessions {
        match tables.commit(session.revoke(reason, now)).await {
            Ok(()) => ended += 1,
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Ok(ended)
}
