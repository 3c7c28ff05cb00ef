//! A phone number for the security of the account: proven by a code that comes by text message.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`PhoneProof`] | data | `usr_…` | `phone` |
//! | [`PhoneOwner`] | data | `phone#<keyed hash>` | `owner` |
//!
//! A number counts, and is somebody's alone, once it was proven; before, anybody may claim it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::{self, Account};
use super::desk::Operator;
use super::notice::notice;
use super::sealed::Sealed;
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::Missed;
use crate::crypto;
use crate::error::{OTP_EXPIRED, OTP_INVALID, PHONE_STATE, Result, UNAVAILABLE};
use crate::http::{Accepted, Json, Me, Once};
use crate::notifications::{SecurityChange, Text, TextFacts, sms};
use crate::table::{Change, Commit, Condition, Item, Key, Name, Value};
use crate::time::{MINUTE_MS, SECOND_MS, Time, millis};

/// How long a code counts, milliseconds.
pub const CODE_MS: i64 = 10 * MINUTE_MS;
/// Tries of one code.
pub const TRIES_MAX: i64 = 5;
/// Codes have eight digits.
const CODES: u64 = 100_000_000;
/// Tries when others answer at once.
const RACES_MAX: u32 = 6;
/// Place of the sealed number that is proven.
const PHONE: &str = "data/account/phone";
/// Place of the sealed number that waits for its proof.
const CLAIM: &str = "data/phone/claim";

/// A number that waits for its proof. A newer one voids what was sent before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhoneProof {
    /// `usr_…`
    pub user_id: String,
    /// E.164, sealed.
    pub phone: Sealed,
    /// HMAC of the code, base64url.
    pub code_mac: String,
    /// Tries of the code that are left.
    pub attempts_left: i64,
    /// End of the code.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for PhoneProof {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Proof of a phone number";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

/// Whose a proven number is: makes it unique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhoneOwner {
    /// `phone#…`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `usr_…`
    pub user_id: String,
}

impl Item for PhoneOwner {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Phone owner";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "owner")
    }
}

impl PhoneOwner {
    fn new(user_id: &str, phone: &str, lookup: &[u8; 32]) -> Self {
        let hash = crypto::mac(lookup, &[b"phone", phone.as_bytes()]);
        Self {
            partition: format!("phone#{}", crypto::encode(&hash)),
            user_id: user_id.to_owned(),
        }
    }
}

impl PhoneProof {
    fn key_of(user_id: &str) -> Key {
        Key::new(user_id, "phone")
    }

    /// Whether the code is right, and what a wrong one leaves. Nothing may be told of it before
    /// that is stored.
    ///
    /// # Errors
    /// 410 `OTP_EXPIRED` when it is too old or out of tries.
    fn try_code(&self, lookup: &[u8; 32], code: &str, now: Time) -> Result<(bool, Commit)> {
        if now >= self.expires_at || self.attempts_left < 1 {
            return Err(OTP_EXPIRED.into());
        }
        let mac = code_mac(&self.user_id, lookup, code);
        if crypto::same(mac.as_bytes(), self.code_mac.as_bytes()) {
            let guard = Some((self.unchanged(), &OTP_EXPIRED));
            return Ok((true, Commit::new().delete::<Self>(self.key(), guard)));
        }
        let change = Change::number("attempts_left", self.attempts_left - 1);
        let guard = Some((self.unchanged(), &OTP_EXPIRED));
        let counted = Commit::new().update::<Self>(self.key(), vec![change], guard);
        Ok((false, counted))
    }

    fn unchanged(&self) -> Condition {
        Condition::All(vec![
            Condition::number("attempts_left", self.attempts_left),
            Condition::text("code_mac", &self.code_mac),
        ])
    }
}

fn code_mac(user_id: &str, lookup: &[u8; 32], code: &str) -> String {
    let parts: [&[u8]; 3] = [b"phone code", user_id.as_bytes(), code.as_bytes()];
    crypto::encode(&crypto::mac(lookup, &parts))
}

/// A number.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Phone {
    /// E.164, such as `+15005550006`.
    #[schemars(length(max = 16), regex(pattern = r"^\+[1-9][0-9]{6,14}$"))]
    pub phone: String,
}

/// A code is on its way.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PhoneAsked")]
pub struct Asked {
    /// Seconds.
    pub expires_in: i64,
}

/// The number is proven.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PhoneVerified {
    /// Always true.
    pub phone_verified: bool,
}

/// Sends a code to a number.
///
/// # Errors
/// 409 `PHONE_STATE` when the number is proven, by the caller or by somebody else.
pub async fn add(desk: &Operator, me: &Me, once: &Once, given: &Phone) -> Result<Accepted<Asked>> {
    let (lookup, now) = (desk.lookup.key()?, desk.clock.now());
    let owner = PhoneOwner::new(&me.user_id, &given.phone, &lookup);
    let taken: Option<PhoneOwner> = desk.tables.get_consistent(&owner.key()).await?;
    if taken.is_some() {
        return Err(PHONE_STATE.into());
    }
    let account = account::load(&desk.tables, &me.user_id).await?;
    let key = desk.cipher.key(&me.user_id).await?;
    let code = format!("{:08}", u64::from_be_bytes(desk.ids.bytes()) % CODES);
    let expires_at = now.plus(CODE_MS);
    let proof = PhoneProof {
        user_id: me.user_id.clone(),
        phone: Sealed(key.seal(CLAIM, given.phone.as_bytes())?),
        code_mac: code_mac(&me.user_id, &lookup, &code),
        attempts_left: TRIES_MAX,
        expires_at,
        expires: expires_at.seconds(),
    };
    let facts = TextFacts {
        to: given.phone.clone(),
        locale: account.locale,
        text: Text::VerifyPhone { code },
    };
    let event = format!("verify_phone:{}", desk.ids.ulid());
    let text = sms(&key, &me.user_id, &event, &facts, expires_at, now)?;
    let expires_in = CODE_MS / SECOND_MS;
    let answer = Accepted(Asked { expires_in });
    Ok(once.commit(&desk.tables, text.put(&proof), answer).await?)
}

/// Proves the number that waits by its code.
///
/// # Errors
/// 410 `OTP_EXPIRED`; 422 `OTP_INVALID` {attempts_left}; 409 `PHONE_STATE` when somebody else has
/// proven the number meanwhile.
pub async fn verify(
    desk: &Operator,
    me: &Me,
    once: &Once,
    code: &str,
) -> Result<Json<PhoneVerified>> {
    let (lookup, now) = (desk.lookup.key()?, desk.clock.now());
    let place = PhoneProof::key_of(&me.user_id);
    let mut known: Option<PhoneProof> = desk.tables.get_consistent(&place).await?;
    let account = account::load(&desk.tables, &me.user_id).await?;
    let key = desk.cipher.key(&me.user_id).await?;
    let answer = Json(PhoneVerified {
        phone_verified: true,
    });
    for _ in 0..RACES_MAX {
        let proof = known.ok_or(&OTP_EXPIRED)?;
        let (right, settled) = proof.try_code(&lookup, code, now)?;
        let commit = if right {
            let proven = proven(&account, &key, &proof, &lookup, now)?;
            once.record(settled.with(proven), &answer)?
        } else {
            settled
        };
        match desk.tables.commit(commit).await {
            Ok(()) if right => return Ok(answer),
            Ok(()) => {
                let left = proof.attempts_left - 1;
                return Err(OTP_INVALID.with(json!({ "attempts_left": left })));
            }
            // Another try was first; this one is decided again from what it left.
            Err(Missed::Refused(refused)) if refused.key == place => known = refused.current()?,
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many tries at once"))
}

/// What makes the number count, in place of an older one.
fn proven(
    account: &Account,
    key: &DataKey,
    proof: &PhoneProof,
    lookup: &[u8; 32],
    now: Time,
) -> Result<Commit> {
    let phone = key.open_text(CLAIM, &proof.phone.0)?;
    let owner = PhoneOwner::new(&account.user_id, &phone, lookup);
    let changes = vec![
        Change::Set("phone".into(), Value::B(key.seal(PHONE, phone.as_bytes())?)),
        Change::number("phone_verified_at", now.ms()),
    ];
    let event = format!("phone_added:{}", proof.code_mac);
    let commit = Commit::new()
        .create(&owner, &PHONE_STATE)
        .update::<Account>(
            account.key(),
            changes,
            Some((same_phone(account), &PHONE_STATE)),
        )
        .with(notice(
            account,
            key,
            SecurityChange::PhoneAdded,
            &event,
            now,
        )?);
    match owner_of(account, key, lookup)? {
        Some(old) if old.partition != owner.partition => {
            Ok(commit.delete::<PhoneOwner>(old.key(), None))
        }
        _ => Ok(commit),
    }
}

/// The number is as it was read.
fn same_phone(account: &Account) -> Condition {
    let since = account.phone_verified_at;
    let same = since.map_or(Condition::Missing("phone_verified_at"), |at| {
        Condition::number("phone_verified_at", at.ms())
    });
    Condition::All(vec![Condition::Present, same])
}

/// The row that makes the account's present number unique.
fn owner_of(account: &Account, key: &DataKey, lookup: &[u8; 32]) -> Result<Option<PhoneOwner>> {
    let sealed = account.phone.as_ref();
    let phone = sealed
        .map(|sealed| key.open_text(PHONE, &sealed.0))
        .transpose()?;
    Ok(phone.map(|phone| PhoneOwner::new(&account.user_id, &phone, lookup)))
}

/// Removes the number, and one that waits for its proof.
///
/// # Errors
/// 409 `PHONE_STATE` when the number changed at the same time.
pub async fn remove(desk: &Operator, me: &Me) -> Result<()> {
    let (lookup, now) = (desk.lookup.key()?, desk.clock.now());
    let account = account::load(&desk.tables, &me.user_id).await?;
    let key = desk.cipher.key(&me.user_id).await?;
    let waiting = Commit::new().delete::<PhoneProof>(PhoneProof::key_of(&me.user_id), None);
    let commit = match (
        owner_of(&account, &key, &lookup)?,
        account.phone_verified_at,
    ) {
        (Some(owner), Some(since)) => {
            let changes = vec![
                Change::Remove("phone".into()),
                Change::Remove("phone_verified_at".into()),
            ];
            let guard = Some((same_phone(&account), &PHONE_STATE));
            let event = format!("phone_removed:{}", since.ms());
            let change = SecurityChange::PhoneRemoved;
            waiting
                .delete::<PhoneOwner>(owner.key(), None)
                .update::<Account>(account.key(), changes, guard)
                .with(notice(&account, &key, change, &event, now)?)
        }
        _ => waiting,
    };
    Ok(desk.tables.commit(commit).await?)
}
