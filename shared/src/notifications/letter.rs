//! What mails say: facts in, subject and two parts out. Every value is escaped by the template.

use askama::Template;
use serde::{Deserialize, Serialize};

use super::security::{self, SecurityChange};
use crate::accounts::person;
use crate::aws::mail::Letter;
use crate::error::{INTERNAL_ERROR, Result};
use crate::time::Time;

/// Address and content of a mail, as sealed into its row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Address.
    pub to: String,
    /// Name of the person.
    pub name: String,
    /// BCP 47 tag that chooses the language; English where there is none.
    pub locale: String,
    /// Which mail, and its values.
    pub mail: Mail,
}

/// The mails there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Mail {
    /// Prove your address.
    VerifyEmail {
        /// `{PUBLIC_URL}/verify-email?token=…`
        link: String,
        /// Eight digits.
        code: String,
    },
    /// Choose another password.
    ResetPassword {
        /// `{APP_URL}/reset-password?token=…`
        link: String,
    },
    /// Somebody registered with your address, but you have an account.
    AccountExists {
        /// Into the app.
        link: String,
    },
    /// Something about the safety of your account changed.
    AccountSecurity {
        /// What.
        change: SecurityChange,
        /// When.
        at: Time,
    },
}

impl Mail {
    /// Trigger of the contract.
    pub const fn trigger(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::AccountExists { .. } => "account_exists",
            Self::AccountSecurity { .. } => "account.security",
        }
    }
}

/// The words of one mail in one language.
pub(super) struct Words {
    pub subject: &'static str,
    pub hello: &'static str,
    pub intro: &'static str,
    pub button: &'static str,
    pub code: &'static str,
    pub outro: &'static str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="{{ lang }}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ words.subject }}</title></head>
<body style="margin:0;padding:24px;background:#f4f2f7;color:#221a2e;font:16px/1.5 sans-serif">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#fff;border-radius:12px">
<p style="margin-top:0">{{ words.hello }} {{ name }},</p>
<p>{{ words.intro }}</p>
{%- if let Some(link) = link %}
<p><a href="{{ link }}" style="display:inline-block;padding:12px 24px;border-radius:8px;\
background:#7a2d8f;color:#fff;text-decoration:none">{{ words.button }}</a></p>
{%- endif %}
{%- if let Some(code) = code %}
<p>{{ words.code }}</p>
<p style="font-size:28px;letter-spacing:4px"><strong>{{ code }}</strong></p>
{%- endif %}
{%- if let Some(at) = at %}
<p>{{ at }}</p>
{%- endif %}
<p style="color:#6b6275">{{ words.outro }}</p>
</div></body></html>
"#
)]
struct Html<'a> {
    lang: &'a str,
    words: &'a Words,
    name: &'a str,
    link: Option<&'a str>,
    code: Option<&'a str>,
    at: Option<Time>,
}

#[derive(Template)]
#[template(
    ext = "txt",
    source = r"{{ words.hello }} {{ name }},

{{ words.intro }}
{%- if let Some(link) = link %}

{{ words.button }}: {{ link }}
{%- endif %}
{%- if let Some(code) = code %}

{{ words.code }} {{ code }}
{%- endif %}
{%- if let Some(at) = at %}

{{ at }}
{%- endif %}

{{ words.outro }}
"
)]
struct Text<'a> {
    words: &'a Words,
    name: &'a str,
    link: Option<&'a str>,
    code: Option<&'a str>,
    at: Option<Time>,
}

/// The mail that the facts ask for.
///
/// # Errors
/// 500 when a template fails.
pub fn write(facts: &Facts) -> Result<Letter> {
    let language = person::language(&facts.locale);
    let (lang, words) = words(&language, &facts.mail);
    let (link, code, at) = match &facts.mail {
        Mail::VerifyEmail { link, code } => (Some(link.as_str()), Some(code.as_str()), None),
        Mail::ResetPassword { link } | Mail::AccountExists { link } => {
            (Some(link.as_str()), None, None)
        }
        Mail::AccountSecurity { at, .. } => (None, None, Some(*at)),
    };
    // A line break in a name would let it write lines of its own into the text part.
    let name = facts.name.replace(['\r', '\n'], " ");
    let name = name.as_str();
    let words = &words;
    let html = Html {
        lang,
        words,
        name,
        link,
        code,
        at,
    }
    .render();
    let text = Text {
        words,
        name,
        link,
        code,
        at,
    }
    .render();
    let failed = |cause: askama::Error| INTERNAL_ERROR.because(cause);
    Ok(Letter {
        to: facts.to.replace(['\r', '\n'], ""),
        subject: words.subject.to_owned(),
        text: text.map_err(failed)?,
        html: html.map_err(failed)?,
    })
}

fn words(language: &str, mail: &Mail) -> (&'static str, Words) {
    match (language, mail) {
        ("de", Mail::VerifyEmail { .. }) => ("de", VERIFY_DE),
        ("es", Mail::VerifyEmail { .. }) => ("es", VERIFY_ES),
        (_, Mail::VerifyEmail { .. }) => ("en", VERIFY_EN),
        ("de", Mail::ResetPassword { .. }) => ("de", RESET_DE),
        ("es", Mail::ResetPassword { .. }) => ("es", RESET_ES),
        (_, Mail::ResetPassword { .. }) => ("en", RESET_EN),
        ("de", Mail::AccountExists { .. }) => ("de", EXISTS_DE),
        ("es", Mail::AccountExists { .. }) => ("es", EXISTS_ES),
        (_, Mail::AccountExists { .. }) => ("en", EXISTS_EN),
        (language, Mail::AccountSecurity { change, .. }) => security::words(language, *change),
    }
}

const VERIFY_EN: Words = Words {
    subject: "Confirm your e-mail address",
    hello: "Hello",
    intro: "Welcome to Pairly! Please confirm that this address is yours. The link works for \
            24 hours.",
    button: "Confirm address",
    code: "Or enter this code in the app within 10 minutes:",
    outro: "If you did not register, ignore this mail; nothing happens.",
};
const VERIFY_DE: Words = Words {
    subject: "Bestätige deine E-Mail-Adresse",
    hello: "Hallo",
    intro: "Willkommen bei Pairly! Bitte bestätige, dass diese Adresse dir gehört. Der Link gilt \
            24 Stunden.",
    button: "Adresse bestätigen",
    code: "Oder gib diesen Code innerhalb von 10 Minuten in der App ein:",
    outro: "Wenn du dich nicht registriert hast, ignoriere diese Mail; es passiert nichts.",
};
const VERIFY_ES: Words = Words {
    subject: "Confirma tu dirección de correo",
    hello: "Hola",
    intro: "¡Te damos la bienvenida a Pairly! Confirma que esta dirección es tuya. El enlace \
            funciona durante 24 horas.",
    button: "Confirmar dirección",
    code: "O introduce este código en la aplicación en los próximos 10 minutos:",
    outro: "Si no te has registrado, ignora este correo; no pasará nada.",
};
const RESET_EN: Words = Words {
    subject: "Choose a new password",
    hello: "Hello",
    intro: "Somebody, hopefully you, asked for a new password of your account. The link works once \
            and for one hour.",
    button: "Choose a new password",
    code: "",
    outro: "If it was not you, ignore this mail; your password stays as it is.",
};
const RESET_DE: Words = Words {
    subject: "Wähle ein neues Passwort",
    hello: "Hallo",
    intro: "Jemand, hoffentlich du, hat ein neues Passwort für dein Konto angefordert. Der Link \
            gilt einmal und eine Stunde lang.",
    button: "Neues Passwort wählen",
    code: "",
    outro: "Wenn du es nicht warst, ignoriere diese Mail; dein Passwort bleibt, wie es ist.",
};
const RESET_ES: Words = Words {
    subject: "Elige una nueva contraseña",
    hello: "Hola",
    intro: "Alguien, esperamos que tú, pidió una nueva contraseña para tu cuenta. El enlace \
            funciona una sola vez y durante una hora.",
    button: "Elegir una nueva contraseña",
    code: "",
    outro: "Si no fuiste tú, ignora este correo; tu contraseña no cambia.",
};
const EXISTS_EN: Words = Words {
    subject: "You already have an account",
    hello: "Hello",
    intro: "Somebody, perhaps you, tried to register with this address. You already have an \
            account: just sign in.",
    button: "Sign in",
    code: "",
    outro: "If it was not you, you need not do anything; your account is unchanged.",
};
const EXISTS_DE: Words = Words {
    subject: "Du hast schon ein Konto",
    hello: "Hallo",
    intro: "Jemand, vielleicht du, wollte sich mit dieser Adresse registrieren. Du hast schon \
            ein Konto: melde dich einfach an.",
    button: "Anmelden",
    code: "",
    outro: "Wenn du es nicht warst, musst du nichts tun; dein Konto ist unverändert.",
};
const EXISTS_ES: Words = Words {
    subject: "Ya tienes una cuenta",
    hello: "Hola",
    intro: "Alguien, quizá tú, intentó registrarse con esta dirección. Ya tienes una cuenta: \
            solo tienes que iniciar sesión.",
    button: "Iniciar sesión",
    code: "",
    outro: "Si no fuiste tú, no tienes que hacer nada; tu cuenta no ha cambiado.",
};
#[cfg(test)]
mod tests {
    use super::*;

    fn facts(locale: &str, name: &str) -> Facts {
        let (link, code) = (
            "https://x.test/verify-email?token=a_b-c".into(),
            "01234567".into(),
        );
        Facts {
            to: "ann@pairly.test".into(),
            name: name.into(),
            locale: locale.into(),
            mail: Mail::VerifyEmail { link, code },
        }
    }

    #[test]
    fn both_parts_carry_link_code_and_name() {
        let letter = write(&facts("en", "Ann")).expect("letter");
        for part in [&letter.text, &letter.html] {
            assert!(
                part.contains("https://x.test/verify-email?token=a_b-c"),
                "{part}"
            );
            assert!(
                part.contains("01234567") && part.contains("Hello Ann,"),
                "{part}"
            );
        }
        assert_eq!(letter.subject, "Confirm your e-mail address");
    }

    #[test]
    fn hostile_names_stay_text() {
        let name = "<script>alert(1)</script>\r\nBcc: eve@x.test {{ 7 * 7 }} \"'&";
        let letter = write(&facts("en", name)).expect("letter");
        assert!(!letter.html.contains("<script>") && !letter.html.contains("\"'&"));
        assert!(!letter.text.contains("\nBcc:"), "{}", letter.text);
        assert!(letter.html.contains("{{ 7 * 7 }}"));
        let hostile = Facts {
            to: "a@b.test\r\nBcc: eve@x.test".into(),
            ..facts("en", "Ann")
        };
        assert!(!write(&hostile).expect("letter").to.contains(['\r', '\n']));
    }

    #[test]
    fn the_locale_chooses_the_language_and_english_is_for_all_others() {
        let subject = |locale| write(&facts(locale, "Ann")).expect("letter").subject;
        assert_eq!(subject("de-AT"), VERIFY_DE.subject);
        assert_eq!(subject("ES"), VERIFY_ES.subject);
        assert_eq!(subject("fr"), VERIFY_EN.subject);
        assert_eq!(subject(""), VERIFY_EN.subject);
    }

    #[test]
    fn every_mail_exists_in_every_language() {
        let at = Time(0);
        let notices = SecurityChange::ALL.iter();
        let notices = notices.map(|change| Mail::AccountSecurity {
            change: *change,
            at,
        });
        let link = || "https://x.test".into();
        let exists = Mail::AccountExists { link: link() };
        let reset = Mail::ResetPassword { link: link() };
        for locale in ["en", "de", "es"] {
            for mail in notices.clone().chain([exists.clone(), reset.clone()]) {
                let letter = write(&Facts {
                    mail,
                    ..facts(locale, "Ann")
                })
                .expect("letter");
                assert!(letter.html.contains(&format!("lang=\"{locale}\"")));
                assert!(!letter.text.is_empty() && !letter.subject.contains(['\r', '\n']));
            }
        }
    }
}
