//! What a deployed stack needs before its first call: values of its secrets, first signing keys,
//! and nobody. Whatever is there stays, so it may be done again at any time.

use crate::accounts::{keys, nobody};
use crate::aws::secret::{self, Cursor, Lookup, Named, Oauth, Pepper, TurnKey};
use crate::env::Env;
use crate::error::Result;

/// The secret of providers as long as none is configured.
const NO_PROVIDERS: &str = "{}";

/// Makes what is missing; the names of the secrets that got their first value.
///
/// # Errors
/// 503 when a service does not answer; what was made until then stays.
pub async fn prepare(env: &Env) -> Result<Vec<&'static str>> {
    let mut made = Vec::new();
    random::<Pepper>(env, &mut made).await?;
    random::<Lookup>(env, &mut made).await?;
    random::<Cursor>(env, &mut made).await?;
    random::<TurnKey>(env, &mut made).await?;
    if secret::create::<Oauth>(env, NO_PROVIDERS).await? {
        made.push(Oauth::NAME);
    }
    keys::create_if_missing(env).await?;
    nobody::create_if_missing(env).await?;
    Ok(made)
}

async fn random<K: Named>(env: &Env, made: &mut Vec<&'static str>) -> Result<()> {
    let bytes: [u8; 32] = env.ids().bytes();
    if secret::create::<K>(env, &crate::crypto::encode(&bytes)).await? {
        made.push(K::NAME);
    }
    Ok(())
}
