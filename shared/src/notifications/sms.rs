//! What text messages say, and the row that causes one.

use serde::{Deserialize, Serialize};

use super::row::{Channel, NewRow, row};
use crate::accounts::person;
use crate::aws::cipher::DataKey;
use crate::error::Result;
use crate::table::Commit;
use crate::time::Time;

/// Number and content of a text message, as sealed into its row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextFacts {
    /// Number (E.164).
    pub to: String,
    /// BCP 47 tag that chooses the language; English where there is none.
    pub locale: String,
    /// Which message, and its values.
    pub text: Text,
}

/// The text messages there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Text {
    /// Prove your number.
    VerifyPhone {
        /// Eight digits.
        code: String,
    },
}

impl Text {
    /// Trigger of the contract.
    pub const fn trigger(&self) -> &'static str {
        match self {
            Self::VerifyPhone { .. } => "account.security",
        }
    }
}

impl TextFacts {
    /// The words.
    pub fn words(&self) -> String {
        let Text::VerifyPhone { code } = &self.text;
        match person::language(&self.locale).as_str() {
            "de" => format!("{code} ist dein Pairly-Code. Er gilt 10 Minuten. Gib ihn nie weiter."),
            "es" => format!("{code} es tu código de Pairly. Vale 10 minutos. No lo compartas."),
            _ => format!("{code} is your Pairly code. It is valid for 10 minutes. Never share it."),
        }
    }
}

/// The part of a commit that causes a text message. `key` is the recipient's; the same `event`
/// causes no second one.
///
/// # Errors
/// 500 when sealing fails.
pub fn sms(
    key: &DataKey,
    user_id: &str,
    event: &str,
    facts: &TextFacts,
    valid_until: Time,
    now: Time,
) -> Result<Commit> {
    let new = NewRow {
        user_id,
        event,
        channel: Channel::Sms,
        trigger: facts.text.trigger(),
        valid_until: Some(valid_until),
    };
    row(key, &new, facts, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_fits_into_one_message_in_every_language() {
        for locale in ["en", "de-AT", "es", "fr", ""] {
            let (to, locale) = ("+15005550006".to_owned(), locale.to_owned());
            let text = Text::VerifyPhone {
                code: "12345678".to_owned(),
            };
            let words = TextFacts { to, locale, text }.words();
            assert!(words.starts_with("12345678 "), "{words}");
            // Characters of one message, when it holds letters beyond the basic alphabet.
            assert!(words.chars().count() <= 70 || words.is_ascii(), "{words}");
            assert!(words.len() <= 160, "{words}");
        }
    }
}
