//! Everything that is known of a person, on one page.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

use crate::accounts::account::{Account, Profile, Status};
use crate::accounts::{Session, sessions};
use crate::aws::cipher::Cipher;
use crate::credits::{Policies, Wallet, wallet_of};
use crate::desk::desk;
use crate::error::{INTERNAL_ERROR, Result, USER_NOT_FOUND};
use crate::http::limit::{AbuseFlag, Activity};
use crate::id::is_id;
use crate::matching::{Level, Standing};
use crate::moderation::{FlagView, ItemView, ModerationItem, Subject};
use crate::table::{Data, Key, Name, Query, Read, Table};
use crate::time::Time;

/// Flags that are shown.
const FLAGS_MAX: usize = 100;

desk! {
    /// What looking at a person needs, besides what an administrator has.
    Registry {
        tables: Table<Read<Data>> = "Account, profile, sessions, what waits for a decision.",
        cipher: Cipher = "Opens the address.",
        policies: Policies = "For trust.",
    }
}

/// A person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PersonView {
    account: AccountPart,
    profile: ProfilePart,
    trust: TrustPart,
    /// Live flags of misuse, oldest first.
    flags: Vec<FlagView>,
    reports: ReportsPart,
    wallet: WalletPart,
    /// Live sessions, the most recently begun first.
    sessions: Vec<SessionPart>,
}

/// The account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct AccountPart {
    user_id: String,
    email: String,
    email_verified: bool,
    phone_verified: bool,
    two_factor: bool,
    /// Ways to sign in through a provider.
    identities: i64,
    name: String,
    locale: String,
    timezone: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    banned_until: Option<Time>,
    warnings: i64,
    created_at: Time,
    updated_at: Time,
    last_sign_in_at: Option<Time>,
    last_activity: Option<Time>,
    version: i64,
}

/// The profile, as far as there is one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ProfilePart {
    created_at: Option<Time>,
    approved: bool,
    /// What it lacks to be complete.
    missing: Vec<&'static str>,
}

/// Trust.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct TrustPart {
    /// 0–100.
    score: i64,
    level: Level,
}

/// What others said of the person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ReportsPart {
    /// Reports of the last 7 days that were found to be right.
    upheld: i64,
    /// What moderators decide or decided about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ItemView>,
}

/// Credits.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct WalletPart {
    available: i64,
    held: i64,
    debt: i64,
    frozen: bool,
}

/// A session.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct SessionPart {
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_name: Option<String>,
    ip_prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    user_agent: String,
    aal: u8,
    created_at: Time,
    last_used_at: Time,
}

/// A person, whatever the state of the account.
///
/// # Errors
/// 404 `USER_NOT_FOUND`; 503 when a service does not answer.
pub async fn view(desk: &Registry, user_id: &str, now: Time) -> Result<PersonView> {
    let tables = &*desk.tables;
    let known: Option<Account> = match is_id("usr", user_id) {
        true => tables.get_consistent(&Account::key_of(user_id)).await?,
        false => None,
    };
    let known = known.filter(|account| account.status != Status::Deleted);
    let account = known.ok_or(USER_NOT_FOUND)?;
    let wallet_id = wallet_of(tables, user_id).await?;
    let (activity_key, item) = (
        Activity::key_of(user_id),
        ModerationItem::id_of(Subject::User, user_id),
    );
    let (profile_key, item_key) = (Key::new(user_id, "profile"), ModerationItem::key_of(&item));
    let (wallet_key, flags) = (
        Wallet::key_of(&wallet_id),
        Query::of(Name::Live, user_id)
            .prefix(AbuseFlag::PREFIX)
            .limit(FLAGS_MAX),
    );
    let (wallet, profile, activity, item, flags, sessions) = tokio::try_join!(
        tables.get::<Wallet>(&wallet_key),
        tables.get::<Profile>(&profile_key),
        tables.get::<Activity>(&activity_key),
        tables.get::<ModerationItem>(&item_key),
        tables.query::<AbuseFlag>(flags),
        sessions::live(tables, user_id, now),
    )?;
    let wallet = wallet.ok_or_else(|| INTERNAL_ERROR.because("no wallet"))?;
    let standing = Standing::load(tables, &desk.policies, (user_id, &wallet), now).await?;
    let key = desk.cipher.key(user_id).await?;
    let email = account.email(&key)?;
    let live = flags
        .into_iter()
        .filter(|flag| flag.expires > now.seconds());
    let names = device_names(tables, user_id, &sessions).await?;
    Ok(PersonView {
        account: AccountPart::of(account, email, activity.as_ref(), now),
        profile: ProfilePart {
            created_at: profile.map(|profile| profile.created_at),
            approved: standing.profile_approved,
            missing: standing.missing,
        },
        trust: TrustPart {
            score: standing.trust,
            level: Level::of(standing.trust),
        },
        flags: live.map(FlagView::from).collect(),
        reports: ReportsPart {
            upheld: standing.reports,
            item: item.map(|item| ItemView::of(item, now)),
        },
        wallet: WalletPart {
            available: wallet.available,
            held: wallet.held,
            debt: wallet.debt,
            frozen: wallet.frozen,
        },
        sessions: sessions
            .into_iter()
            .rev()
            .map(|session| SessionPart::of(session, &names, activity.as_ref()))
            .collect(),
    })
}

async fn device_names(
    tables: &crate::aws::dynamo::Tables,
    user_id: &str,
    sessions: &[Session],
) -> Result<HashMap<String, String>> {
    let devices = sessions.iter().filter_map(|one| one.device_id.clone());
    let devices: Vec<String> = devices.collect();
    crate::relay::names_of(tables, user_id, &devices).await
}

impl AccountPart {
    fn of(account: Account, email: String, activity: Option<&Activity>, now: Time) -> Self {
        let status = account.status_at(now);
        Self {
            email,
            email_verified: account.email_verified_at.is_some(),
            phone_verified: account.phone_verified_at.is_some(),
            two_factor: account.two_factor_at.is_some(),
            identities: account.identities,
            status,
            banned_until: account.banned_until.filter(|_| status == Status::Banned),
            warnings: account.warnings,
            created_at: account.created_at,
            updated_at: account.updated_at,
            last_sign_in_at: account.last_sign_in_at,
            last_activity: activity.and_then(Activity::last),
            version: account.version,
            user_id: account.user_id,
            name: account.name,
            locale: account.locale,
            timezone: account.timezone,
        }
    }
}

impl SessionPart {
    fn of(session: Session, names: &HashMap<String, String>, activity: Option<&Activity>) -> Self {
        let slot = session.device_id.as_deref().unwrap_or(&session.session_id);
        let used = activity.and_then(|activity| activity.of_slot(slot));
        let device_name = session.device_id.as_ref().and_then(|id| names.get(id));
        Self {
            last_used_at: used.map_or(session.last_used_at, |used| used.max(session.last_used_at)),
            device_name: device_name.cloned(),
            session_id: session.session_id,
            device_id: session.device_id,
            ip_prefix: session.ip_prefix,
            country: session.country,
            user_agent: session.user_agent,
            aal: session.aal,
            created_at: session.created_at,
        }
    }
}
