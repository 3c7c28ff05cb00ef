//! Proving an address by link or by code, and asking for another mail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::{self, Account, Status};
use super::address::{Email, EmailHash};
use super::desk::{Examiner, Guard, Notary};
use super::nobody;
use super::proof::{Link, Proof, Told};
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::{Missed, Tables};
use crate::config::Config;
use crate::error::{Error, OTP_EXPIRED, Result, UNAVAILABLE, VALIDATION_FAILED};
use crate::http::limit::Limit;
use crate::http::{Accepted, Json, Once};
use crate::notifications::{self, Facts, Mail, NewMail};
use crate::table::Commit;
use crate::time::{HOUR_MS, Time};

/// Tries when others take tries of the same code at once.
const RACES_MAX: u32 = 6;

/// A link's token, or an address and its code.
#[derive(Clone, Deserialize, JsonSchema)]
#[schemars(extend("x-either" = [["token"], ["email", "code"]]))]
pub struct Evidence {
    /// From the link.
    #[schemars(length(min = 1, max = 256))]
    pub token: Option<String>,
    /// Address of the account.
    #[schemars(length(min = 3, max = 254))]
    pub email: Option<String>,
    /// Eight digits from the mail.
    #[schemars(length(min = 1, max = 16))]
    pub code: Option<String>,
}

/// The address is proven.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Verified {
    /// Always true.
    pub verified: bool,
}

/// Proves an address and activates its account.
///
/// # Errors
/// 422 `OTP_INVALID` {attempts_left}, 410 `OTP_EXPIRED`, 429 `RATE_LIMITED`.
pub async fn verify(
    desk: &Examiner,
    guard: &Guard,
    once: &Once,
    evidence: Evidence,
) -> Result<Json<Verified>> {
    let (proof, user_id) = match (evidence.token, evidence.email, evidence.code) {
        (Some(token), None, None) => by_link(desk, guard, &token).await?,
        (None, Some(email), Some(code)) => by_code(desk, guard, &email, &code).await?,
        _ => return Err(neither()),
    };
    let active = Account::verified(&user_id, desk.clock.now(), &OTP_EXPIRED);
    let commit = proof.spend().with(active);
    Ok(once
        .commit(&desk.tables, commit, Json(Verified { verified: true }))
        .await?)
}

fn neither() -> Error {
    let message = "Give either the token, or the address and the code.";
    let row = json!({ "field": "/token", "rule": "required", "message": message });
    VALIDATION_FAILED.with(json!({ "fields": [row] }))
}

async fn load(tables: &Tables, hash: &EmailHash) -> Result<Proof> {
    let proof = tables.get_consistent(&Proof::key_of(hash)).await?;
    proof.ok_or_else(|| Error::from(&OTP_EXPIRED))
}

/// Whether the link would prove its address now; changes nothing.
///
/// # Errors
/// 410 `OTP_EXPIRED`.
pub async fn look_at(tables: &Tables, token: &str, now: Time) -> Result<()> {
    let link = Link::parse(token).ok_or(&OTP_EXPIRED)?;
    load(tables, &link.hash)
        .await?
        .by_link(&link, now)
        .map(|_| ())
}

async fn by_link(desk: &Examiner, guard: &Guard, token: &str) -> Result<(Proof, String)> {
    let link = Link::parse(token).ok_or(&OTP_EXPIRED)?;
    guard.spend(Limit::Otp, &link.counted()).await?;
    let proof = load(&desk.tables, &link.hash).await?;
    let user_id = proof.by_link(&link, desk.clock.now())?.to_owned();
    Ok((proof, user_id))
}

async fn by_code(
    desk: &Examiner,
    guard: &Guard,
    email: &str,
    code: &str,
) -> Result<(Proof, String)> {
    let lookup = desk.lookup.key()?;
    let hash = Email::fold(email).hash(&lookup);
    guard.spend(Limit::Otp, &hash.partition()).await?;
    let mut proof = load(&desk.tables, &hash).await?;
    for _ in 0..RACES_MAX {
        let (next, taken) = proof.take_try(desk.clock.now())?;
        match desk.tables.commit(taken).await {
            Ok(()) => {
                let user_id = next.by_code(&hash, &lookup, code)?.to_owned();
                return Ok((next, user_id));
            }
            Err(Missed::Refused(refused)) => {
                proof = refused
                    .current()?
                    .ok_or_else(|| Error::from(&OTP_EXPIRED))?;
            }
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many tries at once"))
}

/// Sends another mail to an account that waits for its proof. Whether there is one is told neither
/// by the answer nor by its time: other addresses get a decoy and a ghost of the mail.
///
/// # Errors
/// 429 `RATE_LIMITED`.
pub async fn resend(
    desk: &Notary,
    guard: &Guard,
    once: &Once,
    email: &str,
) -> Result<Accepted<Noted>> {
    let noted = Accepted(Noted { accepted: true });
    let (lookup, now) = (desk.lookup.key()?, desk.clock.now());
    let hash = Email::fold(email).hash(&lookup);
    guard.spend(Limit::Otp, &hash.partition()).await?;
    let owner = nobody::owner_of(&desk.tables, &hash).await?;
    let (account, key) = nobody::behind(&desk.tables, &desk.cipher, owner.as_ref()).await?;
    let waiting = account.status == Status::PendingVerification;
    let user_id = waiting.then_some(account.user_id.as_str());
    let (proof, told) = Proof::new(&hash, user_id, &lookup, &desk.ids, now);
    let mail = verification_mail(&account, &key, &proof, told, &desk.config, now)?;
    let mail = mail.or_ghost(waiting, &desk.ids.ulid(), now.plus(HOUR_MS))?;
    Ok(once.commit(&desk.tables, mail.put(&proof), noted).await?)
}

/// The answer to a wish for another mail, whatever the address is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Noted {
    /// Always true.
    pub accepted: bool,
}

/// The mail that tells link and code.
pub(super) fn verification_mail(
    account: &account::Account,
    key: &DataKey,
    proof: &Proof,
    told: Told,
    config: &Config,
    now: Time,
) -> Result<Commit> {
    let link = format!("{}/verify-email?token={}", config.public_url, told.token);
    let facts = Facts {
        to: account.email(key)?,
        name: account.name.clone(),
        locale: account.locale.clone(),
        mail: Mail::VerifyEmail {
            link,
            code: told.code,
        },
    };
    let event = format!("verify_email:{}", proof.token_hash);
    let new = NewMail {
        user_id: &account.user_id,
        event: &event,
        facts: &facts,
        valid_until: Some(proof.expires_at),
    };
    notifications::mail(key, &new, now)
}
