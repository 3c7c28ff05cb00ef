//! People and sessions made directly, as registration, proof and sign-in would leave them, but
//! without mails: for the demo and for scenarios that are about something else.

use shared::Result;
use shared::accounts::{Demo, TokenAnswer, demo_password, open_demo, open_session};

use super::SELF;
use crate::runtime::Local;

/// Password of everybody who is minted.
const PASSWORD: &str = "Quiet-Harbour-21";

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

impl From<TokenAnswer> for MintedSession {
    fn from(answer: TokenAnswer) -> Self {
        Self {
            session_id: answer.session_id,
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
        }
    }
}

impl Local {
    /// A verified person with some credits and a session, in two transactions and without mail.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn mint(&self, name: &str, credits: i64) -> Result<Minted> {
        let env = self.env(SELF);
        let unique = env.ids().ulid().to_lowercase();
        let lower = name.to_lowercase();
        let local: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
        let email = format!("{local}.{unique}@pairly.test");
        // Hashed once per state: it is slow on purpose.
        let password = self.0.minted_password.get_or_try_init(|| demo_password(&env, PASSWORD));
        let password = password.await?.clone();
        let demo = Demo { name, email: &email, password, credits };
        let user_id = open_demo(&env, demo).await?;
        let session = self.mint_session(&user_id).await?;
        Ok(Minted {
            user_id,
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
        open_session(&self.env(SELF), user_id).await.map(MintedSession::from)
    }
}
