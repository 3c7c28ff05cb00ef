//! The providers' keys: made at the first use of a process, one RSA key each.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use shared::accounts::social::provider::Provider;
use shared::crypto::encode;

/// A key that signs with RS256.
pub(super) struct Key {
    pair: KeyPair,
    /// Key id.
    pub kid: String,
}

impl Key {
    fn make(name: &str) -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let kid = format!("{name}-1");
        Some(Self { pair, kid })
    }

    /// The signature of a text; empty when the library refuses.
    pub fn sign(&self, text: &str) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
        signed.map(|()| signature).unwrap_or_default()
    }

    /// The modulus as published, base64url.
    pub fn modulus(&self) -> String {
        let modulus = self.pair.public_key().modulus();
        encode(modulus.big_endian_without_leading_zero())
    }

    /// As published (RFC 7517).
    pub fn jwk(&self) -> Value {
        let exponent = self.pair.public_key().exponent();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": self.modulus(),
            "e": encode(exponent.big_endian_without_leading_zero()),
        })
    }
}

/// The key of a provider.
pub(super) fn of(provider: Provider) -> Option<&'static Key> {
    static KEYS: [OnceLock<Option<Key>>; 3] = [const { OnceLock::new() }; 3];
    let [google, facebook, apple] = &KEYS;
    let place = match provider {
        Provider::Google => google,
        Provider::Facebook => facebook,
        Provider::Apple => apple,
    };
    place.get_or_init(|| Key::make(provider.as_str())).as_ref()
}

/// A key that nobody publishes.
pub(super) fn foreign() -> Option<&'static Key> {
    static KEY: OnceLock<Option<Key>> = OnceLock::new();
    KEY.get_or_init(|| Key::make("foreign")).as_ref()
}
