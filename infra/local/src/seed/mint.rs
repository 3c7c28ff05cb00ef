//! People and sessions made directly, as registration, proof and sign-in would leave them, but
//! without mails: for the demo and for scenarios that are about something else.

use shared::accounts::account::{NewAccount, Status};
use shared::accounts::address::EmailOwner;
use shared::accounts::password::{self, Peppers, StoredPassword};
use shared::accounts::refresh::RefreshToken;
use shared::accounts::session::{REFRESH_SECONDS, SESSION_ABSOLUTE_MS, SESSION_KEPT_MS};
use shared::accounts::token::{ACCESS_SECONDS, AUDIENCE, Claims, ISSUER, PrivateKeys, Signer};
use shared::accounts::{Account, Email, Profile, Sealed, Session, SessionOwner};
use shared::aws::cipher::{Cipher, DataKey};
use shared::aws::dynamo::Tables;
use shared::aws::secret::{self, Lookup, Pepper, Signing};
use shared::credits::{self, Policies, Policy, PolicyValue};
use shared::error::INTERNAL_ERROR;
use shared::table::Commit;
use shared::time::SECOND_MS;
use shared::{Env, Result, Time};

use super::SELF;
use crate::runtime::Local;

/// Password of everybody who is minted.
const PASSWORD: &str = "Quiet-Harbour-21";
/// Everybody's birthdate.
const BORN: &str = "1990-01-01";
/// Place of a session's sealed secret, for the data key.
const SESSION_SECRET: &str = "data/session/secret";

/// A verified person with a session.
#[derive(Clone, Debug)]
pub struct Minted {
    /// `usr_…`
    pub user_id: String,
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// `ses_…`
    pub session_id: String,
    /// Access token.
    pub access_token: String,
    /// Refresh token of the first generation.
    pub refresh_token: String,
}

/// A further session of somebody.
#[derive(Clone, Debug)]
pub struct MintedSession {
    /// `ses_…`
    pub session_id: String,
    /// Access token.
    pub access_token: String,
    /// Refresh token of the first generation.
    pub refresh_token: String,
}

/// Somebody who is to be made.
pub(super) struct Draft<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub password: StoredPassword,
    pub credits: i64,
}

/// Somebody who was made.
pub(super) struct Made {
    pub user_id: String,
    wallet_id: String,
    key: DataKey,
}

impl Local {
    /// A verified person with some credits and a session, in two transactions and without mail.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn mint(&self, name: &str, credits: i64) -> Result<Minted> {
        let env = self.env(SELF);
        let unique = env.ids().ulid().to_lowercase();
        let local: String = name
            .to_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let email = format!("{local}.{unique}@pairly.test");
        let password = self
            .0
            .minted_password
            .get_or_try_init(|| self.hash_password(PASSWORD));
        let password = password.await?.clone();
        let made = self
            .make_person(Draft {
                name,
                email: &email,
                password,
                credits,
            })
            .await?;
        let session = open_session(&env, &made).await?;
        Ok(Minted {
            user_id: made.user_id,
            email,
            password: PASSWORD.to_owned(),
            session_id: session.session_id,
            access_token: session.access_token,
            refresh_token: session.refresh_token,
        })
    }

    /// A further session of a person.
    ///
    /// # Errors
    /// When there is no such person, or the state cannot be written.
    pub async fn mint_session(&self, user_id: &str) -> Result<MintedSession> {
        let env = self.env(SELF);
        let made = Made {
            user_id: user_id.to_owned(),
            wallet_id: credits::wallet_of(&Tables::of(&env), user_id).await?,
            key: Cipher::of(&env).key(user_id).await?,
        };
        open_session(&env, &made).await
    }

    pub(super) async fn hash_password(&self, password: &str) -> Result<StoredPassword> {
        let env = self.env(SELF);
        let peppers = Peppers::read(secret::read::<Pepper>(&env).await?.text())?;
        let (salt, password) = (env.ids().bytes(), password.to_owned());
        password::aside(move || password::hash(&peppers, &password, salt)).await
    }

    /// Account, profile, key, wallet and address of a verified person, in one transaction.
    pub(super) async fn make_person(&self, draft: Draft<'_>) -> Result<Made> {
        let env = self.env(SELF);
        let (ids, now) = (env.ids(), env.clock().now());
        let (user_id, wallet_id) = (ids.new_id("usr"), ids.new_id("wal"));
        let (key, stored_key) = Cipher::of(&env).create(&user_id).await?;
        let email = Email::parse(draft.email)?;
        let partition = email
            .hash(&secret::read::<Lookup>(&env).await?.key()?)
            .partition();
        let new = NewAccount {
            user_id: user_id.clone(),
            email,
            password: draft.password,
            name: draft.name.to_owned(),
            birthdate: BORN
                .parse()
                .map_err(|cause| INTERNAL_ERROR.because(cause))?,
            locale: "en".to_owned(),
            timezone: "UTC".to_owned(),
        };
        let mut account = Account::new(new, &key, now)?;
        account.status = Status::Active;
        account.email_verified_at = Some(now);
        let policies = Policies::of(vec![signup_grant(draft.credits)], now);
        let commit = Commit::new()
            .create(&account, &INTERNAL_ERROR)
            .create(
                &EmailOwner {
                    partition,
                    user_id: user_id.clone(),
                },
                &INTERNAL_ERROR,
            )
            .create(&profile(&user_id, now), &INTERNAL_ERROR)
            .with(stored_key)
            .with(credits::open(&user_id, &wallet_id, &policies, now)?);
        Tables::of(&env).commit(commit).await?;
        Ok(Made {
            user_id,
            wallet_id,
            key,
        })
    }
}

fn profile(user_id: &str, now: Time) -> Profile {
    Profile {
        user_id: user_id.to_owned(),
        created_at: now,
        version: 1,
    }
}

/// The policy that gives everybody their first credits.
fn signup_grant(credits: i64) -> Policy {
    Policy {
        key: "credits.signup_grant".to_owned(),
        value: PolicyValue::Number(credits),
        unit: "credits".to_owned(),
        effective_from: Time(0),
        version: 1,
        changed_by: SELF.to_owned(),
        reason: "demo".to_owned(),
    }
}

async fn open_session(env: &Env, of: &Made) -> Result<MintedSession> {
    let (ids, now) = (env.ids(), env.clock().now());
    let secret: [u8; 32] = ids.bytes();
    let session = session(&ids.new_id("ses"), of, &secret, now)?;
    let owner = SessionOwner {
        session_id: session.session_id.clone(),
        user_id: of.user_id.clone(),
        expires: session.expires,
    };
    let commit = Commit::new()
        .create(&session, &INTERNAL_ERROR)
        .create(&owner, &INTERNAL_ERROR);
    Tables::of(env).commit(commit).await?;
    let keys: PrivateKeys = serde_json::from_str(secret::read::<Signing>(env).await?.text())
        .map_err(|cause| INTERNAL_ERROR.because(cause))?;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: of.user_id.clone(),
        sid: session.session_id.clone(),
        iat: now.seconds(),
        exp: now.seconds() + ACCESS_SECONDS,
        jti: ids.ulid(),
        generation: session.generation,
        aal: session.aal,
        auth_time: now.seconds(),
    };
    Ok(MintedSession {
        access_token: Signer::of(&keys, now)?.sign(&claims)?,
        refresh_token: RefreshToken::write(&session.session_id, session.generation, &secret),
        session_id: session.session_id,
    })
}

fn session(session_id: &str, of: &Made, secret: &[u8; 32], now: Time) -> Result<Session> {
    let absolute = now.plus(SESSION_ABSOLUTE_MS);
    Ok(Session {
        session_id: session_id.to_owned(),
        user_id: of.user_id.clone(),
        wallet_id: of.wallet_id.clone(),
        device_id: None,
        generation: 1,
        generation_used: false,
        rotated_at: now,
        secret: Sealed(of.key.seal(SESSION_SECRET, secret)?),
        expires_at: now.plus(REFRESH_SECONDS * SECOND_MS),
        absolute_expires_at: absolute,
        aal: 1,
        auth_time: now,
        ip_prefix: "127.0.0.0/24".to_owned(),
        user_agent: SELF.to_owned(),
        country: None,
        last_used_at: now,
        created_at: now,
        revoked_at: None,
        revoke_reason: None,
        banned_until: None,
        expires: absolute.plus(SESSION_KEPT_MS).seconds(),
    })
}
