//! Sessions: what every access token points at, and when one still counts.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`Session`] | data | `usr_…` | `session#ses_…` |
//! | [`SessionOwner`] | data | `session#ses_…` | `owner` |
//!
//! A refresh token names only its session, so a pointer row, written once with the session, tells
//! whose it is. It is read by refreshes alone; an access token carries the user id itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ban::{Action, told};
use super::sealed::Sealed;
use crate::calls::EndedReason;
use crate::error::{
    Result, SESSION_REVOKED, TOKEN_EXPIRED, TOKEN_INVALID, UNAVAILABLE, USER_BANNED,
};
use crate::table::{Change, Commit, Condition, Item, Key, Name};
use crate::time::{DAY_MS, Time, millis};

/// How long a refresh token counts after it was issued, seconds.
pub const REFRESH_SECONDS: i64 = 7 * 24 * 3_600;
/// How long a session lives at most, milliseconds.
pub const SESSION_ABSOLUTE_MS: i64 = 90 * DAY_MS;
/// How long the row of an ended session is kept, milliseconds.
pub const SESSION_KEPT_MS: i64 = 30 * DAY_MS;
/// Most live sessions of a person; one more evicts the least recently used.
pub const SESSIONS_MAX: usize = 20;
/// Most characters kept of a user agent.
pub const USER_AGENT_CHARS_MAX: usize = 256;

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// The person signed out here.
    SignOut,
    /// The person signed out everywhere.
    SignOutAll,
    /// The person ended it from another session.
    Revoked,
    /// A spent refresh token came back.
    Reuse,
    /// The password was changed or reset.
    PasswordChanged,
    /// A newer session took its place.
    Evicted,
    /// The account was suspended.
    Banned,
    /// The account is being erased.
    Deleted,
    /// Its device was revoked.
    DeviceRevoked,
    /// An administrator ended all sessions of the person.
    EndedByAdmin,
}

/// One signed-in place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// `ses_…`
    pub session_id: String,
    /// `usr_…`
    pub user_id: String,
    /// The person's wallet, so that a paid action needs no read of the link row.
    pub wallet_id: String,
    /// Device that sign-in named.
    #[serde(default)]
    pub device_id: Option<String>,
    /// Number of the current refresh token, from 1.
    pub generation: i64,
    /// Whether an access token of the current generation has been seen.
    pub generation_used: bool,
    /// When the current generation was issued.
    #[serde(with = "millis")]
    pub rotated_at: Time,
    /// 32 bytes that refresh tokens are derived from.
    pub secret: Sealed,
    /// End if no refresh comes before.
    #[serde(with = "millis")]
    pub expires_at: Time,
    /// End whatever comes.
    #[serde(with = "millis")]
    pub absolute_expires_at: Time,
    /// Authenticator assurance level, 1 or 2.
    pub aal: u8,
    /// Last proof of presence.
    #[serde(with = "millis")]
    pub auth_time: Time,
    /// /24 or /48 of the address that signed in.
    pub ip_prefix: String,
    /// At most [`USER_AGENT_CHARS_MAX`] characters.
    pub user_agent: String,
    /// ISO 3166-1 alpha-2, if an edge tells it.
    #[serde(default)]
    pub country: Option<String>,
    /// Last sign-in or refresh; minutes in between are in the activity item.
    #[serde(with = "millis")]
    pub last_used_at: Time,
    /// When it began.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// When it was ended before its time.
    #[serde(default, with = "millis::option")]
    pub revoked_at: Option<Time>,
    /// Why.
    #[serde(default)]
    pub revoke_reason: Option<RevokeReason>,
    /// End of the ban that ended it; none of a permanent one.
    #[serde(default, with = "millis::option")]
    pub banned_until: Option<Time>,
    /// Whether the person may have another session beside it. It is told by the sign-in that makes
    /// another one and never taken back, so `false` is certain: nobody else is to be told.
    #[serde(default = "yes")]
    pub others: bool,
    /// Until when the person's limits refill at half the pace; told by the first request after
    /// the flags that say so.
    #[serde(default, with = "millis::option")]
    pub slowed_until: Option<Time>,
    /// TTL, epoch seconds: [`SESSION_KEPT_MS`] after its end.
    pub expires: i64,
}

fn yes() -> bool {
    true
}

impl Item for Session {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Session";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.session_id)
    }
}

impl Session {
    /// Sort keys of all sessions of a person begin so.
    pub const PREFIX: &'static str = "session#";

    /// Where the session of a person lies.
    pub fn key_of(user_id: &str, session_id: &str) -> Key {
        Key::new(user_id, format!("{}{session_id}", Self::PREFIX))
    }

    /// Whether an access token of `generation` still counts at `now`.
    ///
    /// # Errors
    /// 401 `SESSION_REVOKED`, 403 `USER_BANNED` {until}, 401 `TOKEN_EXPIRED` when the token is two
    /// or more generations old or the session is over, 401 `TOKEN_INVALID` for one never issued.
    pub fn check(&self, generation: i64, now: Time) -> Result<()> {
        if self.revoked_at.is_some() {
            return Err(match self.revoke_reason {
                Some(RevokeReason::Banned) => {
                    USER_BANNED.with(json!({ "until": self.banned_until }))
                }
                _ => SESSION_REVOKED.into(),
            });
        }
        if generation > self.generation {
            return Err(TOKEN_INVALID.into());
        }
        if generation < self.generation - 1 || now >= self.ends_at() {
            return Err(TOKEN_EXPIRED.into());
        }
        Ok(())
    }

    /// What tells it that another session begins; nothing if it knows.
    pub fn meet_another(&self) -> Commit {
        if self.others {
            return Commit::new();
        }
        let others = Change::Set("others".into(), crate::table::Value::Bool(true));
        let present = Some((Condition::Present, &UNAVAILABLE));
        Commit::new().update::<Self>(self.key(), vec![others], present)
    }

    /// What raises it to assurance level 2: the person has just shown the second factor.
    pub fn raise(user_id: &str, session_id: &str, now: Time) -> Commit {
        let changes = vec![
            Change::number("aal", 2),
            Change::number("auth_time", now.ms()),
        ];
        let live = Condition::All(vec![Condition::Present, Condition::Missing("revoked_at")]);
        let key = Self::key_of(user_id, session_id);
        Commit::new().update::<Self>(key, changes, Some((live, &SESSION_REVOKED)))
    }

    /// Whether it can still be used or refreshed.
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && now < self.ends_at()
    }

    /// When it ends if no refresh comes before.
    pub fn ends_at(&self) -> Time {
        self.expires_at.min(self.absolute_expires_at)
    }

    /// What remembers that an access token of the current generation was seen; none when that is
    /// known or the token is of an earlier one. A refusal means that a refresh came in between and
    /// may be ignored.
    pub fn mark_used(&self, generation: i64) -> Option<Commit> {
        let news = generation == self.generation && !self.generation_used;
        news.then(|| {
            let current = Condition::number("generation", generation);
            let used = Change::Set("generation_used".into(), crate::table::Value::Bool(true));
            Commit::new().update::<Self>(self.key(), vec![used], Some((current, &TOKEN_EXPIRED)))
        })
    }
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionOwner {
    /// `ses_…`
    pub session_id: String,
    /// `usr_…`
    pub user_id: String,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for SessionOwner {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Session owner";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.session_id)
    }
}

impl SessionOwner {
    /// Where the owner of a session lies.
    pub fn key_of(session_id: &str) -> Key {
        Key::new(format!("session#{session_id}"), "owner")
    }
}

/// Body of the queue `revoked`: a session whose sockets have to close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// `usr_…`
    pub user_id: String,
    /// `ses_…`
    pub session_id: String,
    /// Its device.
    #[serde(default)]
    pub device_id: Option<String>,
    /// Why.
    pub reason: RevokeReason,
    /// End of the ban, if it was one that ends.
    #[serde(default)]
    pub until: Option<Time>,
}

impl Revoked {
    /// `data` of the frame `account.action` that tells the person of an administrator's act.
    pub fn action(&self) -> Option<Value> {
        match self.reason {
            RevokeReason::Banned => Some(told(Action::Banned, self.until)),
            RevokeReason::EndedByAdmin => Some(told(Action::SessionsEnded, None)),
            _ => None,
        }
    }

    /// Close code of its sockets (spec realtime.md, *Closing*).
    pub fn close_code(&self) -> u16 {
        match self.reason {
            RevokeReason::Banned => 4014,
            _ => 4003,
        }
    }

    /// Device or session that lost its right.
    pub fn slot(&self) -> &str {
        self.device_id.as_deref().unwrap_or(&self.session_id)
    }

    /// Why the call ends that goes through it.
    pub const fn ends_call(&self) -> EndedReason {
        match self.reason {
            RevokeReason::Banned | RevokeReason::EndedByAdmin => EndedReason::Admin,
            RevokeReason::Deleted => EndedReason::AccountDeleted,
            _ => EndedReason::DeviceRevoked,
        }
    }
}

/// What a change of a session row means for others: its revocation, told once.
pub fn facts_of(old: Option<&Session>, new: Option<&Session>) -> Option<Revoked> {
    let new = new?;
    let before = old.is_some_and(|old| old.revoked_at.is_some());
    if before || new.revoked_at.is_none() {
        return None;
    }
    Some(Revoked {
        user_id: new.user_id.clone(),
        session_id: new.session_id.clone(),
        device_id: new.device_id.clone(),
        reason: new.revoke_reason.unwrap_or(RevokeReason::Revoked),
        until: new.banned_until,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn session() -> Session {
        Session {
            session_id: "ses_01J00000000000000000000000".into(),
            user_id: "usr_01J00000000000000000000000".into(),
            wallet_id: "wal_01J00000000000000000000000".into(),
            device_id: None,
            generation: 5,
            generation_used: false,
            rotated_at: Time(1_000_000),
            secret: Sealed(vec![7; 60]),
            expires_at: Time(1_000_000 + REFRESH_SECONDS * 1_000),
            absolute_expires_at: Time(1_000_000 + SESSION_ABSOLUTE_MS),
            aal: 1,
            auth_time: Time(1_000_000),
            ip_prefix: "192.0.2.0/24".into(),
            user_agent: "test".into(),
            country: None,
            last_used_at: Time(1_000_000),
            created_at: Time(1_000_000),
            revoked_at: None,
            revoke_reason: None,
            banned_until: None,
            others: false,
            slowed_until: None,
            expires: 9_999,
        }
    }

    #[test]
    fn a_token_counts_for_its_generation_and_the_one_before() {
        let now = Time(1_000_001);
        let code = |generation| session().check(generation, now).map_err(|e| e.fault().code);
        assert_eq!(code(5), Ok(()));
        assert_eq!(code(4), Ok(()));
        assert_eq!(code(3), Err("TOKEN_EXPIRED"));
        assert_eq!(code(6), Err("TOKEN_INVALID"));
    }

    #[test]
    fn a_revoked_session_refuses_and_a_ban_says_until_when() {
        let mut ended = session();
        ended.revoked_at = Some(Time(1_000_001));
        ended.revoke_reason = Some(RevokeReason::SignOut);
        assert!(
            ended
                .check(5, Time(1_000_002))
                .is_err_and(|e| e.is(&SESSION_REVOKED))
        );
        ended.revoke_reason = Some(RevokeReason::Banned);
        ended.banned_until = Some(Time(0));
        let error = ended.check(5, Time(1_000_002)).expect_err("banned");
        assert!(error.is(&USER_BANNED));
        assert_eq!(
            error.details(),
            Some(&json!({ "until": "1970-01-01T00:00:00.000Z" }))
        );
    }

    #[test]
    fn a_revocation_is_told_once() {
        let (old, mut new) = (session(), session());
        assert_eq!(facts_of(None, Some(&new)), None);
        new.revoked_at = Some(Time(1));
        new.revoke_reason = Some(RevokeReason::Reuse);
        let fact = facts_of(Some(&old), Some(&new)).expect("revoked");
        assert_eq!(
            (fact.reason, fact.close_code()),
            (RevokeReason::Reuse, 4003)
        );
        let reason = RevokeReason::Banned;
        assert_eq!(Revoked { reason, ..fact }.close_code(), 4014);
        assert_eq!(facts_of(Some(&new), Some(&new)), None);
        assert_eq!(facts_of(Some(&new), None), None);
    }

    #[test]
    fn a_session_survives_its_row() {
        let row = crate::table::row_of(&session()).expect("row");
        assert!(matches!(row.get("secret"), Some(crate::table::Value::B(_))));
        assert_eq!(
            crate::table::item_of::<Session>(row).expect("item"),
            session()
        );
    }
}
