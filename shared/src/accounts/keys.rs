//! Signing keys: making the first pair, once.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::token::{DrawnKey, KeyState, PrivateKey, PrivateKeys, PublicKey, PublicKeys};
use crate::aws::dynamo::{Missed, Tables};
use crate::aws::secret::{self, Signing};
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};
use crate::table::Commit;
use crate::time::Time;

/// A key of 32 random bytes, and its public half, base64url.
///
/// # Errors
/// 500 when no key can be made.
pub fn draw(kid: &str, seed: [u8; 32]) -> Result<(DrawnKey, String)> {
    let made =
        Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| INTERNAL_ERROR.because("no key"))?;
    let document = made
        .to_pkcs8()
        .map_err(|_| INTERNAL_ERROR.because("no key document"))?;
    let drawn = DrawnKey {
        kid: kid.to_owned(),
        pkcs8: STANDARD.encode(document.as_ref()),
    };
    Ok((drawn, URL_SAFE_NO_PAD.encode(made.public_key().as_ref())))
}

/// The key pair of 32 random bytes, signing from `now` on: content of the secret, and the
/// published set.
///
/// # Errors
/// 500 when no key can be made.
pub fn first(kid: &str, seed: [u8; 32], now: Time) -> Result<(PrivateKeys, PublicKeys)> {
    let (drawn, x) = draw(kid, seed)?;
    let private = PrivateKey {
        kid: drawn.kid,
        pkcs8: drawn.pkcs8,
        not_before: now,
    };
    let public = PublicKey {
        kid: kid.to_owned(),
        x,
        state: KeyState::Current,
        not_before: now,
        retire_at: None,
    };
    let private = PrivateKeys {
        keys: vec![private],
        next: None,
    };
    let public = PublicKeys {
        keys: vec![public],
        version: 1,
    };
    Ok((private, public))
}

/// The public half of a private key, base64url.
///
/// # Errors
/// 500 when the document is no Ed25519 key.
pub(super) fn public_half(pkcs8: &str) -> Result<String> {
    let broken = || INTERNAL_ERROR.because("a signing key is malformed");
    let document = STANDARD.decode(pkcs8).map_err(|_| broken())?;
    let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| broken())?;
    Ok(URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()))
}

/// Makes the first pair where there is none: the secret and the published set. A deployment does
/// this once, the local cloud at its first start.
///
/// # Errors
/// 503 when store or table do not answer.
pub async fn create_if_missing(env: &Env) -> Result<()> {
    let tables = Tables::of(env);
    if tables
        .get_consistent::<PublicKeys>(&PublicKeys::key_of())
        .await?
        .is_some()
    {
        return Ok(());
    }
    let ids = env.ids();
    let (mut private, mut public) = first(&ids.ulid(), ids.bytes(), env.clock().now())?;
    if !secret::create::<Signing>(env, &private.text()?).await? {
        // A start that died in between left the secret: its public half is derived again.
        let known = secret::read::<Signing>(env).await?;
        private = PrivateKeys::read(known.text())?;
        public = public_of(&private)?;
    }
    match tables
        .commit(Commit::new().create(&public, &INTERNAL_ERROR))
        .await
    {
        Ok(()) | Err(Missed::Refused(_)) => Ok(()),
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// The public set of private keys, the newest of which signs.
fn public_of(private: &PrivateKeys) -> Result<PublicKeys> {
    let newest = private.keys.iter().map(|key| key.not_before).max();
    let keys = private.keys.iter().map(|key| {
        let current = Some(key.not_before) == newest;
        Ok(PublicKey {
            kid: key.kid.clone(),
            x: public_half(&key.pkcs8)?,
            state: if current {
                KeyState::Current
            } else {
                KeyState::Previous
            },
            not_before: key.not_before,
            retire_at: None,
        })
    });
    Ok(PublicKeys {
        keys: keys.collect::<Result<_>>()?,
        version: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_set_can_be_derived_again() {
        let (private, public) = first("key-1", [5; 32], Time(7)).expect("keys");
        assert_eq!(public_of(&private).expect("set"), public);
    }
}
