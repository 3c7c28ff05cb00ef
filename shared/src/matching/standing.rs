//! Standing: what is known of a person, read only when a rule needs it.

use super::block::BlockedBy;
use super::trust::{BLOCKED_BY_FEW, Facts};
use crate::accounts::account::Account;
use crate::aws::dynamo::Tables;
use crate::credits::{Policies, Wallet};
use crate::error::{INTERNAL_ERROR, Result};
use crate::http::limit::AbuseFlag;
use crate::table::{BY_HOUR, Name, Query};
use crate::time::{DAY_MS, Time};

/// Days in which blocks count.
const BLOCKED_DAYS: i64 = 30;
/// Flags that are read; they live for 30 days.
const FLAGS_MAX: usize = 100;
/// Conversations that are counted.
const CONVERSATIONS_MAX: usize = 10_000;

/// What is known of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Registration.
    pub created_at: Time,
    /// Whether the address is proven.
    pub email_verified: bool,
    /// Whether a phone number is proven.
    pub phone_verified: bool,
    /// Whether a second factor is enrolled.
    pub two_factor: bool,
    /// Whether the profile is approved: all are while the policy `profile.auto_approve` is on,
    /// none otherwise, because nobody reviews profiles yet.
    pub profile_approved: bool,
    /// What the profile lacks to be complete.
    pub missing: Vec<&'static str>,
    /// Trust, 0–100.
    pub trust: i64,
    /// Weight of all live abuse flags.
    pub flags: i64,
    /// Upheld reports of the last 7 days; there are none until people can report.
    pub reports: i64,
}

impl Standing {
    /// Reads it: account, flags and blocks, half a read unit each, and half a unit for every
    /// fifty conversations. The wallet is the person's own.
    ///
    /// # Errors
    /// 503 when a table does not answer; 500 without an account, which no session outlives.
    pub async fn load(
        tables: &Tables,
        policies: &Policies,
        (user_id, wallet): (&str, &Wallet),
        now: Time,
    ) -> Result<Self> {
        let account = Account::key_of(user_id);
        let flags = Query::of(Name::Live, user_id).prefix(AbuseFlag::PREFIX);
        let blocked = BlockedBy::since(user_id, now.plus(-BLOCKED_DAYS * DAY_MS));
        let with = Query::of(Name::Data, user_id).by(BY_HOUR);
        let (account, flags, blocked, with) = tokio::try_join!(
            tables.get::<Account>(&account),
            tables.query::<AbuseFlag>(flags.limit(FLAGS_MAX)),
            tables.rows(blocked.limit(BLOCKED_BY_FEW + 1)),
            tables.rows(with.limit(CONVERSATIONS_MAX)),
        )?;
        let account = account.ok_or_else(|| INTERNAL_ERROR.because("no account"))?;
        let live = flags.iter().filter(|flag| flag.expires > now.seconds());
        let facts = Facts {
            created_at: account.created_at,
            email_verified: account.email_verified_at.is_some(),
            phone_verified: account.phone_verified_at.is_some(),
            two_factor: account.two_factor_at.is_some(),
            profile_approved: policies.is_on("profile.auto_approve"),
            flags: live.map(|flag| flag.weight).sum(),
            blocked_by: blocked.len(),
            received: (with.len() as i64 - wallet.begun).max(wallet.answered),
            answered: wallet.answered,
            ..Facts::default()
        };
        Ok(Self::of(&facts, now))
    }

    /// The standing that follows from facts.
    pub fn of(facts: &Facts, now: Time) -> Self {
        Self {
            created_at: facts.created_at,
            email_verified: facts.email_verified,
            phone_verified: facts.phone_verified,
            two_factor: facts.two_factor,
            profile_approved: facts.profile_approved,
            // A profile holds nothing but the name so far.
            missing: vec!["gender", "intent", "bio", "photo"],
            trust: facts.trust(now),
            flags: facts.flags,
            reports: facts.reports,
        }
    }
}
