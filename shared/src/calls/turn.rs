//! Credentials for the TURN server that carries media where the two cannot reach each other
//! directly (TURN REST API, draft-uberti-behave-turn-rest).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use super::call::Call;
use crate::aws::secret::{Named, Secret, TurnKey};
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};

/// How long credentials outlive what is reserved.
const GRACE_MS: i64 = 5 * MINUTE_MS;
/// Longest life of credentials.
const LIFE_MS_MAX: i64 = HOUR_MS;

/// A server for finding a way between the two ends (RFC 8445), as browsers take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IceServer {
    /// Addresses such as `turn:turn.example.org:3478?transport=udp` (RFC 7065).
    pub urls: Vec<String>,
    /// End of the credentials, epoch seconds, and user id, joined by a colon.
    pub username: String,
    /// base64 of the HMAC-SHA1 of the username under the secret of the server.
    pub credential: String,
}

/// The capability to give out credentials.
#[derive(Clone)]
pub struct Turn {
    secret: Secret<TurnKey>,
    urls: Vec<String>,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

impl<C: Send> Take<C> for Turn {
    const GRANTS: &'static [&'static [Grant]] = &[<TurnKey as Named>::GRANTS];

    async fn take(env: &Env, call: &mut C) -> Result<Self> {
        Ok(Self {
            secret: Secret::take(env, call).await?,
            urls: env.config().turn_urls.clone(),
        })
    }
}

/// Until when credentials for a call last that are given out now: as long as what is reserved and
/// 5 minutes, at most an hour.
fn ends(call: &Call, now: Time) -> Time {
    call.ends_by().plus(GRACE_MS).min(now.plus(LIFE_MS_MAX))
}

/// How long credentials for a call last that are given out now, seconds.
pub fn life_seconds(call: &Call, now: Time) -> i64 {
    ends(call, now).since(now) / SECOND_MS
}

/// The credentials of a person until an instant.
pub fn credentials(secret: &str, user_id: &str, until: Time) -> (String, String) {
    let username = format!("{}:{user_id}", until.seconds());
    let proof = crate::crypto::hmac_sha1(secret.as_bytes(), username.as_bytes());
    (username, STANDARD.encode(proof))
}

impl Turn {
    /// The servers for one person of a call; none when there is no server, or the call is over.
    pub fn servers(&self, call: &Call, user_id: &str, now: Time) -> Vec<IceServer> {
        if self.urls.is_empty() || !call.is_live(now) {
            return Vec::new();
        }
        let until = ends(call, now);
        let (username, credential) = credentials(self.secret.text(), user_id, until);
        vec![IceServer {
            urls: self.urls.clone(),
            username,
            credential,
        }]
    }
}
