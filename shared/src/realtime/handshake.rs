//! The handshake with a device key: a challenge, its signature, a proven connection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::admit::establish;
use super::connection::{Challenge, ConnectionOwner, Right, State, rows};
use crate::accounts::ban;
use crate::accounts::session::Session;
use crate::accounts::token::Claims;
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::queue::{Frames, Queue};
use crate::crypto;
use crate::error::{
    CLOCK_SKEW, DEVICE_REVOKED, Error, Result, SESSION_REVOKED, UNAUTHENTICATED, USER_BANNED,
};
use crate::http::member::Tokens;
use crate::relay::{Device, Statement};
use crate::table::{Change, Commit, Condition, Item};
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// How long a connection may take to prove its device, milliseconds.
pub const PROOF_MS: i64 = 10 * SECOND_MS;
/// How long a challenge can be signed, milliseconds.
const CHALLENGE_MS: i64 = MINUTE_MS;
/// How far a device's clock may be off, milliseconds.
const SKEW_MS: i64 = 5 * MINUTE_MS;
/// Close code: the proof is none.
const FAILED: u16 = 4001;
/// Close code: the challenge is too old or spent.
const EXPIRED: u16 = 4002;
/// Close code: session or device was revoked.
const REVOKED: u16 = 4003;
/// Close code: the clock is off.
const SKEWED: u16 = 4005;

fn close(fault: &crate::error::Fault, code: u16) -> Error {
    fault.with(json!({ "close_code": code }))
}

/// Which device wants to prove itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Begin {
    /// The device that `$connect` named.
    #[schemars(length(max = 64))]
    pub device_id: String,
}

/// What the device has to sign.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Challenged {
    connection_id: String,
    nonce: String,
    server_time: Time,
    expires_at: Time,
}

/// The proof of a device.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Proof {
    /// Ed25519 over `pairly-ws-v1`, a zero byte, connection, nonce, device and `ts` as text;
    /// base64url.
    #[schemars(length(max = 256))]
    pub signature: String,
    /// Client's clock, epoch milliseconds.
    pub ts: i64,
    /// Of a session of the same person.
    #[schemars(length(max = 4096))]
    pub access_token: String,
}

async fn pending(tables: &Tables, connection_id: &str) -> Result<ConnectionOwner> {
    let key = ConnectionOwner::key_of(connection_id);
    let owner: Option<ConnectionOwner> = tables.get_consistent(&key).await?;
    owner.ok_or_else(|| close(&UNAUTHENTICATED, FAILED))
}

/// Gives the challenge of a pending connection; an earlier one is void.
///
/// # Errors
/// Close 4001 for another device, 4002 when the time to prove is over, 4003 for a revoked one.
pub async fn begin(
    tables: &Tables,
    connection_id: &str,
    device_id: &str,
    (nonce, now): ([u8; 32], Time),
) -> Result<Challenged> {
    let owner = pending(tables, connection_id).await?;
    if owner.state != State::Pending || owner.device_id.as_deref() != Some(device_id) {
        return Err(close(&UNAUTHENTICATED, FAILED));
    }
    if now.since(owner.connected_at) > PROOF_MS {
        return Err(close(&UNAUTHENTICATED, EXPIRED));
    }
    device(tables, &owner, device_id).await?;
    let challenge = Challenge::new(&nonce, now);
    let still = Condition::text("state", "pending");
    let next = ConnectionOwner {
        challenge: Some(challenge.clone()),
        ..owner
    };
    let commit = Commit::new().replace(&next, still, &UNAUTHENTICATED);
    tables.commit(commit).await?;
    Ok(Challenged {
        connection_id: connection_id.to_owned(),
        nonce: challenge.nonce,
        server_time: now,
        expires_at: challenge.ends_at,
    })
}

async fn device(tables: &Tables, owner: &ConnectionOwner, device_id: &str) -> Result<Device> {
    let key = Device::key_of(&owner.user_id, device_id);
    let device: Option<Device> = tables.get_consistent(&key).await?;
    let device = device.filter(Device::is_active);
    device.ok_or_else(|| close(&DEVICE_REVOKED, REVOKED))
}

/// Takes the challenge from the connection, so that nobody can answer it again.
async fn take(tables: &Tables, owner: &ConnectionOwner, now: Time) -> Result<Challenge> {
    let expired = || close(&UNAUTHENTICATED, EXPIRED);
    let challenge = owner.challenge.clone().ok_or_else(expired)?;
    let same = Condition::Is(
        "challenge.nonce",
        crate::table::Value::S(challenge.nonce.clone()),
    );
    let spent = vec![Change::Remove("challenge".to_owned())];
    let commit =
        Commit::new().update::<ConnectionOwner>(owner.key(), spent, Some((same, &UNAUTHENTICATED)));
    match tables.commit(commit).await {
        Ok(()) => {}
        Err(Missed::Refused(_)) => return Err(expired()),
        Err(Missed::Failed(error)) => return Err(error),
    }
    match challenge.is_open(owner.connected_at, now) {
        true => Ok(challenge),
        false => Err(expired()),
    }
}

impl Challenge {
    /// A challenge that begins now.
    fn new(nonce: &[u8; 32], now: Time) -> Self {
        Self {
            nonce: crypto::encode(nonce),
            ends_at: now.plus(CHALLENGE_MS),
        }
    }

    /// Whether it may be signed still. A minute is its own limit; the connection's is shorter.
    fn is_open(&self, connected_at: Time, now: Time) -> bool {
        now <= self.ends_at && now.since(connected_at) <= PROOF_MS
    }
}

/// Proves a pending connection.
///
/// # Errors
/// Close 4001 for a wrong signature or token, 4002 for an old or spent challenge, 4003 when
/// session or device were revoked, 4005 {server_time, max_skew_seconds} when the clock is off,
/// 4014 for a banned account.
pub async fn prove(
    tables: &Tables,
    frames: &Queue<Frames>,
    tokens: &Tokens,
    connection_id: &str,
    proof: &Proof,
    (jitter, now): (u16, Time),
) -> Result<String> {
    let owner = pending(tables, connection_id).await?;
    let challenge = take(tables, &owner, now).await?;
    let device_id = owner.device_id.clone().unwrap_or_default();
    if (proof.ts.saturating_sub(now.ms())).saturating_abs() > SKEW_MS {
        return Err(CLOCK_SKEW.with(json!({
            "close_code": SKEWED,
            "server_time": now,
            "max_skew_seconds": SKEW_MS / SECOND_MS,
        })));
    }
    let device = device(tables, &owner, &device_id).await?;
    let statement = Statement {
        connection_id,
        nonce: &challenge.nonce,
        device_id: &device_id,
        ts: proof.ts,
    };
    if !device.verifier()?.signed(&statement, &proof.signature) {
        return Err(close(&UNAUTHENTICATED, FAILED));
    }
    let claims = tokens.claims(&proof.access_token, now);
    let claims = claims.map_err(|_| close(&UNAUTHENTICATED, FAILED))?;
    let session = session(tables, &owner, &claims, now).await?;
    if session
        .device_id
        .as_ref()
        .is_some_and(|own| *own != device_id)
    {
        return Err(close(&UNAUTHENTICATED, FAILED));
    }
    let right = Right {
        user_id: session.user_id,
        session_id: session.session_id,
        slot: device_id.clone(),
        device_id: Some(device_id),
    };
    let both = rows(&right, connection_id, jitter, (owner.connected_at, now));
    establish(tables, frames, both, &right, Commit::new(), now).await?;
    Ok(right.session_id)
}

async fn session(
    tables: &Tables,
    owner: &ConnectionOwner,
    claims: &Claims,
    now: Time,
) -> Result<Session> {
    if claims.sub != owner.user_id {
        return Err(close(&UNAUTHENTICATED, FAILED));
    }
    let key = Session::key_of(&claims.sub, &claims.sid);
    let session: Option<Session> = tables.get_consistent(&key).await?;
    let session = session.ok_or_else(|| close(&SESSION_REVOKED, REVOKED))?;
    match session.check(claims.generation, now) {
        Ok(()) => Ok(session),
        Err(refused) if refused.is(&USER_BANNED) => {
            match ban::refusal(tables, &session, now).await?.is(&USER_BANNED) {
                true => Err(close(&USER_BANNED, 4014)),
                false => Err(close(&SESSION_REVOKED, REVOKED)),
            }
        }
        Err(_) if session.revoked_at.is_some() => Err(close(&SESSION_REVOKED, REVOKED)),
        Err(_) => Err(close(&UNAUTHENTICATED, FAILED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_ends_after_a_minute_however_young_its_connection_is() {
        let challenge = Challenge::new(&[1; 32], Time(0));
        let open = |connected: i64, now: i64| challenge.is_open(Time(connected), Time(now));
        assert!(open(0, PROOF_MS) && !open(0, PROOF_MS + 1));
        // The connection's own limit is out of the way here.
        assert!(open(CHALLENGE_MS, CHALLENGE_MS));
        assert!(!open(CHALLENGE_MS, CHALLENGE_MS + 1));
        assert!(!open(61 * SECOND_MS, 61 * SECOND_MS));
    }
}
