//! The account as its person sees and edits it, and the published keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::{self, Account, Status};
use super::edit::Edit;
use super::person;
use super::token::PublicKeys;
use crate::aws::cipher::Cipher;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{Result, VALIDATION_FAILED, VERSION_CONFLICT};
use crate::function::{Answer, Operation, Reply};
use crate::http::limit::Activity;
use crate::http::{Call, Json, Me};
use crate::time::Time;

/// The caller's account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountView {
    /// `usr_…`
    pub user_id: String,
    /// Address.
    pub email: String,
    /// Whether it is proven.
    pub email_verified: bool,
    /// Whether a phone number is proven.
    pub phone_verified: bool,
    /// Name.
    pub name: String,
    /// ISO 8601 date.
    pub birthdate: String,
    /// BCP 47 tag.
    pub locale: String,
    /// IANA name.
    pub timezone: String,
    /// Whether calls go through a relay only, so that the other one learns no address.
    pub relay_only_calls: bool,
    /// What it may do.
    pub status: Status,
    /// Whether a second factor is enrolled.
    pub two_factor: bool,
    /// Registration.
    pub created_at: Time,
    /// Last call, by the minute.
    pub last_activity: Time,
    /// Optimistic lock.
    pub version: i64,
}

/// The account with its version as `ETag`.
#[derive(Clone, Debug)]
pub struct Tagged(pub AccountView);

impl Answer<Call> for Tagged {
    fn describe(operation: &mut Operation) {
        <Json<AccountView> as Answer<Call>>::describe(operation);
    }

    fn answer(self) -> Result<Reply> {
        let tag = format!("\"{}\"", self.0.version);
        let mut reply = Json(self.0).answer()?;
        reply.headers.push(("etag", tag));
        Ok(reply)
    }
}

/// What a person may change of the account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AccountChange {
    /// Name that others see.
    #[schemars(length(min = 1, max = 80), extend("x-text" = "name"))]
    pub name: Option<String>,
    /// BCP 47 tag.
    #[schemars(
        length(max = 35),
        regex(pattern = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    )]
    pub locale: Option<String>,
    /// IANA name.
    #[schemars(length(max = 64))]
    pub timezone: Option<String>,
    /// Whether calls go through a relay only, so that the other one learns no address.
    pub relay_only_calls: Option<bool>,
    /// Version that was read; or the header `If-Match`.
    pub version: Option<i64>,
}

/// The caller's account.
///
/// # Errors
/// 503 when a table does not answer.
pub async fn get(tables: &Tables, cipher: &Cipher, me: &Me) -> Result<Tagged> {
    let account = account::load(tables, &me.user_id).await?;
    view(tables, cipher, account).await
}

/// Changes the caller's account.
///
/// # Errors
/// 409 `VERSION_CONFLICT` {current_version}, 422 `INVALID_TIMEZONE`.
pub async fn edit(
    tables: &Tables,
    cipher: &Cipher,
    me: &Me,
    change: AccountChange,
    if_match: Option<&str>,
    now: Time,
) -> Result<Tagged> {
    let version = version(change.version, if_match)?;
    let timezone = change
        .timezone
        .as_deref()
        .map(person::check_timezone)
        .transpose()?;
    let account = account::load(tables, &me.user_id).await?;
    account.expect_version(version)?;
    let edit = Edit {
        name: change.name,
        locale: change.locale,
        timezone,
        relay_only_calls: change.relay_only_calls,
    };
    let (next, commit) = account.edit(edit, now);
    match tables.commit(commit).await {
        Ok(()) => view(tables, cipher, next).await,
        Err(Missed::Refused(refused)) => {
            let current: Option<Account> = refused.current()?;
            let current = current.map_or(0, |current| current.version);
            Err(VERSION_CONFLICT.with(json!({ "current_version": current })))
        }
        Err(Missed::Failed(error)) => Err(error),
    }
}

/// The version that the caller read, from the body or from `If-Match` (RFC 9110 §13.1.1).
fn version(field: Option<i64>, if_match: Option<&str>) -> Result<i64> {
    let header = if_match.and_then(|tag| tag.trim_matches('"').parse().ok());
    field.or(header).ok_or_else(|| {
        let message = "Say which version you read.";
        let row = json!({ "field": "/version", "rule": "required", "message": message });
        VALIDATION_FAILED.with(json!({ "fields": [row] }))
    })
}

async fn view(tables: &Tables, cipher: &Cipher, account: Account) -> Result<Tagged> {
    let key = cipher.key(&account.user_id).await?;
    let activity: Option<Activity> = tables.get(&Activity::key_of(&account.user_id)).await?;
    let seen = activity.and_then(|activity| activity.last());
    Ok(Tagged(AccountView {
        email: account.email(&key)?,
        birthdate: account.birthdate(&key)?,
        email_verified: account.email_verified_at.is_some(),
        phone_verified: account.phone_verified_at.is_some(),
        two_factor: account.two_factor_at.is_some(),
        last_activity: seen
            .or(account.last_sign_in_at)
            .unwrap_or(account.created_at),
        user_id: account.user_id,
        name: account.name,
        locale: account.locale,
        timezone: account.timezone,
        relay_only_calls: account.relay_only_calls,
        status: account.status,
        created_at: account.created_at,
        version: account.version,
    }))
}

/// A public key as JWK (RFC 7517, RFC 8037).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    r#use: &'static str,
    kid: String,
    x: String,
}

/// The published keys.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwks {
    /// Current, next and previous.
    pub keys: Vec<Jwk>,
}

/// The keys that verify access tokens now.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn jwks(tables: &Tables, now: Time) -> Result<Jwks> {
    let set: Option<PublicKeys> = tables.get(&PublicKeys::key_of()).await?;
    let live = set.unwrap_or_default().keys.into_iter();
    let live = live.filter(|key| key.retire_at.is_none_or(|at| at > now));
    let jwk = |kid, x| Jwk {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        r#use: "sig",
        kid,
        x,
    };
    Ok(Jwks {
        keys: live.map(|key| jwk(key.kid, key.x)).collect(),
    })
}
