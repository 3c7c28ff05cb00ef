//! Idempotency: the record of a key is one write of the transaction that has the effect.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Call;
use crate::accounts::sealed::Sealed;
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{
    Error, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_REQUIRED,
    IDEMPOTENCY_KEY_REUSED, Result,
};
use crate::function::{Answer, Grant, Operation, Take};
use crate::table::{Commit, Condition, Item, Keep, Key, Live, Name, Refused, Table};
use crate::time::{DAY_MS, Time};

/// How long a first answer is kept.
const KEEP_MS: i64 = DAY_MS;
/// Characters of a key, at least.
const KEY_CHARS_MIN: usize = 8;
/// Characters of a key, at most.
const KEY_CHARS_MAX: usize = 255;

/// The stored first answer under a key: table `live`, pk `once#{scope}`, sk `once`; scope is the
/// SHA-256 of caller, route and key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FirstAnswer {
    #[serde(rename = "pk")]
    scope: String,
    fingerprint: Sealed,
    status: u16,
    body: String,
    expires: i64,
}

impl Item for FirstAnswer {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "first answer";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.scope, "once")
    }
}

/// The `Idempotency-Key` of a call, if it has one. Taking it answers a repeated call at once, so
/// it stands behind the body in a signature.
#[derive(Debug, Clone)]
pub struct Once {
    key: Option<(String, [u8; 32])>,
    now: Time,
}

/// The bare key of the header's value.
///
/// # Errors
/// 400 `IDEMPOTENCY_KEY_INVALID`.
pub fn key_of(header: &str) -> Result<&str> {
    let quoted = header
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.unwrap_or(header);
    let fits = (KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&key.len());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    if fits && key.bytes().all(plain) {
        Ok(key)
    } else {
        Err((&IDEMPOTENCY_KEY_INVALID).into())
    }
}

/// What an equal call is known again by. It is made with the key, which is not stored: by the hash
/// alone, whoever reads the table could search for a phone number or an address.
fn fingerprint(call: &Call, key: &str) -> [u8; 32] {
    crate::crypto::mac(key.as_bytes(), &[b"fingerprint", &call.fingerprint])
}

impl Take<Call> for Once {
    const GRANTS: &'static [&'static [Grant]] = <Table<Keep<Live>> as Take<Call>>::GRANTS;

    fn describe(operation: &mut Operation) {
        operation.key = true;
    }

    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        if let Some(approved) = &call.approved {
            // The decision's own key; whoever decided has looked for its answer.
            return Ok(Self {
                key: Some((approved.scope.clone(), approved.fingerprint)),
                now: call.now,
            });
        }
        let Some(header) = call.header("idempotency-key") else {
            if call.admin.is_some() && call.method == "POST" {
                return Err(IDEMPOTENCY_KEY_REQUIRED.into());
            }
            return Ok(Self {
                key: None,
                now: call.now,
            });
        };
        let key = key_of(header)?;
        let address = format!("ip:{}", super::call::counted(&call.address));
        let caller = call.user_id.as_deref().unwrap_or(&address);
        let parts = [caller.as_bytes(), call.function.as_bytes(), key.as_bytes()];
        let scope = format!(
            "once#{}",
            crate::crypto::encode(&crate::crypto::mac(b"once", &parts))
        );
        let once = Self {
            key: Some((scope.clone(), fingerprint(call, key))),
            now: call.now,
        };
        let known = Tables::of(env)
            .get::<FirstAnswer>(&Key::new(scope, "once"))
            .await?;
        match known {
            Some(first) if first.expires > call.now.seconds() => Err(once.replay(&first)),
            _ => {
                call.once = once.key.as_ref().map(|(scope, _)| scope.clone());
                Ok(once)
            }
        }
    }
}

/// The answer of an equal call that was first, looked for after a refusal: the other call may have
/// spent what this one did not find any more.
pub(super) async fn first_answer(env: &Env, call: &Call) -> Option<Error> {
    let scope = call.once.clone()?;
    let given = key_of(call.header("idempotency-key")?).ok()?;
    let once = Once {
        key: Some((scope.clone(), fingerprint(call, given))),
        now: call.now,
    };
    let key = Key::new(scope, "once");
    let first = Tables::of(env).get_consistent::<FirstAnswer>(&key).await;
    let first = first.ok().flatten()?;
    (first.expires > call.now.seconds()).then(|| once.replay(&first))
}

impl Once {
    fn replay(&self, first: &FirstAnswer) -> Error {
        match &self.key {
            Some((_, fingerprint)) if *fingerprint == *first.fingerprint.0 => {
                let body = serde_json::from_str(&first.body).unwrap_or(Value::Null);
                Error::replay(first.status, body)
            }
            _ => Error::from(&IDEMPOTENCY_KEY_REUSED),
        }
    }

    /// Scope and fingerprint of the key, for whoever has another function record the answer.
    pub(crate) fn key(&self) -> Option<(&str, [u8; 32])> {
        let (scope, fingerprint) = self.key.as_ref()?;
        Some((scope, *fingerprint))
    }

    /// The commit together with the record of the answer, for whoever carries it out itself; the
    /// record comes first. Without a key it is the commit alone.
    ///
    /// # Errors
    /// 500 when the answer cannot be written.
    pub fn record<A: Answer<Call> + Clone>(&self, commit: Commit, answer: &A) -> Result<Commit> {
        let Some((scope, fingerprint)) = &self.key else {
            return Ok(commit);
        };
        let reply = answer.clone().answer()?;
        let first = FirstAnswer {
            scope: scope.clone(),
            fingerprint: Sealed(fingerprint.to_vec()),
            status: reply.status,
            body: reply.body.to_string(),
            expires: self.now.plus(KEEP_MS).seconds(),
        };
        let free = Condition::absent_or_expired(self.now.seconds());
        // First, because the first condition that does not hold is the one that is told.
        Ok(Commit::new()
            .replace(&first, free, &IDEMPOTENCY_IN_PROGRESS)
            .with(commit))
    }

    /// Carries the commit out together with the record of the answer, and gives the answer.
    /// Without a key it is a plain commit.
    ///
    /// # Errors
    /// What the commit refuses; the stored answer when an equal call was first.
    pub async fn commit<A: Answer<Call> + Clone>(
        &self,
        tables: &Tables,
        commit: Commit,
        answer: A,
    ) -> Result<A, Missed> {
        let commit = self.record(commit, &answer)?;
        match tables.commit(commit).await {
            Ok(()) => Ok(answer),
            Err(Missed::Refused(refused)) => match self.first(&refused)? {
                Some(first) => Err(first.into()),
                None => Err(Missed::Refused(refused)),
            },
            Err(missed) => Err(missed),
        }
    }

    /// The stored answer of an equal call, if a commit with [`Self::record`] was refused because
    /// that call was first.
    ///
    /// # Errors
    /// 500 when it cannot be read.
    pub fn first(&self, refused: &Refused) -> Result<Option<Error>> {
        match &self.key {
            Some((scope, _)) if refused.key.pk == *scope => {
                let first = refused.current::<FirstAnswer>()?;
                Ok(first.map(|first| self.replay(&first)))
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bare_or_quoted_and_plain() {
        assert_eq!(key_of("01J8-abc.def:1_2").unwrap(), "01J8-abc.def:1_2");
        assert_eq!(key_of("\"12345678\"").unwrap(), "12345678");
        let long = "a".repeat(256);
        for wrong in [
            "",
            "1234567",
            "\"1234567\"",
            "with space",
            "ümlaut12",
            long.as_str(),
        ] {
            assert!(key_of(wrong).is_err(), "{wrong}");
        }
    }
}
