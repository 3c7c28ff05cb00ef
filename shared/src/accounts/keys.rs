//! Signing keys: making the first pair.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::token::{KeyState, PrivateKey, PrivateKeys, PublicKey, PublicKeys};
use crate::error::{INTERNAL_ERROR, Result};
use crate::time::Time;

/// The key pair of 32 random bytes, signing from `now` on: content of the secret, and the
/// published set.
///
/// # Errors
/// 500 when no key can be made.
pub fn first(kid: &str, seed: [u8; 32], now: Time) -> Result<(PrivateKeys, PublicKeys)> {
    let made =
        Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| INTERNAL_ERROR.because("no key"))?;
    let document = made
        .to_pkcs8()
        .map_err(|_| INTERNAL_ERROR.because("no key document"))?;
    let private = PrivateKey {
        kid: kid.to_owned(),
        pkcs8: STANDARD.encode(document.as_ref()),
        not_before: now,
    };
    let public = PublicKey {
        kid: kid.to_owned(),
        x: URL_SAFE_NO_PAD.encode(made.public_key().as_ref()),
        state: KeyState::Current,
        not_before: now,
        retire_at: None,
    };
    Ok((
        PrivateKeys {
            keys: vec![private],
        },
        PublicKeys { keys: vec![public] },
    ))
}
