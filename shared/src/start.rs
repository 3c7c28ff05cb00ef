//! What has to be there before a function serves: the secrets that its role names.
//!
//! A function that may read a secret does nothing useful without it, so its process ends at the
//! start, with the name of what is missing in the log, instead of refusing call after call. A store
//! that does not answer is another matter: it may answer the next call. The asking goes on beside
//! the first poll and before the first event, which finds the secrets read.

use crate::accounts::token::{PrivateKeys, Signer};
use crate::aws::{Way, secret};
use crate::env::Env;
use crate::error::INTERNAL_ERROR;
use crate::function::Grant;

/// Statements of a role, argument by argument.
type Grants = &'static [&'static [&'static [Grant]]];
/// Beginning of a secret among the resources.
const SECRET: &str = "secret/";
/// The secret of the keys that sign access tokens.
const SIGNING: &str = "signing";

/// Looks for what a function needs; the sentence names what is missing.
pub type Check = for<'a> fn(&'a Env, Grants) -> Way<'a, Result<(), String>>;

/// What a function needs before it serves. Without secrets the check is not even linked.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    grants: Grants,
    check: Option<Check>,
}

impl Needs {
    /// The needs of a role, for constants.
    pub const fn of(grants: Grants) -> Self {
        let check: Option<Check> = if names_secret(grants) {
            Some(|env, grants| secrets(env, grants))
        } else {
            None
        };
        Self { grants, check }
    }

    /// Whether everything is there.
    ///
    /// # Errors
    /// The sentence that names what is missing.
    pub async fn met(&self, env: &Env) -> Result<(), String> {
        match self.check {
            Some(check) => check(env, self.grants).await,
            None => Ok(()),
        }
    }
}

const fn names_secret(grants: Grants) -> bool {
    let mut argument = 0;
    while argument < grants.len() {
        let mut set = 0;
        while set < grants[argument].len() {
            let mut at = 0;
            while at < grants[argument][set].len() {
                if is_secret(grants[argument][set][at].resource.as_bytes()) {
                    return true;
                }
                at += 1;
            }
            set += 1;
        }
        argument += 1;
    }
    false
}

const fn is_secret(resource: &[u8]) -> bool {
    let head = SECRET.as_bytes();
    let mut at = 0;
    while at < head.len() {
        if at >= resource.len() || resource[at] != head[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Boxed, so that it is compiled here once and not again into every binary.
fn secrets(env: &Env, grants: Grants) -> Way<'_, Result<(), String>> {
    Box::pin(async move {
        let mut names = Vec::new();
        for set in grants.iter().flat_map(|argument| argument.iter()) {
            names.extend(
                set.iter()
                    .filter_map(|grant| grant.resource.strip_prefix(SECRET)),
            );
        }
        for name in names {
            let full = format!("{}/{name}", env.config().prefix);
            match secret::fetch(env, name).await {
                Ok(Some(text)) if name == SIGNING => {
                    let keys = PrivateKeys::read(&text);
                    let signer = keys.and_then(|keys| Signer::of(&keys, env.clock().now()));
                    signer.map_err(|_| format!("the signing key {full} cannot be used"))?;
                    secret::keep(env, name, text);
                }
                Ok(Some(text)) => secret::keep(env, name, text),
                Ok(None) if name == SIGNING => {
                    return Err(format!("the signing key {full} is missing"));
                }
                Ok(None) => return Err(format!("the secret {full} is missing")),
                Err(error) if error.is(&INTERNAL_ERROR) => {
                    return Err(format!("the secret {full} cannot be read: {error}"));
                }
                // Throttled or unreachable: the first call tries again.
                Err(error) => {
                    tracing::warn!(target: "start", secret = full, %error, "not answered")
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const READS: Grants = &[
        &[&[Grant {
            actions: &["dynamodb:GetItem"],
            resource: "table/data",
        }]],
        &[&[Grant {
            actions: &["secretsmanager:GetSecretValue"],
            resource: "secret/signing",
        }]],
    ];

    #[test]
    fn only_a_role_with_secrets_has_something_to_look_for() {
        assert!(Needs::of(READS).check.is_some());
        assert!(Needs::of(&READS[..1]).check.is_none());
        assert!(Needs::of(&[]).check.is_none());
    }
}
