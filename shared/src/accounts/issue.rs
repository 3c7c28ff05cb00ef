//! The answer of every operation that issues tokens.

use schemars::JsonSchema;
use serde::Serialize;

use super::refresh::RefreshToken;
use super::session::{REFRESH_SECONDS, Session};
use super::token::{ACCESS_SECONDS, AUDIENCE, Claims, ISSUER, PrivateKeys, Signer};
use crate::aws::secret::{Secret, Signing};
use crate::error::Result;
use crate::id::Ids;
use crate::time::{SECOND_MS, Time};

/// A pair of tokens.
#[derive(Clone, Serialize, JsonSchema)]
pub struct TokenAnswer {
    /// For the header `Authorization`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// For the next pair.
    pub refresh_token: String,
    /// Seconds.
    pub refresh_expires_in: i64,
    /// `ses_…`
    pub session_id: String,
    /// `usr_…`
    pub user_id: String,
    /// Assurance level.
    pub aal: u8,
    /// Device of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
}

/// Place of a session's sealed secret, for the data key.
pub(super) fn secret_place(session_id: &str) -> String {
    format!("data/{}{session_id}/secret", Session::PREFIX)
}

/// A fresh access token of the session's generation, and how long it counts, seconds.
///
/// # Errors
/// 500 when there is no signing key.
pub(super) fn access(
    session: &Session,
    signing: &Secret<Signing>,
    ids: &Ids,
    now: Time,
) -> Result<(String, i64)> {
    let keys = PrivateKeys::read(signing.text())?;
    let left = session.absolute_expires_at.since(now) / SECOND_MS;
    let expires_in = ACCESS_SECONDS.min(left);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: session.user_id.clone(),
        sid: session.session_id.clone(),
        iat: now.seconds(),
        exp: now.seconds() + expires_in,
        jti: ids.ulid(),
        generation: session.generation,
        aal: session.aal,
        auth_time: session.auth_time.seconds(),
    };
    Ok((Signer::of(&keys, now)?.sign(&claims)?, expires_in))
}

/// A fresh access token and the session's present refresh token.
///
/// # Errors
/// 500 when there is no signing key.
pub(super) fn answer(
    session: &Session,
    secret: &[u8],
    signing: &Secret<Signing>,
    ids: &Ids,
    now: Time,
) -> Result<TokenAnswer> {
    let (access_token, expires_in) = access(session, signing, ids, now)?;
    Ok(TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in,
        refresh_token: RefreshToken::write(&session.session_id, session.generation, secret),
        refresh_expires_in: REFRESH_SECONDS.min(session.ends_at().since(now) / SECOND_MS),
        session_id: session.session_id.clone(),
        user_id: session.user_id.clone(),
        aal: session.aal,
        device_id: session.device_id.clone(),
    })
}
