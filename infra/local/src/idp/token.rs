//! Token endpoint and keys, as functions ask for them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::Time;
use shared::accounts::social::provider::Provider;
use shared::crypto::{decode, encode, mac, sha256};
use shared::http::check::decode_query;

use super::{Client, Consent, Idp, Mischief, keys};
use crate::cloud::{Request, Response};

/// Longest life that Apple allows its clients' secrets, seconds: six months.
const APPLE_SECONDS_MAX: i64 = 15_777_000;

/// What a request at a provider's host asks: `google.token`, `apple.keys`.
pub(crate) fn asked(request: &Request) -> Option<(Provider, &'static str)> {
    let address = request.uri.split('?').next().unwrap_or_default();
    Provider::ALL.into_iter().find_map(|provider| {
        let endpoints = provider.endpoints();
        match address {
            _ if address == endpoints.token => Some((provider, "token")),
            _ if address == endpoints.keys => Some((provider, "keys")),
            _ => None,
        }
    })
}

fn answer(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string().into_bytes(),
    }
}

fn refused(error: &str) -> Response {
    answer(400, &json!({ "error": error }))
}

impl Idp {
    /// Answers a function. `secrets` is what the client's secret is, by provider.
    pub(crate) fn answer(
        &self,
        provider: Provider,
        what: &str,
        request: &Request,
        secrets: &Value,
        now: Time,
    ) -> Response {
        if what == "keys" {
            let keys: Vec<_> = keys::of(provider).iter().map(|key| key.jwk()).collect();
            return answer(200, &json!({ "keys": keys }));
        }
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let pairs = decode_query(&text);
        let field = |name: &str| {
            let pair = pairs.iter().find(|(known, _)| known == name);
            pair.map_or("", |(_, value)| value.as_str())
        };
        let client = self.state().clients.get(provider.as_str()).cloned();
        let secret = secrets[provider.as_str()].as_str().unwrap_or_default();
        let known = client.filter(|client| client.id == field("client_id"));
        let Some(client) = known.filter(|client| is_ours(provider, client, secret, &field, now))
        else {
            return refused("invalid_client");
        };
        // A code counts once, also when what comes with it is wrong.
        let consent = self.state().codes.remove(field("code"));
        let fits = consent.filter(|consent| {
            let challenge = encode(&sha256(&[field("code_verifier").as_bytes()]));
            consent.provider == provider
                && now < consent.expires_at
                && consent.redirect_uri == field("redirect_uri")
                && consent.challenge == challenge
        });
        match fits.filter(|_| field("grant_type") == "authorization_code") {
            Some(consent) => self.token(&consent, &client, now),
            None => refused("invalid_grant"),
        }
    }

    fn token(&self, consent: &Consent, client: &Client, now: Time) -> Response {
        let mischief = self.state().mischief;
        if mischief == Some(Mischief::Endless) {
            return answer(200, &json!({ "id_token": "x".repeat(1_000_000) }));
        }
        let mut body = json!({
            "access_token": encode(&sha256(&[consent.nonce.as_bytes()])),
            "token_type": "Bearer",
            "expires_in": 3_600,
        });
        if mischief != Some(Mischief::NoToken) {
            body["id_token"] = json!(id_token(consent, client, mischief, now));
        }
        answer(200, &body)
    }
}

/// Whether the client proves itself, by secret or, for Apple, by a signed statement.
fn is_ours<'a>(
    provider: Provider,
    client: &Client,
    secret: &str,
    field: &impl Fn(&str) -> &'a str,
    now: Time,
) -> bool {
    if provider == Provider::Apple {
        return is_signed(client, secret, field("client_secret"), now) == Some(true);
    }
    !secret.is_empty() && field("client_secret") == secret
}

fn is_signed(client: &Client, key: &str, statement: &str, now: Time) -> Option<bool> {
    let document = STANDARD.decode(key).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document).ok()?;
    let (text, signature) = statement.rsplit_once('.')?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    public.verify(text.as_bytes(), &decode(signature)?).ok()?;
    let (header, claims) = text.split_once('.')?;
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
    let (iat, exp) = (claims["iat"].as_i64()?, claims["exp"].as_i64()?);
    let seconds = now.seconds();
    Some(
        header["alg"] == "ES256"
            && header["kid"] == client.key_id.as_str()
            && claims["iss"] == client.team_id.as_str()
            && claims["sub"] == client.id.as_str()
            && claims["aud"] == Provider::Apple.endpoints().issuer
            && iat <= seconds
            && seconds < exp
            && exp <= iat + APPLE_SECONDS_MAX,
    )
}

/// The claims in the provider's own shape.
fn claims(consent: &Consent, client: &Client, now: Time) -> Value {
    let (person, seconds) = (&consent.person, now.seconds());
    let mut claims = json!({
        "iss": consent.provider.endpoints().issuer,
        "aud": client.id,
        "sub": person.sub,
        "iat": seconds,
        "exp": seconds + 3_600,
        "nonce": consent.nonce,
    });
    if let Some(email) = &person.email {
        claims["email"] = json!(email);
    }
    let name = format!("{} {}", person.first, person.last);
    match consent.provider {
        Provider::Google => {
            claims["azp"] = json!(client.id);
            claims["email_verified"] = json!(person.verified);
            claims["name"] = json!(name);
        }
        // Facebook says nothing about the address.
        Provider::Facebook => claims["name"] = json!(name),
        // Apple writes truth as a text, and names only into the form.
        Provider::Apple => {
            claims["email_verified"] = json!(person.verified.to_string());
            claims["nonce_supported"] = json!(true);
            claims["auth_time"] = json!(seconds);
        }
    }
    claims
}

fn id_token(consent: &Consent, client: &Client, mischief: Option<Mischief>, now: Time) -> String {
    let Some(key) = keys::of(consent.provider) else {
        return String::new();
    };
    let (mut header, mut claims) = (
        json!({ "alg": "RS256", "kid": key.kid, "typ": "JWT" }),
        claims(consent, client, now),
    );
    let seconds = now.seconds();
    match mischief {
        Some(Mischief::WrongNonce) => claims["nonce"] = json!("of another sign-in"),
        Some(Mischief::WrongIssuer) => claims["iss"] = json!("https://accounts.example"),
        Some(Mischief::WrongAudience) => claims["aud"] = json!("somebody-else"),
        Some(Mischief::ForeignParty) => {
            claims["aud"] = json!([client.id, "somebody-else"]);
            claims["azp"] = json!("somebody-else");
        }
        Some(Mischief::Expired) => {
            claims["iat"] = json!(seconds - 7_200);
            claims["exp"] = json!(seconds - 3_600);
        }
        Some(Mischief::FromTheFuture) => claims["iat"] = json!(seconds + 3_600),
        Some(Mischief::AlgNone) => header["alg"] = json!("none"),
        Some(Mischief::Hs256) => header["alg"] = json!("HS256"),
        Some(Mischief::UnknownKey) => header["kid"] = json!("nobody-1"),
        _ => {}
    }
    let part = |value: &Value| encode(value.to_string().as_bytes());
    let text = format!("{}.{}", part(&header), part(&claims));
    let signature = match mischief {
        Some(Mischief::AlgNone) => Vec::new(),
        Some(Mischief::Hs256) => mac(key.modulus().as_bytes(), &[text.as_bytes()]).to_vec(),
        Some(Mischief::UnknownKey | Mischief::ForgedKey) => keys::foreign()
            .map(|key| key.sign(&text))
            .unwrap_or_default(),
        _ => key.sign(&text),
    };
    let text = match mischief {
        Some(Mischief::Tampered) => {
            claims["sub"] = json!("somebody-else");
            format!("{}.{}", part(&header), part(&claims))
        }
        _ => text,
    };
    format!("{text}.{}", encode(&signature))
}
