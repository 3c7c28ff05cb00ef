//! ID tokens (OpenID Connect Core 1.0 §2): RS256 and nothing else, checked against the provider's
//! published keys with our own clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::provider::Provider;
use crate::aws::outside::Outside;
use crate::crypto;
use crate::env::Env;
use crate::error::{Cause, Error, OAUTH_FAILED, PROVIDER_ERROR, Result};
use crate::time::{HOUR_MS, MINUTE_MS, Time};

/// How long an instance uses a provider's keys before it reads them again.
const KEYS_MS: i64 = HOUR_MS;
/// Least time between two readings because of an unknown key id.
const AGAIN_MS: i64 = MINUTE_MS;
/// How far clocks may differ, seconds.
const TOLERANCE_SECONDS: i64 = 60;
/// Longest token that is looked at, bytes.
const TOKEN_BYTES_MAX: usize = 8_192;

/// Who it is, as the provider says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Claims {
    /// The person's id there.
    pub sub: String,
    exp: i64,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    aud: Value,
    #[serde(default)]
    azp: Option<String>,
    /// Address, if the person shares it.
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    /// Name, if the person shares it.
    #[serde(default)]
    pub name: Option<String>,
}

impl Claims {
    /// Whether the provider vouches for the address. Apple writes it as a text at times.
    pub fn is_email_verified(&self) -> bool {
        self.email_verified == true || self.email_verified == "true"
    }
}

/// The keys of one provider.
#[derive(Default)]
pub struct Keys(HashMap<String, DecodingKey>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

/// What a token has to say besides who it is.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Who signed it.
    pub provider: Provider,
    /// For whom: us.
    pub client_id: &'a str,
    /// For which sign-in.
    pub nonce: &'a str,
    /// The present.
    pub now: Time,
}

impl Keys {
    /// The usable keys of a published set (RFC 7517).
    pub fn of(document: &Value) -> Self {
        let keys = document["keys"].as_array().into_iter().flatten();
        let read = |key: &Value| {
            let text = |name: &str| key[name].as_str();
            let usable = text("kty") == Some("RSA") && text("use").is_none_or(|it| it == "sig");
            let (n, e) = (text("n")?, text("e")?);
            let made = DecodingKey::from_rsa_components(n, e).ok()?;
            usable.then(|| text("kid").map(|kid| (kid.to_owned(), made)))?
        };
        Self(keys.filter_map(read).collect())
    }

    /// The claims of an authentic token that says what is wanted.
    ///
    /// # Errors
    /// 422 `OAUTH_FAILED`.
    pub fn read(&self, token: &str, wanted: &Wanted<'_>) -> Result<Claims> {
        let kid = key_id(token)?;
        let key = self.0.get(&kid).ok_or_else(|| refused("ID token: key"))?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[wanted.provider.endpoints().issuer]);
        rules.set_audience(&[wanted.client_id]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would read the system's clock.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &rules)
            .map_err(|cause| OAUTH_FAILED.because(format!("ID token: {}", cause.told())))?
            .claims;
        wanted.check(&claims)?;
        Ok(claims)
    }
}

impl Wanted<'_> {
    fn check(&self, claims: &Claims) -> Result<()> {
        let seconds = self.now.seconds();
        let early = claims
            .iat
            .is_some_and(|iat| iat.saturating_sub(TOLERANCE_SECONDS) > seconds);
        if early || claims.exp.saturating_add(TOLERANCE_SECONDS) < seconds {
            return Err(refused("ID token: time"));
        }
        let several = claims.aud.as_array().is_some_and(|aud| aud.len() > 1);
        let foreign = claims
            .azp
            .as_deref()
            .is_some_and(|azp| azp != self.client_id);
        if foreign || several && claims.azp.is_none() {
            return Err(refused("ID token: authorized party"));
        }
        let given = claims.nonce.as_deref().unwrap_or_default();
        if !crypto::same(given.as_bytes(), self.nonce.as_bytes()) {
            return Err(refused("ID token: nonce"));
        }
        if claims.sub.is_empty() || claims.sub.len() > 255 {
            return Err(refused("ID token: subject"));
        }
        Ok(())
    }
}

type Known = HashMap<&'static str, (Time, Arc<Keys>)>;

/// The keys that this instance has read, by provider.
#[derive(Default)]
struct Cache(Mutex<Known>);

/// Checks ID tokens.
pub(super) struct Verifier<'a> {
    pub env: &'a Env,
    pub provider: Provider,
    pub client_id: &'a str,
}

fn refused(why: &'static str) -> Error {
    OAUTH_FAILED.because(why)
}

impl Verifier<'_> {
    /// The claims of an authentic token for us, made for this sign-in.
    ///
    /// # Errors
    /// 422 `OAUTH_FAILED`, 502 `PROVIDER_ERROR`.
    pub async fn verify(&self, token: &str, nonce: &str, now: Time) -> Result<Claims> {
        let keys = self.keys(&key_id(token)?, now).await?;
        let wanted = Wanted {
            provider: self.provider,
            client_id: self.client_id,
            nonce,
            now,
        };
        keys.read(token, &wanted)
    }

    /// The provider's keys, read again when they are old or do not know the key.
    async fn keys(&self, kid: &str, now: Time) -> Result<Arc<Keys>> {
        let (cache, name) = (self.env.part(|_| Cache::default()), self.provider.as_str());
        let known = cache
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some((read, keys)) = known {
            let age = now.since(read);
            if age < AGAIN_MS || age < KEYS_MS && keys.0.contains_key(kid) {
                return Ok(keys);
            }
        }
        let address = self.provider.endpoints().keys;
        let told = Outside::of(self.env).get(name, address).await?;
        let keys = Arc::new(Keys::of(&told.body));
        if told.status != 200 || keys.0.is_empty() {
            return Err(PROVIDER_ERROR.with(serde_json::json!({ "provider": name })));
        }
        let mut known = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, (now, Arc::clone(&keys)));
        Ok(keys)
    }
}

/// The key id of a token that says RS256 and demands nothing else.
fn key_id(token: &str) -> Result<String> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(refused("ID token: too long"));
    }
    let encoded = token.split('.').next().unwrap_or_default();
    let text = crypto::decode(encoded).ok_or_else(|| refused("ID token: header"))?;
    let header: Value = serde_json::from_slice(&text).map_err(|_| refused("ID token: header"))?;
    if header["alg"] != "RS256" || !header["crit"].is_null() {
        return Err(refused("ID token: algorithm"));
    }
    let kid = header["kid"].as_str().map(str::to_owned);
    kid.ok_or_else(|| refused("ID token: no key id"))
}
