//! Measures of administrators against people: what is read, what follows, and what is written.
//! Whoever carries one out adds the row of the audit log to the commit.

use super::account::{Account, Status};
use super::ban;
use super::desk::Warden;
use super::notice::notice;
use super::session::{RevokeReason, Session};
use super::sessions;
use crate::aws::dynamo::Missed;
use crate::error::{Result, USER_NOT_FOUND};
use crate::id::is_id;
use crate::notifications::SecurityChange;
use crate::table::Commit;
use crate::time::Time;

/// Bans that one run lifts.
const LIFTED_MAX: usize = 10_000;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Suspends the account until then, or for good, and ends all sessions.
    Ban {
        /// End of the ban.
        until: Option<Time>,
        /// Whether the person gets a mail.
        notify: bool,
    },
    /// Lifts a ban.
    Unban,
    /// Warns the person.
    Warn,
    /// Ends all sessions.
    EndSessions,
}

/// A measure that is decided, not yet written.
#[derive(Debug)]
pub struct Measured {
    /// The account before.
    pub before: Account,
    /// The account afterwards.
    pub after: Account,
    /// Sessions that end.
    pub ended: usize,
    /// Everything that is written for it.
    pub commit: Commit,
}

impl Measure {
    /// Reads the person and decides. A refusal of the commit on one of the person's own items means
    /// that they signed in or out meanwhile, and that it has to be decided again.
    ///
    /// # Errors
    /// 404 `USER_NOT_FOUND`; 503 when a service does not answer.
    pub async fn decide(self, desk: &Warden, user_id: &str, now: Time) -> Result<Measured> {
        let account = person(desk, user_id).await?;
        // Read after the account: who signs in from here on changes it.
        let live = match self {
            Self::Ban { .. } | Self::EndSessions => {
                sessions::live(&desk.tables, user_id, now).await?
            }
            Self::Unban | Self::Warn => Vec::new(),
        };
        self.on(desk, account, &live, now).await
    }

    async fn on(
        self,
        desk: &Warden,
        account: Account,
        live: &[Session],
        now: Time,
    ) -> Result<Measured> {
        let unchanged = || (account.clone(), Commit::new());
        let (after, commit) = match self {
            Self::Ban { until, .. } => account.banned(until, now),
            Self::Unban if account.status == Status::Banned => account.unbanned(now),
            Self::Warn => account.warned(now),
            Self::Unban | Self::EndSessions => unchanged(),
        };
        let end = |session: &Session| match self {
            Self::Ban { until, .. } => session.ban(until, now),
            _ => session.revoke(RevokeReason::EndedByAdmin, now),
        };
        let commit = live.iter().map(end).fold(commit, Commit::with);
        let change = match self {
            Self::Ban { notify, .. } => notify.then_some(SecurityChange::Banned),
            Self::Unban => (after != account).then_some(SecurityChange::Unbanned),
            Self::Warn => Some(SecurityChange::Warned),
            Self::EndSessions => (!live.is_empty()).then_some(SecurityChange::SessionsEnded),
        };
        let mail = match change {
            Some(change) => mail(desk, &account, change, now).await?,
            None => Commit::new(),
        };
        Ok(Measured {
            before: account,
            after,
            ended: live.len(),
            commit: commit.with(mail),
        })
    }
}

/// Somebody on whom administrators can act.
async fn person(desk: &Warden, user_id: &str) -> Result<Account> {
    if !is_id("usr", user_id) {
        return Err(USER_NOT_FOUND.into());
    }
    let account: Option<Account> = desk
        .tables
        .get_consistent(&Account::key_of(user_id))
        .await?;
    let account = account.filter(Account::is_there);
    account.ok_or_else(|| USER_NOT_FOUND.into())
}

async fn mail(
    desk: &Warden,
    account: &Account,
    change: SecurityChange,
    now: Time,
) -> Result<Commit> {
    let key = desk.cipher.key(&account.user_id).await?;
    let event = format!("account_action:{change:?}:{}", now.ms());
    notice(account, &key, change, &event, now)
}

/// Lifts the bans whose end has passed, and counts them. One that was changed meanwhile stays.
///
/// # Errors
/// 503 when a service does not answer; doing it again is harmless.
pub async fn lift_ended(desk: &Warden, now: Time) -> Result<usize> {
    let mut lifted = 0;
    while lifted < LIFTED_MAX {
        let due: Vec<Account> = desk.tables.query(ban::ended(now)).await?;
        let before = lifted;
        for found in &due {
            // The index may lag behind the account.
            let key = Account::key_of(&found.user_id);
            let account: Option<Account> = desk.tables.get_consistent(&key).await?;
            let over =
                |account: &Account| account.status == Status::Banned && account.ban(now).is_none();
            let Some(account) = account.filter(over) else {
                continue;
            };
            let measured = Measure::Unban.on(desk, account, &[], now).await?;
            match desk.tables.commit(measured.commit).await {
                Ok(()) => lifted += 1,
                Err(Missed::Refused(_)) => {}
                Err(Missed::Failed(error)) => return Err(error),
            }
        }
        if lifted == before {
            break;
        }
    }
    Ok(lifted)
}
