//! The activity item: arrival times, slots, refusals and flags of a person or an address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bucket::refusal;
use super::refusals::refused;
use super::{Class, Limit, Spent, Verdict, admit};
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{Result, UNAVAILABLE};
use crate::http::call::Call;
use crate::table::{Change, Commit, Condition, Item, Key, Name, TTL_ATTRIBUTE, Value};
use crate::time::{DAY_MS, SECOND_MS, Time};

/// Activity items are forgotten after this long without a call.
const KEEP_MS: i64 = 40 * DAY_MS;
/// Tries when other calls of the same person write at once.
const TRIES_MAX: u32 = 6;

/// The activity item of a person or an address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Activity {
    #[serde(rename = "pk")]
    pub(super) owner: String,
    /// Theoretical arrival times by class, epoch milliseconds.
    #[serde(default)]
    tats: BTreeMap<String, i64>,
    /// Last activity by slot, epoch milliseconds.
    #[serde(default)]
    slots: BTreeMap<String, i64>,
    /// Refusals in the window by class, and of all classes in the window of a day.
    #[serde(default)]
    pub(super) refusals: BTreeMap<String, i64>,
    /// Start of that window by class, epoch milliseconds.
    #[serde(default)]
    pub(super) refused: BTreeMap<String, i64>,
    /// Live abuse flags: id and end, epoch milliseconds.
    #[serde(default)]
    pub(super) flags: BTreeMap<String, i64>,
    /// TTL, epoch seconds.
    expires: i64,
}

impl Activity {
    /// Key of the item of a user id or `ip:…`.
    pub fn key_of(owner: &str) -> Key {
        Key::new(owner, "activity")
    }

    /// Newest activity over all slots.
    pub fn last(&self) -> Option<Time> {
        self.slots.values().max().copied().map(Time)
    }

    /// Last activity of one slot.
    pub fn of_slot(&self, slot: &str) -> Option<Time> {
        self.slots.get(slot).copied().map(Time)
    }
}

impl Item for Activity {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "activity";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.owner)
    }
}

/// Until when somebody is slowed, if they are.
type Slowed = Result<Option<Time>>;

/// Counts one request of `owner` in the call's class, noting the activity of `slot` with it; and
/// until when the owner is slowed, if they are.
///
/// # Errors
/// 429 `RATE_LIMITED`; 503 when the store fails and the class is closed.
pub async fn spend(env: &Env, call: &Call, owner: &str, slot: Option<&str>) -> Slowed {
    if call.limit.rides() || call.is_frame() {
        return Ok(None);
    }
    let class = call.limit.class();
    let tables = Tables::of(env);
    match spend_class(env, &tables, class, owner, slot).await {
        Ok((class, verdict, slowed)) => {
            call.spent.tell(class, verdict);
            match verdict.tat {
                Some(_) => Ok(slowed),
                None => Err(refusal(class, verdict, call.now)),
            }
        }
        Err(error) if class.closed => Err(UNAVAILABLE.because(error)),
        Err(error) => {
            crate::log::failed(env, "rate limit", &error);
            Ok(None)
        }
    }
}

/// Counts one request in a class by a key of the caller's choice, such as account and address.
///
/// # Errors
/// 429 `RATE_LIMITED`; 503 when the store fails and the class is closed.
pub async fn spend_key(env: &Env, spent: &Spent, limit: Limit, key: &str) -> Result<()> {
    let (class, now) = (limit.class(), env.clock().now());
    match spend_class(env, &Tables::of(env), class, key, None).await {
        Ok((class, verdict, _)) => {
            spent.tell(class, verdict);
            verdict
                .tat
                .map(|_| ())
                .ok_or_else(|| refusal(class, verdict, now))
        }
        Err(error) if class.closed => Err(UNAVAILABLE.because(error)),
        Err(_) => Ok(()),
    }
}

async fn spend_class(
    env: &Env,
    tables: &Tables,
    class: Class,
    owner: &str,
    slot: Option<&str>,
) -> Result<(Class, Verdict, Option<Time>)> {
    let now = env.clock().now();
    let key = Activity::key_of(owner);
    let mut known: Option<Activity> = tables.get(&key).await?;
    for _ in 0..TRIES_MAX {
        let slowed = known.as_ref().and_then(|known| known.slowed_until(now));
        let class = class.slowed(slowed.is_some());
        let tat = known
            .as_ref()
            .and_then(|known| known.tats.get(class.name))
            .copied();
        let verdict = admit(class, tat.unwrap_or(0), now);
        if !env.config().rate_limit {
            let tat = Some(now.ms());
            return Ok((class, Verdict { tat, ..verdict }, slowed));
        }
        let Some(next) = verdict.tat else {
            // The refusal stands, whether or not it can be counted.
            let counted = refused(env, tables, class, known.unwrap_or_default(), now).await;
            if let Err(error) = counted {
                crate::log::failed(env, "counting a refusal", &error);
            }
            return Ok((class, verdict, slowed));
        };
        let noted = note(owner, known.as_ref(), class, (tat, next), slot, now);
        match tables.commit(noted).await {
            Ok(()) => return Ok((class, verdict, slowed)),
            Err(Missed::Refused(lost)) => known = lost.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    // The store works; it is the caller who is too many at once.
    Ok((class, Verdict::crowded(class), None))
}

fn note(
    owner: &str,
    known: Option<&Activity>,
    class: Class,
    (tat, next): (Option<i64>, i64),
    slot: Option<&str>,
    now: Time,
) -> Commit {
    let expires = now.plus(KEEP_MS).seconds();
    let Some(known) = known else {
        let fresh = Activity {
            owner: owner.to_owned(),
            tats: BTreeMap::from([(class.name.to_owned(), next)]),
            slots: slot
                .map(|slot| (slot.to_owned(), now.ms()))
                .into_iter()
                .collect(),
            expires,
            ..Activity::default()
        };
        return Commit::new().create(&fresh, &UNAVAILABLE);
    };
    let path = format!("tats.{}", class.name);
    let unchanged = match tat {
        Some(tat) => Condition::Is(tat_path(class.name), Value::N(tat.to_string())),
        None => Condition::Missing(tat_path(class.name)),
    };
    let mut changes = vec![Change::number(path, next)];
    if let Some(slot) = slot {
        changes.push(Change::number(format!("slots.{slot}"), now.ms()));
    }
    if expires - known.expires > DAY_MS / SECOND_MS {
        changes.push(Change::number(TTL_ATTRIBUTE, expires));
    }
    let guard = Condition::All(vec![Condition::Present, unchanged]);
    Commit::new().update::<Activity>(
        Activity::key_of(owner),
        changes,
        Some((guard, &UNAVAILABLE)),
    )
}

/// Attribute path of a class's arrival time.
fn tat_path(class: &'static str) -> &'static str {
    match class {
        "default" => "tats.default",
        "anonymous" => "tats.anonymous",
        "login" => "tats.login",
        "register" => "tats.register",
        "otp" => "tats.otp",
        "reset" => "tats.reset",
        "refresh" => "tats.refresh",
        "mail" => "tats.mail",
        "upload" => "tats.upload",
        "discover" => "tats.discover",
        "report" => "tats.report",
        "device" => "tats.device",
        "turn" => "tats.turn",
        "typing" => "tats.typing",
        "admin_read" => "tats.admin_read",
        "admin_write" => "tats.admin_write",
        "export" => "tats.export",
        _ => "tats.send",
    }
}

/// Notes activity of a slot without counting a request, for operations whose limit rides
/// elsewhere; costs one write, so callers do it at most once per minute and slot.
///
/// # Errors
/// 503 when the store fails.
pub async fn touch(tables: &Tables, user_id: &str, slot: &str, now: Time) -> Result<()> {
    let changes = vec![Change::number(format!("slots.{slot}"), now.ms())];
    let present = Some((Condition::Present, &UNAVAILABLE));
    let commit = Commit::new().update::<Activity>(Activity::key_of(user_id), changes, present);
    match tables.commit(commit).await {
        Ok(()) => Ok(()),
        Err(Missed::Refused(_)) => {
            let fresh = Activity {
                owner: user_id.to_owned(),
                slots: BTreeMap::from([(slot.to_owned(), now.ms())]),
                expires: now.plus(KEEP_MS).seconds(),
                ..Activity::default()
            };
            match tables
                .commit(Commit::new().create(&fresh, &UNAVAILABLE))
                .await
            {
                // Somebody else was first and noted the same minute.
                Ok(()) | Err(Missed::Refused(_)) => Ok(()),
                Err(Missed::Failed(error)) => Err(error),
            }
        }
        Err(Missed::Failed(error)) => Err(error),
    }
}
