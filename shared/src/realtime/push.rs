//! Frames on their way to connections.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::connection::{Connection, drop_gone, drop_socket, forget_socket};
use crate::accounts::Revoked;
use crate::aws::dynamo::Tables;
use crate::aws::sockets::{Posted, Sockets};
use crate::error::Result;
use crate::http::wire;
use crate::time::Time;

/// A job of the queue `frames`: one frame for some connections of one person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Push {
    /// Whose connections they are; empty if only the connections know.
    pub user_id: String,
    /// Their ids.
    pub connections: Vec<String>,
    /// The frame, ready to be posted.
    pub frame: Value,
    /// Whether the connections end afterwards.
    #[serde(default)]
    pub close: bool,
}

impl Push {
    /// Tells connections why they end (spec realtime.md, *Closing*) and ends them.
    pub fn farewell(user_id: &str, away: &[Connection], code: u16, now: Time) -> Self {
        let ids: Vec<_> = away.iter().map(|one| one.connection_id.as_str()).collect();
        Self::farewell_to(user_id, &ids, code, now)
    }

    /// The same by their ids.
    pub fn farewell_to(user_id: &str, away: &[&str], code: u16, now: Time) -> Self {
        let data = json!({
            "code": close_name(code),
            "message": "This connection ends.",
            "close_code": code,
            "retry": wire::may_retry(code),
        });
        let id = format!("close-{code}-{}", now.ms());
        Self {
            user_id: user_id.to_owned(),
            connections: away.iter().map(|id| (*id).to_owned()).collect(),
            frame: wire::frame(&id, "error", now, data),
            close: true,
        }
    }

    /// Whether it tells what counts for a moment only: presence and typing.
    pub(super) fn is_passing(&self) -> bool {
        let kind = self.frame["type"].as_str().unwrap_or_default();
        kind == "typing" || kind.starts_with("presence.")
    }
}

fn close_name(code: u16) -> &'static str {
    match code {
        4001 | 4002 => "UNAUTHENTICATED",
        4003 => "SESSION_REVOKED",
        4009 => "REPLACED",
        4010 => "RECONNECT",
        4014 => "USER_BANNED",
        _ => "CLOSING",
    }
}

/// Posts a frame to each connection; the ones that are gone lose their rows. One that fails holds
/// back no other: each is tried, and closed if it is to end, before the first error is told. Gives
/// the connections that have no room for the frame.
///
/// # Errors
/// 503 when the gateway or the table did not answer for one of them; posting again is harmless.
pub async fn post(
    tables: &Tables,
    sockets: &Sockets,
    push: &Push,
    now: Time,
) -> Result<Vec<String>> {
    let frame = push.frame.to_string();
    let (mut slow, mut outcome) = (Vec::new(), Ok(()));
    for connection_id in &push.connections {
        match post_one(tables, sockets, push, (connection_id, &frame), now).await {
            Ok(true) => {}
            Ok(false) => slow.push(connection_id.clone()),
            // What counts for a moment only is not worth another try.
            Err(_) if push.is_passing() => {}
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome.map(|()| slow)
}

/// Whether the connection is done with: it has the frame, or has ended.
async fn post_one(
    tables: &Tables,
    sockets: &Sockets,
    push: &Push,
    (connection_id, frame): (&str, &str),
    now: Time,
) -> Result<bool> {
    let posted = sockets.post(connection_id, frame).await;
    if push.close {
        // A farewell that does not arrive must not keep the connection open.
        sockets.close(connection_id).await?;
        match push.user_id.as_str() {
            "" => forget_socket(tables, connection_id).await?,
            user_id => drop_socket(tables, user_id, connection_id).await?,
        }
        return Ok(true);
    }
    match posted? {
        Posted::Taken => Ok(true),
        Posted::Slow => Ok(false),
        Posted::Gone => {
            drop_gone(tables, &push.user_id, connection_id, now).await?;
            Ok(true)
        }
    }
}

/// Ends all connections of a session, after telling them why.
///
/// # Errors
/// 503 when the gateway or the table does not answer; doing it again is harmless.
pub async fn close_session(
    tables: &Tables,
    sockets: &Sockets,
    revoked: &Revoked,
    now: Time,
) -> Result<()> {
    let (user_id, session_id) = (revoked.user_id.as_str(), revoked.session_id.as_str());
    let mut away = Connection::of_user_now(tables, user_id, now).await?;
    away.retain(|one| one.session_id == session_id);
    if away.is_empty() {
        return Ok(());
    }
    let reason = json!({ "session_id": session_id });
    let said = [
        revoked.action().map(|data| ("account.action", data)),
        Some(("session.revoked", reason)),
    ];
    let mut told = Ok(());
    for (kind, data) in said.into_iter().flatten() {
        let push = Push {
            user_id: user_id.to_owned(),
            connections: away.iter().map(|one| one.connection_id.clone()).collect(),
            frame: wire::frame(&format!("{kind}-{session_id}"), kind, now, data),
            close: false,
        };
        told = told.and(post(tables, sockets, &push, now).await.map(|_| ()));
    }
    let farewell = Push::farewell(user_id, &away, revoked.close_code(), now);
    post(tables, sockets, &farewell, now).await?;
    told
}
