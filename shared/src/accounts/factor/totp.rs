//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, steps of 30 seconds, because that
//! is what every authenticator app can do.

use totp_rs::{Builder, Totp};

use crate::crypto;
use crate::error::{INTERNAL_ERROR, Result};
use crate::text::escape_uri;
use crate::time::Time;

/// Length of a step, seconds.
pub const STEP_SECONDS: u64 = 30;
/// Name under which apps list the account.
const ISSUER: &str = "Pairly";

/// 160 bits, the length that RFC 4226 §4 recommends.
pub type Secret = [u8; 20];

fn generator(secret: &Secret) -> Result<Totp> {
    // Without tolerance of its own: it would also accept the step ahead.
    let builder = Builder::new().with_skew(0);
    let secret = totp_rs::Secret::new_stack(*secret);
    let built = builder.with_secret(secret).build();
    built.map_err(|_| INTERNAL_ERROR.because("a factor's secret is no secret"))
}

/// The step whose code this is: the present one or the one before, none ahead.
///
/// # Errors
/// 500 when the secret is none.
pub fn step_of(secret: &Secret, code: &str, now: Time) -> Result<Option<i64>> {
    let generator = generator(secret)?;
    let present = u64::try_from(now.seconds()).unwrap_or_default();
    let instants = [present, present.saturating_sub(STEP_SECONDS)];
    let step = instants.iter().find_map(|at| generator.check(code, *at));
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// What an app with this base32 secret shows at an instant; none when it is no secret.
pub fn code_at(secret: &str, at: Time) -> Option<String> {
    let secret: Secret = crypto::read_base32(secret)?.try_into().ok()?;
    let seconds = u64::try_from(at.seconds()).ok()?;
    let code = generator(&secret).ok()?.generate(seconds);
    Some(code.to_string())
}

/// The address that apps read from a picture (Key Uri Format).
pub fn otpauth_url(secret: &str, account: &str) -> String {
    let label = escape_uri(&format!("{ISSUER}:{account}"));
    let rules = format!("algorithm=SHA1&digits=6&period={STEP_SECONDS}");
    format!("otpauth://totp/{label}?secret={secret}&issuer={ISSUER}&{rules}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &Secret = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        let text = crypto::base32(SECRET);
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let at = Time(seconds * 1_000);
            assert_eq!(code_at(&text, at).as_deref(), Some(code));
            assert_eq!(step_of(SECRET, code, at).expect("step"), Some(seconds / 30));
        }
    }

    #[test]
    fn the_step_before_counts_and_none_ahead_or_further_back() {
        let now = Time(1_767_614_400_000);
        let text = crypto::base32(SECRET);
        let code = |steps: i64| code_at(&text, now.plus(steps * 30_000)).expect("code");
        let step = now.seconds() / 30;
        let found = |code: &str| step_of(SECRET, code, now).expect("step");
        assert_eq!(found(&code(0)), Some(step));
        assert_eq!(found(&code(-1)), Some(step - 1));
        for other in [
            code(1),
            code(-2),
            String::new(),
            "+12345".into(),
            "12345".into(),
        ] {
            assert_eq!(found(&other), None, "{other}");
        }
    }

    #[test]
    fn the_address_for_apps_names_issuer_and_account() {
        assert_eq!(
            otpauth_url("MZXW6", "ann+1@pairly.test"),
            "otpauth://totp/Pairly%3Aann%2B1%40pairly.test?secret=MZXW6&issuer=Pairly\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
