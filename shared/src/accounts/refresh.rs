//! Refresh tokens: how they are made, and what each one that comes back means.

use super::session::{REFRESH_SECONDS, RevokeReason, SESSION_KEPT_MS, Session};
use crate::crypto;
use crate::error::{
    Fault, REFRESH_TOKEN_INVALID, REFRESH_TOKEN_REUSED, SESSION_EXPIRED, SESSION_REVOKED,
};
use crate::id;
use crate::table::{Change, Commit, Condition, Item, TTL_ATTRIBUTE, Value};
use crate::time::{SECOND_MS, Time};

/// How long the token before the current one is still answered, milliseconds: two tabs, a lost
/// answer.
pub const GRACE_MS: i64 = 30 * SECOND_MS;

/// A refresh token as read: `rt1.{session_id}.{generation}.{HMAC(secret, generation)}`.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// `ses_…`
    pub session_id: String,
    /// From 1.
    pub generation: i64,
    mac: Vec<u8>,
}

impl RefreshToken {
    /// Reads a token; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (version, session_id) = (parts.next()?, parts.next()?);
        let (generation, mac) = (parts.next()?, parts.next()?);
        let plain = generation.bytes().all(|b| b.is_ascii_digit()) && !generation.starts_with('0');
        let ours = version == "rt1" && plain && parts.next().is_none();
        if !ours || !id::is_id("ses", session_id) {
            return None;
        }
        let generation = generation.parse().ok()?;
        Some(Self {
            session_id: session_id.to_owned(),
            generation,
            mac: crypto::decode(mac)?,
        })
    }

    /// The token of a generation.
    pub fn write(session_id: &str, generation: i64, secret: &[u8]) -> String {
        let mac = crypto::encode(&mac(session_id, generation, secret));
        format!("rt1.{session_id}.{generation}.{mac}")
    }

    /// Whether the session's secret made it.
    pub fn is_authentic(&self, secret: &[u8]) -> bool {
        crypto::same(&mac(&self.session_id, self.generation, secret), &self.mac)
    }
}

fn mac(session_id: &str, generation: i64, secret: &[u8]) -> [u8; 32] {
    crypto::mac(
        secret,
        &[b"rt1", session_id.as_bytes(), &generation.to_be_bytes()],
    )
}

/// What an authentic refresh token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The next generation is issued.
    Rotate,
    /// The current one is given again; nothing advances.
    Again,
    /// A spent token came back: the session ends and its owner is told.
    Reuse,
    /// A generation that was never issued, though the secret is right: a signal.
    Unissued,
    /// The session is over.
    Over(&'static Fault),
}

impl Refresh {
    /// Decides line by line of the contract's table (spec accounts.md, *Refresh*).
    pub fn decide(session: &Session, generation: i64, now: Time) -> Self {
        let current = session.generation;
        if session.revoked_at.is_some() {
            return Self::Over(&SESSION_REVOKED);
        }
        if now >= session.ends_at() {
            return Self::Over(&SESSION_EXPIRED);
        }
        if generation == current {
            return Self::Rotate;
        }
        if generation > current {
            return Self::Unissued;
        }
        let fresh = now.ms() - session.rotated_at.ms() <= GRACE_MS;
        if generation == current - 1 && (!session.generation_used || fresh) {
            return Self::Again;
        }
        Self::Reuse
    }

    /// What the caller is told when no token is issued.
    pub fn fault(self) -> Option<&'static Fault> {
        match self {
            Self::Rotate | Self::Again => None,
            Self::Reuse => Some(&REFRESH_TOKEN_REUSED),
            Self::Unissued => Some(&REFRESH_TOKEN_INVALID),
            Self::Over(fault) => Some(fault),
        }
    }
}

impl Session {
    /// The next generation, and what stores it if nobody refreshed or revoked in between.
    pub fn rotate(&self, now: Time) -> (Self, Commit) {
        let mut next = self.clone();
        next.generation += 1;
        next.generation_used = false;
        next.rotated_at = now;
        next.last_used_at = now;
        next.expires_at = now.plus(REFRESH_SECONDS * SECOND_MS);
        next.expires = next.ends_at().plus(SESSION_KEPT_MS).seconds();
        let changes = vec![
            Change::number("generation", next.generation),
            Change::Set("generation_used".into(), Value::Bool(false)),
            Change::number("rotated_at", now.ms()),
            Change::number("last_used_at", now.ms()),
            Change::number("expires_at", next.expires_at.ms()),
            Change::number(TTL_ATTRIBUTE, next.expires),
        ];
        let commit = Commit::new().update::<Self>(
            self.key(),
            changes,
            Some((self.unchanged(), &REFRESH_TOKEN_INVALID)),
        );
        (next, commit)
    }

    /// What ends it, if it has not ended yet.
    pub fn revoke(&self, reason: RevokeReason, now: Time) -> Commit {
        self.end(reason, None, now)
    }

    /// What ends it by a ban, if it has not ended yet; none for one that has no end.
    pub fn ban(&self, until: Option<Time>, now: Time) -> Commit {
        self.end(RevokeReason::Banned, until, now)
    }

    fn end(&self, reason: RevokeReason, banned_until: Option<Time>, now: Time) -> Commit {
        let word = serde_json::to_value(reason).ok();
        let word = word
            .as_ref()
            .and_then(|word| word.as_str())
            .unwrap_or("revoked");
        let mut changes = vec![
            Change::number("revoked_at", now.ms()),
            Change::text("revoke_reason", word),
            Change::number(TTL_ATTRIBUTE, now.plus(SESSION_KEPT_MS).seconds()),
        ];
        changes.extend(banned_until.map(|until| Change::number("banned_until", until.ms())));
        let live = Condition::All(vec![Condition::Present, Condition::Missing("revoked_at")]);
        Commit::new().update::<Self>(self.key(), changes, Some((live, &SESSION_REVOKED)))
    }

    fn unchanged(&self) -> Condition {
        Condition::All(vec![
            Condition::number("generation", self.generation),
            Condition::Missing("revoked_at"),
        ])
    }
}

#[cfg(test)]
mod tests {
    mod model;

    use super::*;
    use crate::accounts::session::tests::session;

    // The session of the tests is at generation 5, rotated at 1,000,000 ms.
    const ROTATED: Time = Time(1_000_000);

    #[test]
    fn the_current_token_rotates() {
        let session = session();
        assert_eq!(
            Refresh::decide(&session, 5, ROTATED.plus(1)),
            Refresh::Rotate
        );
        let (next, commit) = session.rotate(ROTATED.plus(60_000));
        assert_eq!((next.generation, next.generation_used), (6, false));
        assert_eq!(next.expires_at, ROTATED.plus(60_000 + 7 * 24 * 3_600_000));
        assert_eq!(commit.into_writes().expect("commit").len(), 1);
    }

    #[test]
    fn the_one_before_is_answered_again_while_the_current_is_unused() {
        let session = session();
        let late = ROTATED.plus(3 * 24 * 3_600_000);
        assert_eq!(Refresh::decide(&session, 4, late), Refresh::Again);
    }

    #[test]
    fn the_one_before_is_answered_again_for_thirty_seconds() {
        let used = Session {
            generation_used: true,
            ..session()
        };
        assert_eq!(
            Refresh::decide(&used, 4, ROTATED.plus(30_000)),
            Refresh::Again
        );
        assert_eq!(
            Refresh::decide(&used, 4, ROTATED.plus(30_001)),
            Refresh::Reuse
        );
    }

    #[test]
    fn older_ones_are_reuse_whatever_else() {
        assert_eq!(Refresh::decide(&session(), 3, ROTATED), Refresh::Reuse);
        assert_eq!(Refresh::decide(&session(), 1, ROTATED), Refresh::Reuse);
        assert_eq!(Refresh::Reuse.fault(), Some(&REFRESH_TOKEN_REUSED));
    }

    #[test]
    fn one_that_was_never_issued_is_invalid() {
        assert_eq!(Refresh::decide(&session(), 6, ROTATED), Refresh::Unissued);
        assert_eq!(Refresh::Unissued.fault(), Some(&REFRESH_TOKEN_INVALID));
    }

    #[test]
    fn revoked_comes_before_expired_and_expired_before_everything_else() {
        let mut ended = session();
        let over = |session: &Session, g, at| Refresh::decide(session, g, at).fault();
        assert_eq!(over(&ended, 5, ended.expires_at), Some(&SESSION_EXPIRED));
        assert_eq!(over(&ended, 1, ended.expires_at), Some(&SESSION_EXPIRED));
        assert_eq!(over(&ended, 5, ended.expires_at.plus(-1)), None);
        ended.absolute_expires_at = ROTATED.plus(5);
        assert_eq!(over(&ended, 5, ROTATED.plus(5)), Some(&SESSION_EXPIRED));
        ended.revoked_at = Some(ROTATED);
        assert_eq!(over(&ended, 1, ROTATED.plus(5)), Some(&SESSION_REVOKED));
    }

    #[test]
    fn a_token_is_authentic_only_as_written() {
        let id = session().session_id;
        let text = RefreshToken::write(&id, 12, &[7; 32]);
        let token = RefreshToken::parse(&text).expect("token");
        assert_eq!(
            (token.session_id.as_str(), token.generation),
            (id.as_str(), 12)
        );
        assert!(token.is_authentic(&[7; 32]));
        assert!(!token.is_authentic(&[8; 32]));
        let other = RefreshToken::parse(&text.replace(".12.", ".13.")).expect("token");
        assert!(!other.is_authentic(&[7; 32]));
        for broken in [
            String::new(),
            "rt1".into(),
            text.replace("rt1", "rt2"),
            text.replace(".12.", ".012."),
            text.replace(".12.", ".-1."),
            text.replace("ses_", "usr_"),
            format!("{text}.x"),
            text.replace(".12.", ".99999999999999999999."),
        ] {
            assert!(RefreshToken::parse(&broken).is_none(), "{broken}");
        }
    }
}
