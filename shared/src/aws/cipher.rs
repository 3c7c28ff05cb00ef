//! KMS: every person has a data key, wrapped by the master key; erasing its row makes all that it
//! sealed unreadable.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use serde::{Deserialize, Serialize};

use super::dynamo::{Tables, failed};
use crate::accounts::sealed::Sealed;
use crate::aws::Way;
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::{Grant, Take};
use crate::table::{Commit, Item, Key, Name};
use crate::time::{MINUTE_MS, Time};

/// How long an instance keeps an unwrapped key.
const CACHE_MS: i64 = 5 * MINUTE_MS;
/// Most keys kept by one instance.
const CACHE_KEYS_MAX: usize = 1_000;

/// The wrapped data key of a person: table `keys`, pk user id, sk `key`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WrappedKey {
    #[serde(skip)]
    user_id: String,
    wrapped: Sealed,
    #[serde(with = "crate::time::millis")]
    created_at: Time,
}

fn key_of(user_id: &str) -> Key {
    Key::new(user_id, "key")
}

impl Item for WrappedKey {
    const TABLE: Name = Name::Keys;
    const KIND: &'static str = "data key";
    crate::stored!();

    fn key(&self) -> Key {
        key_of(&self.user_id)
    }
}

/// A person's unwrapped data key.
#[derive(Clone)]
pub struct DataKey {
    user_id: Arc<str>,
    key: Arc<[u8; 32]>,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(***)")
    }
}

impl DataKey {
    /// Seals one attribute of an item of this person. `place` names table, key and attribute, so
    /// that a sealed value cannot be moved elsewhere.
    ///
    /// # Errors
    /// 500 when sealing fails.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        crate::crypto::seal(&self.key, self.context(place).as_bytes(), plain)
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    ///
    /// # Errors
    /// 500 when the bytes do not belong here.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        crate::crypto::open(&self.key, self.context(place).as_bytes(), sealed)
    }

    /// Opens a text.
    ///
    /// # Errors
    /// 500 when the bytes do not belong here.
    pub fn open_text(&self, place: &str, sealed: &[u8]) -> Result<String> {
        let bytes = self.open(place, sealed)?;
        String::from_utf8(bytes).map_err(|cause| INTERNAL_ERROR.because(cause))
    }

    /// A key of known bytes, for tests of rules.
    #[cfg(test)]
    pub(crate) fn fixed(user_id: &str, key: [u8; 32]) -> Self {
        Self {
            user_id: user_id.into(),
            key: Arc::new(key),
        }
    }

    fn context(&self, place: &str) -> String {
        format!("{}/{place}", self.user_id)
    }
}

type Known = HashMap<String, (Time, DataKey)>;

#[derive(Default)]
struct Cache(Mutex<Known>);

struct Kms(Client);

/// The capability to use data keys.
#[derive(Clone)]
pub struct Cipher {
    env: Env,
    kms: Arc<Kms>,
    cache: Arc<Cache>,
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher")
    }
}

impl Cipher {
    /// The cipher of this instance.
    pub fn of(env: &Env) -> Self {
        Self {
            env: env.clone(),
            kms: env.part(|env| Kms(Client::new(&super::shared_config(env)))),
            cache: env.part(|_| Cache::default()),
        }
    }

    /// The key of a person, kept for at most 5 minutes.
    ///
    /// # Errors
    /// 500 when the person has none (any more), 503 when KMS does not answer.
    pub fn key<'a>(&'a self, user_id: &'a str) -> Way<'a, Result<DataKey>> {
        Box::pin(async move {
            let now = self.env.clock().now();
            if let Some(key) = self.known(user_id, now) {
                return Ok(key);
            }
            let key = self.unwrap_again(user_id).await?;
            let mut known = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= CACHE_KEYS_MAX {
                known.clear();
            }
            known.insert(user_id.to_owned(), (now, key.clone()));
            Ok(key)
        })
    }

    /// The key of a person, whether or not it was used lately: where the time of an answer must
    /// not tell that.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub fn unwrap_again<'a>(&'a self, user_id: &'a str) -> Way<'a, Result<DataKey>> {
        Box::pin(async move {
            let (tables, place) = (Tables::of(&self.env), key_of(user_id));
            // Keys never change, so any copy will do; only one that was just made may be missing.
            let row: Option<WrappedKey> = match tables.get(&place).await? {
                Some(row) => Some(row),
                None => tables.get_consistent(&place).await?,
            };
            let row = row.ok_or_else(|| INTERNAL_ERROR.because("no data key"))?;
            let answer = self
                .kms
                .0
                .decrypt()
                .key_id(&self.env.config().master_key)
                .ciphertext_blob(Blob::new(row.wrapped.0))
                .encryption_context("user_id", user_id)
                .send()
                .await
                .map_err(|error| failed(&error))?;
            unwrapped(user_id, answer.plaintext)
        })
    }

    fn known(&self, user_id: &str, now: Time) -> Option<DataKey> {
        let known = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, key) = known.get(user_id)?;
        (now.since(*read) < CACHE_MS).then(|| key.clone())
    }
}

fn unwrapped(user_id: &str, plain: Option<Blob>) -> Result<DataKey> {
    let bytes = plain.map(Blob::into_inner).unwrap_or_default();
    let key: [u8; 32] = bytes
        .try_into()
        .map_err(|_| INTERNAL_ERROR.because("a data key has not 32 bytes"))?;
    Ok(DataKey {
        user_id: user_id.into(),
        key: Arc::new(key),
    })
}

impl<C: Send> Take<C> for Cipher {
    const GRANTS: &'static [&'static [Grant]] = &[&[
        Grant {
            actions: &["kms:Decrypt"],
            resource: "key/data",
        },
        Grant {
            actions: &["dynamodb:GetItem"],
            resource: "table/keys",
        },
    ]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}

/// The capability to make data keys, besides using them. Whoever opens accounts has it, and nobody
/// else: a key that is written over is what it sealed, lost.
#[derive(Clone, Debug)]
pub struct NewKeys(Cipher);

impl std::ops::Deref for NewKeys {
    type Target = Cipher;

    fn deref(&self) -> &Cipher {
        &self.0
    }
}

impl NewKeys {
    /// The maker of this instance.
    pub fn of(env: &Env) -> Self {
        Self(Cipher::of(env))
    }

    /// Makes the key of a new person; the commit part stores it and must be part of the
    /// transaction that creates the account.
    ///
    /// # Errors
    /// 503 when KMS does not answer.
    pub fn create<'a>(&'a self, user_id: &'a str) -> Way<'a, Result<(DataKey, Commit)>> {
        Box::pin(async move {
            let answer = self
                .0
                .kms
                .0
                .generate_data_key()
                .key_id(&self.0.env.config().master_key)
                .key_spec(DataKeySpec::Aes256)
                .encryption_context("user_id", user_id)
                .send()
                .await
                .map_err(|error| failed(&error))?;
            let key = unwrapped(user_id, answer.plaintext)?;
            let row = WrappedKey {
                user_id: user_id.to_owned(),
                wrapped: Sealed(
                    answer
                        .ciphertext_blob
                        .map(Blob::into_inner)
                        .unwrap_or_default(),
                ),
                created_at: self.0.env.clock().now(),
            };
            Ok((key, Commit::new().create(&row, &INTERNAL_ERROR)))
        })
    }
}

impl<C: Send> Take<C> for NewKeys {
    const GRANTS: &'static [&'static [Grant]] = &[&[
        Grant {
            actions: &["kms:Decrypt", "kms:GenerateDataKey"],
            resource: "key/data",
        },
        Grant {
            actions: &["dynamodb:GetItem", "dynamodb:PutItem"],
            resource: "table/keys",
        },
    ]];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}
