//! Our side towards a provider: a code and its verifier become a proven identity.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::provider::Provider;
use super::token::Verifier;
use crate::aws::outside::Outside;
use crate::aws::secret::{self, Named, Oauth};
use crate::config::Config;
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, OAUTH_FAILED, Result};
use crate::function::{Grant, Take};
use crate::http::Call;
use crate::time::Time;

/// How long a client secret for Apple counts, seconds; Apple takes up to six months.
const SECRET_SECONDS: i64 = 300;

/// An identity that a provider has just proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proven {
    /// Who proved it.
    pub provider: Provider,
    /// Claim `iss`.
    pub issuer: String,
    /// Claim `sub`.
    pub subject: String,
    /// Address, if shared.
    pub email: Option<String>,
    /// Whether the provider vouches for the address.
    pub email_verified: bool,
    /// Name, if shared; not proven by anybody.
    pub name: Option<String>,
}

/// The capability to ask providers who somebody is.
#[derive(Clone, Debug)]
pub struct Providers(Env);

impl Take<Call> for Providers {
    const GRANTS: &'static [&'static [Grant]] = &[Oauth::GRANTS];

    async fn take(env: &Env, _: &mut Call) -> Result<Self> {
        Ok(Self(env.clone()))
    }
}

impl Providers {
    /// Turns the code of a callback into an identity (RFC 6749 §4.1.3, RFC 7636 §4.5).
    ///
    /// # Errors
    /// 422 `OAUTH_FAILED` when the provider or its token is not right; 502 `PROVIDER_ERROR`.
    pub async fn redeem(
        &self,
        provider: Provider,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Proven> {
        let (env, now) = (&self.0, self.0.clock().now());
        let config = env.config();
        let client_id = provider.client_id(config)?;
        let secret = self.client_secret(provider, now).await?;
        let callback = provider.callback(config);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback.as_str()),
            ("client_id", client_id),
            ("client_secret", secret.as_str()),
            ("code_verifier", verifier),
        ];
        let endpoints = provider.endpoints();
        let outside = Outside::of(env);
        let told = outside
            .post(provider.as_str(), endpoints.token, &form)
            .await?;
        let token = told.body["id_token"].as_str();
        let Some(token) = token.filter(|_| told.status == 200) else {
            return Err(OAUTH_FAILED.because("the provider refused the code"));
        };
        let verifier = Verifier {
            env,
            provider,
            client_id,
        };
        let claims = verifier.verify(token, nonce, now).await?;
        Ok(Proven {
            provider,
            issuer: endpoints.issuer.to_owned(),
            email_verified: claims.is_email_verified(),
            subject: claims.sub,
            email: claims.email,
            name: claims.name,
        })
    }

    async fn client_secret(&self, provider: Provider, now: Time) -> Result<String> {
        let stored = secret::read::<Oauth>(&self.0).await?;
        let all: Value = serde_json::from_str(stored.text())
            .map_err(|_| INTERNAL_ERROR.because("the secret `oauth` is malformed"))?;
        let own = all[provider.as_str()].as_str();
        let own = own.ok_or_else(|| INTERNAL_ERROR.because("no client secret"))?;
        match provider {
            Provider::Google | Provider::Facebook => Ok(own.to_owned()),
            Provider::Apple => apple_secret(self.0.config(), own, now),
        }
    }
}

/// Apple's client secret: a JWT that is signed with the key that Apple gave (ES256).
fn apple_secret(config: &Config, key: &str, now: Time) -> Result<String> {
    let apple = Provider::apple(config)?;
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    let text: String = lines.map(str::trim).collect();
    let document = STANDARD
        .decode(text)
        .map_err(|_| INTERNAL_ERROR.because("Apple's key is not base64"))?;
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(apple.key_id.clone());
    let claims = json!({
        "iss": apple.team_id,
        "iat": now.seconds(),
        "exp": now.seconds() + SECRET_SECONDS,
        "aud": Provider::Apple.endpoints().issuer,
        "sub": apple.client_id,
    });
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_der(&document))
        .map_err(|_| INTERNAL_ERROR.because("Apple's key does not sign"))
}
