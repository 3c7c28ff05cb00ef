//! People for scenarios, made without mails.

use shared::Result;
use shared::accounts::demo::{Newcomer, hash_password, open_person, open_session};

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

impl Local {
    /// A verified person with some credits and a session.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn mint(&self, name: &str, credits: i64) -> Result<Minted> {
        let env = self.env(SELF);
        let unique = env.ids().ulid().to_lowercase();
        let plain = name.chars().filter(char::is_ascii_alphanumeric);
        let email = format!(
            "{}.{unique}@pairly.test",
            plain.collect::<String>().to_lowercase()
        );
        // Hashed once: hundreds of people share the one password.
        let kept = &self.0.minted_password;
        let password = kept
            .get_or_try_init(|| hash_password(&env, PASSWORD))
            .await?
            .clone();
        let newcomer = Newcomer {
            name,
            email: &email,
            password,
            credits,
        };
        let user_id = open_person(&env, newcomer).await?;
        Ok(Minted {
            email,
            ..self.mint_session(&user_id).await?
        })
    }

    /// A further session of a person.
    ///
    /// # Errors
    /// When there is no such person, or the state cannot be written.
    pub async fn mint_session(&self, user_id: &str) -> Result<Minted> {
        let tokens = open_session(&self.env(SELF), user_id).await?;
        Ok(Minted {
            user_id: tokens.user_id,
            email: String::new(),
            password: PASSWORD.to_owned(),
            session_id: tokens.session_id,
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
        })
    }
}
