//! One-time tokens that carry what they stand for: 256 random bits, stored as their hash, beside
//! content that only the token itself opens.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`OneTime`] | live | `token#<SHA-256 of kind and token>` | `token` |
//!
//! Whoever reads the table learns neither the token nor the content: address, name and nonce of a
//! sign-in that has no account yet, and therefore no data key.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::sealed::Sealed;
use crate::aws::dynamo::Tables;
use crate::crypto;
use crate::error::{Error, Fault, INTERNAL_ERROR, OTP_EXPIRED, Result};
use crate::id::Ids;
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::{Time, millis};

/// Place of the content, for the sealing.
const CONTENT: &[u8] = b"live/token/content";

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneTime {
    /// `token#…`
    #[serde(rename = "pk")]
    pub partition: String,
    /// What it stands for, sealed with a key made of the token.
    pub content: Sealed,
    /// Its end.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for OneTime {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "One-time token";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "token")
    }
}

/// A found token with its content.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// What it stands for.
    pub content: T,
    key: Key,
}

impl<T> Found<T> {
    /// What spends it: a second use finds nothing.
    pub fn spend(&self) -> Commit {
        let there = Some((Condition::Present, &OTP_EXPIRED));
        Commit::new().delete::<OneTime>(self.key.clone(), there)
    }

    /// Whether this refusal means that somebody else spent it.
    pub fn is_at(&self, key: &Key) -> bool {
        self.key == *key
    }
}

fn key_of(kind: &str, token: &str) -> Key {
    let hash = crypto::sha256(&[kind.as_bytes(), b"#", token.as_bytes()]);
    Key::new(format!("token#{}", crypto::encode(&hash)), "token")
}

/// The key of the content; of another purpose than the hash that finds it.
fn seal_key(kind: &str, token: &str) -> [u8; 32] {
    crypto::mac(token.as_bytes(), &[b"one-time content", kind.as_bytes()])
}

/// A fresh token of a kind, and what stores it.
///
/// # Errors
/// 500 when sealing fails.
pub fn issue<T: Serialize>(
    kind: &str,
    content: &T,
    life_ms: i64,
    ids: &Ids,
    now: Time,
) -> Result<(String, Commit)> {
    let token = crypto::encode(&ids.bytes::<32>());
    let plain = serde_json::to_vec(content).map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let expires_at = now.plus(life_ms);
    let kept = OneTime {
        partition: key_of(kind, &token).pk,
        content: Sealed(crypto::seal(&seal_key(kind, &token), CONTENT, &plain)?),
        expires_at,
        expires: expires_at.seconds(),
    };
    Ok((token, Commit::new().create(&kept, &INTERNAL_ERROR)))
}

/// The content of a token that still counts.
///
/// # Errors
/// The given fault when it is unknown, spent or too old.
pub async fn find<T: DeserializeOwned>(
    tables: &Tables,
    kind: &str,
    token: &str,
    now: Time,
    else_fault: &'static Fault,
) -> Result<Found<T>> {
    let key = key_of(kind, token);
    let kept: Option<OneTime> = tables.get_consistent(&key).await?;
    let live = kept.filter(|kept| now < kept.expires_at);
    let kept = live.ok_or_else(|| Error::from(else_fault))?;
    let plain = crypto::open(&seal_key(kind, token), CONTENT, &kept.content.0)?;
    let content = serde_json::from_slice(&plain);
    Ok(Found {
        content: content.map_err(|_| INTERNAL_ERROR.because("content of a token"))?,
        key,
    })
}
