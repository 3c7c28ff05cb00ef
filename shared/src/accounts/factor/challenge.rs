//! The question for the second factor, between the first proof and the session.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Challenge`] | live | `challenge#<SHA-256 of its id>` | `challenge` |

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Factor, Given, RACES_MAX, TRIES_MAX};
use crate::accounts::account::{self, Account};
use crate::accounts::desk::{Guard, Opener};
use crate::accounts::issue::TokenAnswer;
use crate::accounts::notice::notice;
use crate::accounts::sign_in::{may_enter, open};
use crate::aws::cipher::DataKey;
use crate::aws::dynamo::Missed;
use crate::crypto;
use crate::error::{Error, OTP_EXPIRED, Result, UNAVAILABLE};
use crate::http::Client;
use crate::http::limit::Limit;
use crate::notifications::SecurityChange;
use crate::relay::NewDevice;
use crate::table::{Change, Commit, Condition, Item, Key, Name};
use crate::time::{SECOND_MS, Time, millis};

/// How long it may be answered, seconds.
pub const CHALLENGE_SECONDS: i64 = 300;
/// What may answer it.
const FACTORS: [&str; 2] = ["totp", "recovery_code"];

/// An open question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Challenge {
    /// `challenge#…`
    #[serde(rename = "pk")]
    pub partition: String,
    /// Whom it lets in.
    pub user_id: String,
    /// The password that was right: another one since voids the question.
    pub password_mark: String,
    /// The device that signs in.
    #[serde(default)]
    pub device: Option<NewDevice>,
    /// Wrong answers that are left.
    pub attempts_left: i64,
    /// Its end.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Challenge {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "Question for the second factor";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "challenge")
    }
}

impl Challenge {
    fn key_of(challenge_id: &str) -> Key {
        Key::new(partition_of(challenge_id), "challenge")
    }

    fn is_open(&self, now: Time) -> bool {
        now < self.expires_at && self.attempts_left > 0
    }

    /// What counts a wrong answer.
    fn miss(&self) -> Commit {
        let change = Change::Add("attempts_left".into(), -1);
        let present = Some((Condition::Present, &OTP_EXPIRED));
        Commit::new().update::<Self>(self.key(), vec![change], present)
    }

    /// What spends it: a second use finds nothing.
    fn spend(&self) -> Commit {
        Commit::new().delete::<Self>(self.key(), Some((Condition::Present, &OTP_EXPIRED)))
    }
}

fn partition_of(challenge_id: &str) -> String {
    let hash = crypto::sha256(&[challenge_id.as_bytes()]);
    format!("challenge#{}", crypto::encode(&hash))
}

/// The first proof was right; the second is asked for.
#[derive(Clone, Serialize, JsonSchema)]
pub struct MfaRequired {
    /// Always true.
    pub mfa_required: bool,
    /// For the answer; good once.
    pub challenge_id: String,
    /// What may answer: `totp`, `recovery_code`.
    pub factors: Vec<&'static str>,
    /// Seconds.
    pub expires_in: i64,
}

/// What a sign-in leads to.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SignedIn {
    /// A session.
    Tokens(TokenAnswer),
    /// The question for the second factor.
    Challenge(MfaRequired),
}

/// Asks for the second factor; `beside` is written with the question.
pub(in crate::accounts) async fn ask(
    desk: &Opener,
    (account, device): (&Account, Option<&NewDevice>),
    beside: Commit,
) -> Result<SignedIn, Missed> {
    let (challenge_id, now) = (crypto::encode(&desk.ids.bytes::<32>()), desk.clock.now());
    let expires_at = now.plus(CHALLENGE_SECONDS * SECOND_MS);
    let challenge = Challenge {
        partition: partition_of(&challenge_id),
        user_id: account.user_id.clone(),
        password_mark: account.password_mark(),
        device: device.cloned(),
        attempts_left: TRIES_MAX,
        expires_at,
        expires: expires_at.seconds(),
    };
    let commit = Commit::new().create(&challenge, &UNAVAILABLE).with(beside);
    desk.tables.commit(commit).await?;
    Ok(SignedIn::Challenge(MfaRequired {
        mfa_required: true,
        challenge_id,
        factors: FACTORS.to_vec(),
        expires_in: CHALLENGE_SECONDS,
    }))
}

/// Everything that an answer is decided from.
struct Scene {
    challenge: Challenge,
    factor: Factor,
    account: Account,
    key: DataKey,
}

impl Scene {
    async fn load(desk: &Opener, challenge: Challenge) -> Result<Self> {
        let user_id = challenge.user_id.as_str();
        let factor: Option<Factor> = desk.tables.get_consistent(&Factor::key_of(user_id)).await?;
        // Who switched the factor off meanwhile signs in again without one.
        let factor = factor.filter(Factor::is_confirmed).ok_or(&OTP_EXPIRED)?;
        let account = account::load(&desk.tables, user_id).await?;
        may_enter(&account, desk.clock.now())?;
        if account.password_mark() != challenge.password_mark {
            return Err(OTP_EXPIRED.into());
        }
        let key = desk.cipher.key(user_id).await?;
        Ok(Self {
            challenge,
            factor,
            account,
            key,
        })
    }

    /// What a right answer writes beside the session.
    fn passed(&self, next: &Factor, given: &Given, now: Time) -> Result<Commit> {
        let commit = self.factor.store(next).with(self.challenge.spend());
        if matches!(given, Given::Code(_)) {
            return Ok(commit);
        }
        let event = format!("recovery_code_used:{}:{}", next.factor_id, next.version);
        let change = SecurityChange::RecoveryCodeUsed;
        Ok(commit.with(notice(&self.account, &self.key, change, &event, now)?))
    }
}

async fn find(desk: &Opener, challenge_id: &str) -> Result<Challenge> {
    let key = Challenge::key_of(challenge_id);
    let found: Option<Challenge> = desk.tables.get_consistent(&key).await?;
    let live = found.filter(|challenge| desk.clock.now() < challenge.expires_at);
    live.ok_or_else(|| Error::from(&OTP_EXPIRED))
}

/// Answers the question: the right code opens a session of assurance level 2.
///
/// # Errors
/// 401 `MFA_VERIFICATION_FAILED` {attempts_left}; 410 `OTP_EXPIRED`; 423 `ACCOUNT_LOCKED`
/// {retry_after}; 429 `RATE_LIMITED`; 503 when the limiter does not answer.
pub async fn answer(
    desk: &Opener,
    guard: &Guard,
    client: &Client,
    challenge_id: &str,
    given: &Given,
) -> Result<TokenAnswer> {
    let first = find(desk, challenge_id).await?;
    guard.spend(Limit::Otp, &first.user_id).await?;
    let mut scene = Scene::load(desk, first).await?;
    for _ in 0..RACES_MAX {
        let now = desk.clock.now();
        let tried = scene.factor.try_answer(given, &scene.key, now)?;
        if !scene.challenge.is_open(now) {
            return Err(OTP_EXPIRED.into());
        }
        let outcome = if tried.right {
            let beside = || scene.passed(&tried.next, given, now);
            let who = (&scene.account, scene.challenge.device.as_ref());
            let opened = open(desk, guard, client, who, 2, beside).await;
            opened.map(Some)
        } else {
            let counted = scene.factor.store(&tried.next).with(scene.challenge.miss());
            desk.tables.commit(counted).await.map(|()| None)
        };
        match outcome {
            Ok(Some(tokens)) => return Ok(tokens),
            Ok(None) => return Err(tried.next.wrong()),
            Err(Missed::Refused(refused)) if refused.key == scene.factor.key() => {
                // Another answer was first; this one is decided again from what it left.
                scene = Scene::load(desk, find(desk, challenge_id).await?).await?;
            }
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many answers at once"))
}
