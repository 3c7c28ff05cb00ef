//! What security notices say: one subject and one or two sentences per change and language.

use serde::{Deserialize, Serialize};

use super::letter::Words;

/// Subject and text.
type Said = (&'static str, &'static str);

macro_rules! changes {
    ($($(#[$doc:meta])* $name:ident {
        en: $en:literal, $en_text:literal;
        de: $de:literal, $de_text:literal;
        es: $es:literal, $es_text:literal;
    })*) => {
        /// What a security notice is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum SecurityChange {
            $($(#[$doc])* $name,)*
        }

        impl SecurityChange {
            /// All changes.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name),*];

            fn said(self, language: &str) -> Said {
                match (self, language) {
                    $(
                        (Self::$name, "de") => ($de, $de_text),
                        (Self::$name, "es") => ($es, $es_text),
                        (Self::$name, _) => ($en, $en_text),
                    )*
                }
            }
        }
    };
}
changes! {
    /// A spent refresh token came back and its session was ended.
    SessionReused {
        en: "We ended a session of your account",
            "A sign-in of your account was used in a way that can mean that somebody copied \
             it. To be safe, we ended that session. Sign in again.";
        de: "Wir haben eine Sitzung deines Kontos beendet",
            "Eine Anmeldung deines Kontos wurde so benutzt, dass sie kopiert worden sein \
             kann. Sicherheitshalber haben wir diese Sitzung beendet. Melde dich neu an.";
        es: "Hemos cerrado una sesión de tu cuenta",
            "Una sesión de tu cuenta se usó de una forma que puede significar que alguien la \
             copió. Por seguridad la hemos cerrado. Vuelve a iniciar sesión.";
    }
    /// The person changed the password.
    PasswordChanged {
        en: "Your password was changed",
            "The password of your account was changed, and all other sessions were ended.";
        de: "Dein Passwort wurde geändert",
            "Das Passwort deines Kontos wurde geändert, alle anderen Sitzungen wurden \
             beendet.";
        es: "Se ha cambiado tu contraseña",
            "Se cambió la contraseña de tu cuenta y se cerraron todas las demás sesiones.";
    }
    /// The password was set anew through the link of a mail.
    PasswordReset {
        en: "Your password was reset",
            "The password of your account was set anew, and all sessions were ended.";
        de: "Dein Passwort wurde zurückgesetzt",
            "Das Passwort deines Kontos wurde neu gesetzt, alle Sitzungen wurden beendet.";
        es: "Se ha restablecido tu contraseña",
            "Se estableció una nueva contraseña en tu cuenta y se cerraron todas las \
             sesiones.";
    }
    /// Somebody signed in from where nobody of the account did before.
    NewSignIn {
        en: "A new sign-in to your account",
            "Somebody signed in to your account with a device or from a network that it was not \
             used with lately.";
        de: "Eine neue Anmeldung in deinem Konto",
            "Jemand hat sich in deinem Konto mit einem Gerät oder aus einem Netz angemeldet, die \
             zuletzt nicht benutzt wurden.";
        es: "Un nuevo inicio de sesión en tu cuenta",
            "Alguien inició sesión en tu cuenta con un dispositivo o desde una red que no se \
             habían usado últimamente.";
    }
    /// A second factor counts from now on.
    TwoFactorEnabled {
        en: "Your second factor is on",
            "From now on signing in needs a code of your authenticator app. Keep your \
             recovery codes in a safe place.";
        de: "Dein zweiter Faktor ist eingeschaltet",
            "Ab jetzt braucht die Anmeldung einen Code deiner Authentifizierungs-App. Bewahre \
             deine Wiederherstellungscodes sicher auf.";
        es: "Tu segundo factor está activado",
            "A partir de ahora, iniciar sesión requiere un código de tu aplicación de \
             autenticación. Guarda tus códigos de recuperación en un lugar seguro.";
    }
    /// The second factor was removed.
    TwoFactorDisabled {
        en: "Your second factor is off",
            "The second factor was removed from your account.";
        de: "Dein zweiter Faktor ist ausgeschaltet",
            "Der zweite Faktor wurde von deinem Konto entfernt.";
        es: "Tu segundo factor está desactivado",
            "Se quitó el segundo factor de tu cuenta.";
    }
    /// New recovery codes replaced the old ones.
    RecoveryCodesReplaced {
        en: "You have new recovery codes",
            "New recovery codes were made for your account; the old ones no longer work.";
        de: "Du hast neue Wiederherstellungscodes",
            "Für dein Konto wurden neue Wiederherstellungscodes erzeugt; die alten gelten \
             nicht mehr.";
        es: "Tienes nuevos códigos de recuperación",
            "Se crearon nuevos códigos de recuperación para tu cuenta; los anteriores ya no \
             sirven.";
    }
    /// A recovery code was used in place of the second factor.
    RecoveryCodeUsed {
        en: "A recovery code was used",
            "A recovery code was used in place of your second factor. It works no more.";
        de: "Ein Wiederherstellungscode wurde benutzt",
            "Statt deines zweiten Faktors wurde ein Wiederherstellungscode benutzt. Er gilt \
             nicht mehr.";
        es: "Se usó un código de recuperación",
            "Se usó un código de recuperación en lugar de tu segundo factor. Ya no sirve.";
    }
    /// Another way to sign in was added.
    IdentityLinked {
        en: "A way to sign in was added",
            "Your account can now be opened with another provider.";
        de: "Eine Anmeldung wurde hinzugefügt",
            "Dein Konto lässt sich jetzt mit einem weiteren Anbieter öffnen.";
        es: "Se añadió una forma de iniciar sesión",
            "Ahora tu cuenta también se puede abrir con otro proveedor.";
    }
    /// A way to sign in was removed.
    IdentityUnlinked {
        en: "A way to sign in was removed",
            "Your account can no longer be opened with one of its providers.";
        de: "Eine Anmeldung wurde entfernt",
            "Dein Konto lässt sich mit einem seiner Anbieter nicht mehr öffnen.";
        es: "Se quitó una forma de iniciar sesión",
            "Tu cuenta ya no se puede abrir con uno de sus proveedores.";
    }
    /// A phone number was proven.
    PhoneAdded {
        en: "Your phone number was confirmed",
            "A phone number was confirmed for the security of your account.";
        de: "Deine Telefonnummer wurde bestätigt",
            "Für die Sicherheit deines Kontos wurde eine Telefonnummer bestätigt.";
        es: "Se confirmó tu número de teléfono",
            "Se confirmó un número de teléfono para la seguridad de tu cuenta.";
    }
    /// The phone number was removed.
    PhoneRemoved {
        en: "Your phone number was removed",
            "The phone number was removed from your account.";
        de: "Deine Telefonnummer wurde entfernt",
            "Die Telefonnummer wurde von deinem Konto entfernt.";
        es: "Se quitó tu número de teléfono",
            "Se quitó el número de teléfono de tu cuenta.";
    }
    /// The account was suspended.
    Banned {
        en: "Your account is suspended",
            "Your account was suspended because our rules were not kept. Signing in tells you \
             until when.";
        de: "Dein Konto ist gesperrt",
            "Dein Konto wurde gesperrt, weil unsere Regeln nicht eingehalten wurden. Bei der \
             Anmeldung erfährst du, bis wann.";
        es: "Tu cuenta está suspendida",
            "Tu cuenta fue suspendida porque no se respetaron nuestras normas. Al iniciar \
             sesión verás hasta cuándo.";
    }
    /// A ban ended or was lifted.
    Unbanned {
        en: "Your account is open again",
            "Your account is no longer suspended. Sign in to use it.";
        de: "Dein Konto ist wieder offen",
            "Dein Konto ist nicht mehr gesperrt. Melde dich an, um es zu benutzen.";
        es: "Tu cuenta vuelve a estar abierta",
            "Tu cuenta ya no está suspendida. Inicia sesión para usarla.";
    }
    /// A moderator warned the person.
    Warned {
        en: "A warning about your account",
            "Something that you wrote or showed does not fit our rules. If it happens again, \
             your account may be suspended.";
        de: "Eine Verwarnung zu deinem Konto",
            "Etwas, das du geschrieben oder gezeigt hast, passt nicht zu unseren Regeln. Wenn \
             es wieder vorkommt, kann dein Konto gesperrt werden.";
        es: "Una advertencia sobre tu cuenta",
            "Algo que escribiste o mostraste no respeta nuestras normas. Si vuelve a ocurrir, \
             tu cuenta puede ser suspendida.";
    }
    /// An administrator ended all sessions.
    SessionsEnded {
        en: "All your sessions were ended",
            "For the safety of your account we ended all its sessions. Sign in again.";
        de: "Alle deine Sitzungen wurden beendet",
            "Zur Sicherheit deines Kontos haben wir alle seine Sitzungen beendet. Melde dich \
             neu an.";
        es: "Se cerraron todas tus sesiones",
            "Por la seguridad de tu cuenta hemos cerrado todas sus sesiones. Vuelve a iniciar \
             sesión.";
    }
    /// A device was added to the account.
    DeviceAdded {
        en: "A new device on your account",
            "A new device was added to your account.";
        de: "Ein neues Gerät in deinem Konto",
            "Deinem Konto wurde ein neues Gerät hinzugefügt.";
        es: "Un dispositivo nuevo en tu cuenta",
            "Se añadió un dispositivo nuevo a tu cuenta.";
    }
}

/// The words of a notice in the language, English where there is none.
pub(super) fn words(language: &str, change: SecurityChange) -> (&'static str, Words) {
    let (subject, intro) = change.said(language);
    let (lang, hello, outro) = match language {
        "de" => (
            "de",
            "Hallo",
            "Wenn du das nicht warst, ändere dein Passwort und beende fremde Sitzungen. Du \
             bekommst diese Mail, weil es um die Sicherheit deines Kontos geht.",
        ),
        "es" => (
            "es",
            "Hola",
            "Si no fuiste tú, cambia tu contraseña y cierra las sesiones ajenas. Recibes este \
             correo porque se trata de la seguridad de tu cuenta.",
        ),
        _ => (
            "en",
            "Hello",
            "If it was not you, change your password and end the sessions that are not yours. You \
             get this mail because it concerns the safety of your account.",
        ),
    };
    let words = Words {
        subject,
        hello,
        intro,
        button: "",
        code: "",
        outro,
    };
    (lang, words)
}
