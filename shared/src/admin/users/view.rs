//! Everything that is known of a person, on one page.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

use crate::accounts::account::{Account, Status};
use crate::accounts::{Profile, Session, sessions};
use crate::aws::cipher::Cipher;
use crate::aws::dynamo::Tables;
use crate::credits::{Policies, Wallet, wallet_of};
use crate::desk::desk;
use crate::error::{INTERNAL_ERROR, Result, USER_NOT_FOUND};
use crate::http::limit::{AbuseFlag, Activity};
use crate::id::is_id;
use crate::matching::{Level, Standing};
use crate::moderation::{FlagView, ItemView, ModerationItem, Subject};
use crate::table::{Data, Find, Key, Live, Name, Query, Read, Table};
use crate::time::Time;

/// Flags that are shown.
const FLAGS_MAX: usize = 100;

desk! {
    /// What looking at a person needs, besides what an administrator has.
    Registry {
        tables: Table<(Read<Data>, Find<Live>)> = "Account, profile, sessions, flags, what waits.",
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

impl From<&Wallet> for WalletPart {
    fn from(wallet: &Wallet) -> Self {
        Self {
            available: wallet.available,
            held: wallet.held,
            debt: wallet.debt,
            frozen: wallet.frozen,
        }
    }
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

/// What is read of a person besides the account.
struct Known {
    wallet: Wallet,
    profile: Option<Profile>,
    activity: Option<Activity>,
    item: Option<ModerationItem>,
    flags: Vec<AbuseFlag>,
    sessions: Vec<Session>,
}

impl Known {
    async fn load(tables: &Tables, user_id: &str, now: Time) -> Result<Self> {
        let wallet = Wallet::key_of(&wallet_of(tables, user_id).await?);
        let (profile, activity) = (Key::new(user_id, "profile"), Activity::key_of(user_id));
        let item = ModerationItem::id_of(Subject::User, user_id);
        let item = ModerationItem::key_of(&item);
        let flags = Query::of(Name::Live, user_id).prefix(AbuseFlag::PREFIX);
        let (wallet, profile, activity, item, flags, sessions) = tokio::try_join!(
            tables.get::<Wallet>(&wallet),
            tables.get::<Profile>(&profile),
            tables.get::<Activity>(&activity),
            tables.get::<ModerationItem>(&item),
            tables.query::<AbuseFlag>(flags.limit(FLAGS_MAX)),
            sessions::live(tables, user_id, now),
        )?;
        Ok(Self {
            wallet: wallet.ok_or_else(|| INTERNAL_ERROR.because("no wallet"))?,
            profile,
            activity,
            item,
            flags,
            sessions,
        })
    }
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
    let found = known.filter(|account| account.status != Status::Deleted);
    let account = found.ok_or(USER_NOT_FOUND)?;
    let known = Known::load(tables, user_id, now).await?;
    let whose = (user_id, &known.wallet);
    let standing = Standing::load(tables, &desk.policies, whose, now).await?;
    let email = account.email(&desk.cipher.key(user_id).await?)?;
    let names = device_names(tables, user_id, &known.sessions).await?;
    let activity = known.activity.as_ref();
    let live = |flag: &AbuseFlag| flag.expires > now.seconds();
    let begun = known.sessions.into_iter().rev();
    Ok(PersonView {
        account: AccountPart::of(account, email, activity, now),
        profile: ProfilePart {
            created_at: known.profile.map(|profile| profile.created_at),
            approved: standing.profile_approved,
            missing: standing.missing,
        },
        trust: TrustPart {
            score: standing.trust,
            level: Level::of(standing.trust),
        },
        flags: known
            .flags
            .into_iter()
            .filter(live)
            .map(FlagView::from)
            .collect(),
        reports: ReportsPart {
            upheld: standing.reports,
            item: known.item.map(|item| ItemView::of(item, now)),
        },
        wallet: WalletPart::from(&known.wallet),
        sessions: begun
            .map(|session| SessionPart::of(session, &names, activity))
            .collect(),
    })
}

async fn device_names(
    tables: &Tables,
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
