//! Secrets Manager: `Secret<Pepper>` in a signature is the right to read one secret.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;

use super::dynamo::failed;
use super::named::named;
use crate::aws::Way;
use crate::env::Env;
use crate::error::{INTERNAL_ERROR, Result};
use crate::function::{Grant, Take};
use crate::time::{MINUTE_MS, Time};

/// How long an instance uses a secret before it reads it again.
const CACHE_MS: i64 = 5 * MINUTE_MS;

/// Token of the first value of a secret; the service wants at least 32 characters.
const FIRST: &str = "the-first-value-of-a-pairly-secret";

/// A secret's name as a type.
pub trait Named: Send + Sync + 'static {
    /// Name below the prefix.
    const NAME: &'static str;
    /// The statement of the role of who reads it.
    const GRANTS: &'static [Grant];
    /// The statement of the role of who replaces it.
    const KEEPS: &'static [Grant];
}

named! {
    "secret" {
        GRANTS: ["secretsmanager:GetSecretValue"];
        KEEPS: ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"];
    }
    /// Keys the password hashes together with the table's own salt.
    Pepper = "pepper";
    /// Keys the hashes under which addresses and messages are found.
    Lookup = "lookup";
    /// Authenticates cursors and sync tokens.
    Cursor = "cursor";
    /// Private keys of the access tokens.
    Signing = "signing";
    /// What providers of identities know us by: `{"google":"…","facebook":"…","apple":"…"}`.
    Oauth = "oauth";
    /// Shared with the TURN server, which proves its users by it.
    TurnKey = "turn";
}

/// The value of one secret.
#[derive(Clone)]
pub struct Secret<K> {
    value: Arc<str>,
    name: PhantomData<fn() -> K>,
}

impl<K> std::fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<K> Secret<K> {
    /// The stored text.
    pub fn text(&self) -> &str {
        &self.value
    }

    /// The stored text's 32 bytes, if it is base64url of such.
    ///
    /// # Errors
    /// 500 when the secret has another form.
    pub fn key(&self) -> Result<[u8; 32]> {
        crate::crypto::decode(&self.value)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| INTERNAL_ERROR.because("a secret has not 32 bytes"))
    }
}

#[derive(Default)]
struct Cache(Mutex<HashMap<&'static str, (Time, Arc<str>)>>);

impl Cache {
    fn get(&self, name: &'static str, now: Time) -> Option<Arc<str>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, value) = known.get(name)?;
        (now.since(*read) < CACHE_MS).then(|| Arc::clone(value))
    }

    fn put(&self, name: &'static str, now: Time, value: Arc<str>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, (now, value));
    }
}

struct Secrets(Client);

/// Reads a secret, at most every 5 minutes per instance.
///
/// # Errors
/// 503 when the store does not answer, 500 when the secret is missing.
pub async fn read<K: Named>(env: &Env) -> Result<Secret<K>> {
    let (cache, now) = (env.part(|_| Cache::default()), env.clock().now());
    let value = match cache.get(K::NAME, now) {
        Some(value) => value,
        None => {
            let value: Arc<str> = fetch(env, K::NAME)
                .await?
                .ok_or_else(|| INTERNAL_ERROR.because("no such secret"))?
                .into();
            cache.put(K::NAME, now, Arc::clone(&value));
            value
        }
    };
    Ok(Secret {
        value,
        name: PhantomData,
    })
}

/// The present text of a secret by its name; `None` when there is none.
///
/// # Errors
/// 503 when the store does not answer.
pub fn fetch<'a>(env: &'a Env, name: &'a str) -> Way<'a, Result<Option<String>>> {
    Box::pin(async move {
        let client = env.part(|env| Secrets(Client::new(&super::shared_config(env))));
        let id = format!("{}/{name}", env.config().prefix);
        match client.0.get_secret_value().secret_id(id).send().await {
            Ok(answer) => Ok(answer.secret_string),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    })
}

/// Keeps a text that was fetched just now for whoever reads the secret first.
pub fn keep(env: &Env, name: &'static str, text: String) {
    let (cache, now) = (env.part(|_| Cache::default()), env.clock().now());
    cache.put(name, now, text.into());
}

/// Gives a secret its first value, and makes it if need be; `false` when it has one, which stays.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn create<K: Named>(env: &Env, text: &str) -> Result<bool> {
    let client = env.part(|env| Secrets(Client::new(&super::shared_config(env))));
    let id = format!("{}/{}", env.config().prefix, K::NAME);
    let create = client.0.create_secret().name(&id).secret_string(text);
    match create.send().await {
        Ok(_) => return Ok(true),
        Err(error) if error.code() == Some("ResourceExistsException") => {}
        Err(error) => return Err(failed(&error)),
    }
    if fetch(env, K::NAME).await?.is_some() {
        return Ok(false);
    }
    // A stack makes its secrets without values. Whoever is first under this token gives theirs.
    let put = client.0.put_secret_value().secret_id(id);
    let put = put.client_request_token(FIRST).secret_string(text);
    match put.send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
        Err(error) => Err(failed(&error)),
    }
}

/// The right to replace one secret.
#[derive(Clone)]
pub struct Keeper<K> {
    env: Env,
    name: PhantomData<fn() -> K>,
}

impl<K> std::fmt::Debug for Keeper<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keeper")
    }
}

impl<K: Named> Keeper<K> {
    /// The text as it is stored now.
    ///
    /// # Errors
    /// 500 when there is none, 503 when the store does not answer.
    pub async fn read(&self) -> Result<String> {
        let text = fetch(&self.env, K::NAME).await?;
        text.ok_or_else(|| INTERNAL_ERROR.because("no such secret"))
    }

    /// Stores another text as the one outcome of `step`: whoever does the same step later changes
    /// nothing, whatever text they have.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn replace(&self, text: &str, step: &str) -> Result<()> {
        let client = self
            .env
            .part(|env| Secrets(Client::new(&super::shared_config(env))));
        let id = format!("{}/{}", self.env.config().prefix, K::NAME);
        let token = crate::crypto::sha256(&[step.as_bytes()]);
        let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        let put = client.0.put_secret_value().secret_id(id);
        let put = put.client_request_token(token).secret_string(text);
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl<K: Named, C: Send> Take<C> for Keeper<K> {
    const GRANTS: &'static [&'static [Grant]] = &[K::KEEPS];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self {
            env: env.clone(),
            name: PhantomData,
        })
    }
}

impl<K: Named, C: Send> Take<C> for Secret<K> {
    const GRANTS: &'static [&'static [Grant]] = &[K::GRANTS];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        read(env).await
    }
}
