//! Access tokens: JWTs of type `at+jwt` (RFC 9068), signed with Ed25519 (RFC 8037).
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`PublicKeys`] | data | `keys` | `signing` |
//!
//! The private keys live in the secret `pairly/signing` as [`PrivateKeys`]; only the functions
//! that issue tokens may read it.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::error::{Error, INTERNAL_ERROR, Result, TOKEN_EXPIRED, TOKEN_INVALID};
use crate::table::{Item, Key, Name};
use crate::time::{SECOND_MS, Time, millis};

/// Claim `iss` of every token.
pub const ISSUER: &str = "pairly";
/// Claim `aud` of every token.
pub const AUDIENCE: &str = "pairly-api";
/// How long an access token counts, seconds.
pub const ACCESS_SECONDS: i64 = 30 * 60;
/// How long after `exp` a token is still taken, seconds, because clocks differ.
pub const TOLERANCE_SECONDS: i64 = 5;
/// Longest token that is looked at, bytes.
pub const TOKEN_BYTES_MAX: usize = 2_048;

/// Header parameters of our tokens. Any other (`jku`, `x5u`, `jwk`, `crit`, …) is refused.
const HEADERS: [&str; 3] = ["alg", "kid", "typ"];

/// What an access token says. Every claim is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// [`ISSUER`]
    pub iss: String,
    /// [`AUDIENCE`]
    pub aud: String,
    /// User id.
    pub sub: String,
    /// Session id.
    pub sid: String,
    /// Issued at, epoch seconds.
    pub iat: i64,
    /// Counts until, epoch seconds.
    pub exp: i64,
    /// Unique id of the token.
    pub jti: String,
    /// Refresh generation.
    #[serde(rename = "gen")]
    pub generation: i64,
    /// Authenticator assurance level, 1 or 2.
    pub aal: u8,
    /// Last proof of presence, epoch seconds.
    pub auth_time: i64,
}

/// Place of a signing key in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Current,
    /// Signs no more; its last tokens still count.
    Previous,
}

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Key id.
    pub kid: String,
    /// 32 bytes, base64url without padding, as in a JWK.
    pub x: String,
    /// Place in its life.
    pub state: KeyState,
    /// When it starts to sign.
    #[serde(with = "millis")]
    pub not_before: Time,
    /// When its last token has expired.
    #[serde(
        default,
        with = "millis::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub retire_at: Option<Time>,
}

/// The published set: what verifiers read once and keep for five minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeys {
    /// Current, next and previous.
    pub keys: Vec<PublicKey>,
    /// Optimistic lock.
    #[serde(default)]
    pub version: i64,
}

impl Item for PublicKeys {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Signing keys, public part";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of()
    }
}

impl PublicKeys {
    /// Where the set lies.
    pub fn key_of() -> Key {
        Key::new("keys", "signing")
    }
}

/// One private key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateKey {
    /// Key id.
    pub kid: String,
    /// PKCS #8 document, base64.
    pub pkcs8: String,
    /// When it starts to sign.
    #[serde(with = "millis")]
    pub not_before: Time,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, ***)", self.kid)
    }
}

/// A private key that is drawn and not published yet: it may not sign.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnKey {
    /// Key id.
    pub kid: String,
    /// PKCS #8 document, base64.
    pub pkcs8: String,
}

impl fmt::Debug for DrawnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DrawnKey({}, ***)", self.kid)
    }
}

/// Content of the secret `pairly/signing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateKeys {
    /// All keys that sign or will.
    pub keys: Vec<PrivateKey>,
    /// The key of a rotation under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<DrawnKey>,
}

impl PrivateKeys {
    /// The secret's text.
    ///
    /// # Errors
    /// 500 when it cannot be written.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|cause| INTERNAL_ERROR.because(cause))
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// 500 when it has another form.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|_| INTERNAL_ERROR.because("the secret `signing` is malformed"))
    }
}

/// Makes access tokens.
#[derive(Clone)]
pub struct Signer {
    kid: String,
    key: EncodingKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.kid)
    }
}

impl Signer {
    /// The key of the set that signs at `now`: the newest that has begun.
    ///
    /// # Errors
    /// 500 when none has, or it is no key.
    pub fn of(keys: &PrivateKeys, now: Time) -> Result<Self> {
        let begun = keys.keys.iter().filter(|key| key.not_before <= now);
        let Some(key) = begun.max_by_key(|key| key.not_before) else {
            return Err(INTERNAL_ERROR.because("no signing key has begun"));
        };
        let document = STANDARD
            .decode(&key.pkcs8)
            .map_err(|_| INTERNAL_ERROR.because("the signing key is not base64"))?;
        Ok(Self {
            kid: key.kid.clone(),
            key: EncodingKey::from_ed_der(&document),
        })
    }

    /// The signed token.
    ///
    /// # Errors
    /// 500 when the key is no Ed25519 key.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key)
            .map_err(|_| INTERNAL_ERROR.because("the signing key does not sign"))
    }
}

/// Checks access tokens.
#[derive(Clone)]
pub struct Verifier {
    keys: HashMap<String, (DecodingKey, Option<Time>)>,
    rules: Validation,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} keys)", self.keys.len())
    }
}

impl Verifier {
    /// Checks with a published set.
    ///
    /// # Errors
    /// 500 when a key of the set is malformed.
    pub fn of(set: &PublicKeys) -> Result<Self> {
        let mut keys = HashMap::new();
        for key in &set.keys {
            let decoding = DecodingKey::from_ed_components(&key.x)
                .map_err(|_| INTERNAL_ERROR.because("a published key is malformed"))?;
            keys.insert(key.kid.clone(), (decoding, key.retire_at));
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would read the system's clock; `verify` compares with its argument.
        rules.validate_exp = false;
        Ok(Self { keys, rules })
    }

    /// The claims of an authentic token that counts at `now`.
    ///
    /// # Errors
    /// 401 `TOKEN_EXPIRED` more than [`TOLERANCE_SECONDS`] after `exp`, else 401 `TOKEN_INVALID`.
    pub fn verify(&self, token: &str, now: Time) -> Result<Claims> {
        let kid = header_of(token)?;
        let Some((key, retire_at)) = self.keys.get(&kid) else {
            return Err(TOKEN_INVALID.because("unknown key"));
        };
        if retire_at.is_some_and(|at| at <= now) {
            return Err(TOKEN_INVALID.because("retired key"));
        }
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.rules)
            .map_err(|cause| TOKEN_INVALID.because(cause))?
            .claims;
        if !(1..=2).contains(&claims.aal) || claims.generation < 1 {
            return Err(TOKEN_INVALID.because("claim out of range"));
        }
        let last = claims
            .exp
            .saturating_add(TOLERANCE_SECONDS)
            .saturating_mul(SECOND_MS);
        if now.ms() > last {
            return Err(TOKEN_EXPIRED.into());
        }
        Ok(claims)
    }
}

/// The key id of a token whose header is exactly ours.
fn header_of(token: &str) -> Result<String> {
    let invalid = |why: &str| -> Error { TOKEN_INVALID.because(why) };
    if token.len() > TOKEN_BYTES_MAX {
        return Err(invalid("too long"));
    }
    let encoded = token.split('.').next().unwrap_or_default();
    let text = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| invalid("header is not base64url"))?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&text).map_err(|_| invalid("header is not an object"))?;
    if header.keys().any(|name| !HEADERS.contains(&name.as_str())) {
        return Err(invalid("unexpected header parameter"));
    }
    let text = |name: &str| header.get(name).and_then(|value| value.as_str());
    if text("alg") != Some("EdDSA") || text("typ") != Some("at+jwt") {
        return Err(invalid("algorithm or type"));
    }
    text("kid")
        .map(str::to_owned)
        .ok_or_else(|| invalid("no key id"))
}

#[cfg(test)]
mod tests;
