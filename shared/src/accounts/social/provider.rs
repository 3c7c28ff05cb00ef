//! The providers: where each is asked and what is particular to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{AppleClient, Config};
use crate::error::{PROVIDER_DISABLED, Result};
use crate::text::escape_uri;

/// Who proves an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IdentityProvider")]
pub enum Provider {
    /// OpenID Connect (accounts.google.com).
    Google,
    /// OpenID Connect of Facebook Login.
    Facebook,
    /// Sign in with Apple.
    Apple,
}

/// Addresses of a provider and the name it signs with.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// Where a browser asks the person.
    pub authorize: &'static str,
    /// Where a code becomes an ID token.
    pub token: &'static str,
    /// Its public keys (RFC 7517).
    pub keys: &'static str,
    /// Claim `iss` of its tokens.
    pub issuer: &'static str,
    /// What is asked for.
    pub scope: &'static str,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 3] = [Self::Google, Self::Facebook, Self::Apple];

    /// The word in addresses and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Facebook => "facebook",
            Self::Apple => "apple",
        }
    }

    /// The provider of a word.
    ///
    /// # Errors
    /// 422 `PROVIDER_DISABLED`, as for one that is not configured.
    pub fn parse(word: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == word);
        known.ok_or_else(|| PROVIDER_DISABLED.into())
    }

    /// Its addresses.
    pub const fn endpoints(self) -> Endpoints {
        match self {
            Self::Google => Endpoints {
                authorize: "https://accounts.google.com/o/oauth2/v2/auth",
                token: "https://oauth2.googleapis.com/token",
                keys: "https://www.googleapis.com/oauth2/v3/certs",
                issuer: "https://accounts.google.com",
                scope: "openid email profile",
            },
            Self::Facebook => Endpoints {
                authorize: "https://www.facebook.com/v23.0/dialog/oauth",
                token: "https://graph.facebook.com/v23.0/oauth/access_token",
                keys: "https://www.facebook.com/.well-known/oauth/openid/jwks/",
                issuer: "https://www.facebook.com",
                scope: "openid email public_profile",
            },
            Self::Apple => Endpoints {
                authorize: "https://appleid.apple.com/auth/authorize",
                token: "https://appleid.apple.com/auth/token",
                keys: "https://appleid.apple.com/auth/keys",
                issuer: "https://appleid.apple.com",
                scope: "name email",
            },
        }
    }

    /// Our client id there.
    ///
    /// # Errors
    /// 422 `PROVIDER_DISABLED` when it is not configured.
    pub fn client_id(self, config: &Config) -> Result<&str> {
        let social = &config.social;
        let id = match self {
            Self::Google => social.google.as_deref(),
            Self::Facebook => social.facebook.as_deref(),
            Self::Apple => social.apple.as_ref().map(|apple| apple.client_id.as_str()),
        };
        id.ok_or_else(|| PROVIDER_DISABLED.into())
    }

    /// What Apple's client secret is made of besides the key.
    pub(super) fn apple(config: &Config) -> Result<&AppleClient> {
        let apple = config.social.apple.as_ref();
        apple.ok_or_else(|| PROVIDER_DISABLED.into())
    }

    /// Where the provider sends the person back to.
    pub fn callback(self, config: &Config) -> String {
        format!("{}/{}/callback", config.social.redirect_base, self.as_str())
    }

    /// Where a browser asks the person (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3).
    ///
    /// # Errors
    /// 422 `PROVIDER_DISABLED` when it is not configured.
    pub fn question(
        self,
        config: &Config,
        state: &str,
        nonce: &str,
        challenge: &str,
    ) -> Result<String> {
        let endpoints = self.endpoints();
        let address = match &config.social.authorize_base {
            Some(base) => format!("{base}/{}/authorize", self.as_str()),
            None => endpoints.authorize.to_owned(),
        };
        let callback = self.callback(config);
        let mut pairs = vec![
            ("client_id", self.client_id(config)?),
            ("redirect_uri", callback.as_str()),
            ("response_type", "code"),
            ("scope", endpoints.scope),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        if self == Self::Apple {
            // Apple gives name and address only by form.
            pairs.push(("response_mode", "form_post"));
        }
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", escape_uri(value)));
        Ok(format!("{address}?{}", pairs.collect::<Vec<_>>().join("&")))
    }
}
