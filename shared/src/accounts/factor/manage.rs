//! Enrolling, renewing and removing the second factor of one's own account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Factor, Given, RACES_MAX, recovery, totp};
use crate::accounts::account::{self, Account};
use crate::accounts::desk::Locksmith;
use crate::accounts::notice::notice;
use crate::accounts::session::Session;
use crate::aws::cipher::{Cipher, DataKey};
use crate::aws::dynamo::{Missed, Tables};
use crate::crypto;
use crate::error::{MFA_VERIFICATION_FAILED, Result, TWO_FACTOR_STATE, UNAVAILABLE};
use crate::http::{Json, Me, Once};
use crate::notifications::SecurityChange;
use crate::table::Commit;
use crate::time::Time;

/// Whether a second factor is enrolled.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "TwoFactorStatus")]
pub struct Status {
    /// Whether sign-in asks for it.
    pub enabled: bool,
    /// Recovery codes that were not used.
    pub recovery_codes_remaining: usize,
}

/// A factor that waits for its first code.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "TwoFactorSetup")]
pub struct Setup {
    /// `fct_…`
    pub factor_id: String,
    /// base32, to be typed into an app.
    pub secret: String,
    /// The same as an address that apps read from a picture.
    pub otpauth_url: String,
}

/// The first code.
#[derive(Clone, Deserialize, JsonSchema)]
#[schemars(rename = "TwoFactorConfirmation")]
pub struct Confirmation {
    /// Of the setup.
    #[schemars(length(min = 1, max = 64))]
    pub factor_id: String,
    /// Six digits of the app.
    #[schemars(length(min = 1, max = 16))]
    pub code: String,
}

/// The factor counts; its recovery codes are shown this once.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "TwoFactorConfirmed")]
pub struct Confirmed {
    /// Always true.
    pub enabled: bool,
    /// Ten, each good once.
    pub recovery_codes: Vec<String>,
}

/// New recovery codes, shown this once.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "RecoveryCodes")]
pub struct Regenerated {
    /// Ten, each good once.
    pub recovery_codes: Vec<String>,
}

/// The factor is gone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "TwoFactorOff")]
pub struct Off {
    /// Always false.
    pub enabled: bool,
}

async fn load(tables: &Tables, user_id: &str) -> Result<Option<Factor>> {
    tables.get_consistent(&Factor::key_of(user_id)).await
}

/// Whether the caller has a second factor.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn status(tables: &Tables, me: &Me) -> Result<Status> {
    let factor = load(tables, &me.user_id).await?;
    let factor = factor.filter(Factor::is_confirmed);
    Ok(Status {
        enabled: factor.is_some(),
        recovery_codes_remaining: factor.map_or(0, |factor| factor.recovery_left()),
    })
}

/// Begins to enrol a factor. One that was never confirmed is replaced.
///
/// # Errors
/// 409 `TWO_FACTOR_STATE` when one is enrolled.
pub async fn set_up(desk: &Locksmith, me: &Me) -> Result<Setup> {
    let known = load(&desk.tables, &me.user_id).await?;
    if known.as_ref().is_some_and(Factor::is_confirmed) {
        return Err(TWO_FACTOR_STATE.into());
    }
    let account = account::load(&desk.tables, &me.user_id).await?;
    let key = desk.cipher.key(&me.user_id).await?;
    let (secret, factor_id) = (desk.ids.bytes(), desk.ids.new_id("fct"));
    let mut factor = Factor::new(&me.user_id, factor_id, &secret, &key, desk.clock.now())?;
    let commit = match &known {
        Some(known) => {
            factor.version = known.version + 1;
            known.store(&factor)
        }
        None => Commit::new().create(&factor, &TWO_FACTOR_STATE),
    };
    desk.tables.commit(commit).await?;
    let secret = crypto::base32(&secret);
    Ok(Setup {
        factor_id: factor.factor_id,
        otpauth_url: totp::otpauth_url(&secret, &account.email(&key)?),
        secret,
    })
}

/// Settles one answer: a wrong one is counted, a right one does what `right` makes of the factor
/// before and after it.
async fn settle(
    tables: &Tables,
    key: &DataKey,
    factor: Factor,
    given: &Given,
    now: Time,
    right: impl Fn(&Factor, Factor) -> Result<Commit>,
) -> Result<()> {
    let mut factor = factor;
    for _ in 0..RACES_MAX {
        let tried = factor.try_answer(given, key, now)?;
        let commit = if tried.right {
            right(&factor, tried.next.clone())?
        } else {
            factor.store(&tried.next)
        };
        match tables.commit(commit).await {
            Ok(()) if tried.right => return Ok(()),
            Ok(()) => return Err(tried.next.wrong()),
            Err(Missed::Refused(refused)) if refused.key == Factor::key_of(&factor.user_id) => {
                // Another answer was first; this one is decided again from what it left.
                let current: Option<Factor> = refused.current()?;
                let same = current.filter(|current| {
                    let confirmed = current.is_confirmed() == factor.is_confirmed();
                    confirmed && current.factor_id == factor.factor_id
                });
                factor = same.ok_or(&TWO_FACTOR_STATE)?;
            }
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many answers at once"))
}

/// Everything a change of the factor tells and is told by.
struct Owner {
    account: Account,
    key: DataKey,
    now: Time,
}

impl Owner {
    async fn load(desk: &Locksmith, me: &Me) -> Result<Self> {
        Ok(Self {
            account: account::load(&desk.tables, &me.user_id).await?,
            key: desk.cipher.key(&me.user_id).await?,
            now: desk.clock.now(),
        })
    }

    fn told(&self, change: SecurityChange, factor: &Factor) -> Result<Commit> {
        let event = format!("{change:?}:{}:{}", factor.factor_id, factor.version);
        notice(&self.account, &self.key, change, &event, self.now)
    }
}

/// The first code makes the factor count, and raises the caller's session to assurance level 2.
///
/// # Errors
/// 401 `MFA_VERIFICATION_FAILED`; 409 `TWO_FACTOR_STATE` when no such factor waits for its code;
/// 423 `ACCOUNT_LOCKED`.
pub async fn verify(desk: &Locksmith, me: &Me, given: Confirmation) -> Result<Confirmed> {
    let factor = load(&desk.tables, &me.user_id).await?;
    let waits = |factor: &Factor| !factor.is_confirmed() && factor.factor_id == given.factor_id;
    let factor = factor.filter(waits).ok_or(&TWO_FACTOR_STATE)?;
    let owner = Owner::load(desk, me).await?;
    let (kept, shown) = recovery::generate(&desk.ids);
    let confirm = |before: &Factor, mut next: Factor| {
        next.confirmed_at = Some(owner.now);
        next.recovery.clone_from(&kept);
        Ok(before
            .store(&next)
            .with(Account::two_factor(&me.user_id, Some(owner.now)))
            .with(Session::raise(&me.user_id, &me.session_id, owner.now))
            .with(owner.told(SecurityChange::TwoFactorEnabled, &next)?))
    };
    let code = Given::Code(given.code);
    settle(&desk.tables, &owner.key, factor, &code, owner.now, confirm).await?;
    Ok(Confirmed {
        enabled: true,
        recovery_codes: shown,
    })
}

async fn enrolled(tables: &Tables, user_id: &str) -> Result<Factor> {
    let factor = load(tables, user_id).await?;
    let factor = factor.filter(Factor::is_confirmed);
    Ok(factor.ok_or(&TWO_FACTOR_STATE)?)
}

/// Replaces the recovery codes.
///
/// # Errors
/// 409 `TWO_FACTOR_STATE` when no factor is enrolled, or it changed at the same time.
pub async fn regenerate(desk: &Locksmith, me: &Me) -> Result<Regenerated> {
    let factor = enrolled(&desk.tables, &me.user_id).await?;
    let owner = Owner::load(desk, me).await?;
    let (kept, shown) = recovery::generate(&desk.ids);
    let next = Factor {
        recovery: kept,
        version: factor.version + 1,
        ..factor.clone()
    };
    let told = owner.told(SecurityChange::RecoveryCodesReplaced, &next)?;
    desk.tables.commit(factor.store(&next).with(told)).await?;
    Ok(Regenerated {
        recovery_codes: shown,
    })
}

/// Removes the factor and its recovery codes.
///
/// # Errors
/// 401 `MFA_VERIFICATION_FAILED`; 409 `TWO_FACTOR_STATE` when none is enrolled; 423
/// `ACCOUNT_LOCKED`.
pub async fn disable(desk: &Locksmith, me: &Me, once: &Once, given: &Given) -> Result<Json<Off>> {
    let factor = enrolled(&desk.tables, &me.user_id).await?;
    let owner = Owner::load(desk, me).await?;
    let (off, tables) = (Json(Off { enabled: false }), &desk.tables);
    let remove = |before: &Factor, next: Factor| {
        let gone = before.remove().with(Account::two_factor(&me.user_id, None));
        let told = owner.told(SecurityChange::TwoFactorDisabled, &next)?;
        once.record(gone.with(told), &off)
    };
    settle(tables, &owner.key, factor, given, owner.now, remove).await?;
    Ok(off)
}

/// Settles a code of the person's enrolled factor; a right one is spent together with `beside`.
///
/// # Errors
/// 401 `MFA_VERIFICATION_FAILED`, also without a factor; 423 `ACCOUNT_LOCKED`; what `beside`
/// refuses.
pub async fn prove(
    tables: &Tables,
    cipher: &Cipher,
    user_id: &str,
    given: &Given,
    now: Time,
    beside: impl Fn() -> Result<Commit>,
) -> Result<()> {
    let factor = load(tables, user_id).await?.filter(Factor::is_confirmed);
    let factor = factor.ok_or(&MFA_VERIFICATION_FAILED)?;
    let key = cipher.key(user_id).await?;
    let spend = |before: &Factor, next: Factor| Ok(before.store(&next).with(beside()?));
    settle(tables, &key, factor, given, now, spend).await
}
