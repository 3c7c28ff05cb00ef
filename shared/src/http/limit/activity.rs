//! The activity item: arrival times, slots, refusals and flags of a person or an address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bucket::refusal;
use super::flags::{Crowded, FLAGS_CROWD};
use super::{Class, Limit, Spent, Verdict, admit};
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{Result, UNAVAILABLE};
use crate::http::call::Call;
use crate::table::{Change, Commit, Condition, Item, Key, Name, TTL_ATTRIBUTE, Value};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Time};

/// Activity items are forgotten after this long without a call.
const KEEP_MS: i64 = 40 * DAY_MS;
/// Tries when other calls of the same person write at once.
const TRIES_MAX: u32 = 6;
/// Refusals of one class within [`REFUSALS_WINDOW_MS`] that raise a flag.
const REFUSALS_MAX: i64 = 5;
/// Window of those refusals.
const REFUSALS_WINDOW_MS: i64 = 10 * MINUTE_MS;
/// Life of a `rate_abuse` flag.
const FLAG_MS: i64 = 30 * DAY_MS;
/// Live flags that halve the refill.
const FLAGS_SLOW: usize = 3;

/// The activity item of a person or an address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Activity {
    #[serde(rename = "pk")]
    owner: String,
    /// Theoretical arrival times by class, epoch milliseconds.
    #[serde(default)]
    tats: BTreeMap<String, i64>,
    /// Last activity by slot, epoch milliseconds.
    #[serde(default)]
    slots: BTreeMap<String, i64>,
    /// Refusals in the window by class.
    #[serde(default)]
    refusals: BTreeMap<String, i64>,
    /// Start of that window by class, epoch milliseconds.
    #[serde(default)]
    refused: BTreeMap<String, i64>,
    /// Live abuse flags: id and end, epoch milliseconds.
    #[serde(default)]
    flags: BTreeMap<String, i64>,
    /// TTL, epoch seconds.
    expires: i64,
}

/// A stored sign of misuse: table `live`, pk user id or address, sk `flag#{flag_id}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AbuseFlag {
    /// Whom it is about.
    pub subject: String,
    /// `flg_` id.
    pub flag_id: String,
    /// `rate_abuse` and others.
    pub kind: String,
    /// How much it counts, from 1.
    pub weight: i64,
    /// What was seen; no personal data.
    pub evidence: String,
    /// Instant of the raising.
    pub created_at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl AbuseFlag {
    /// What the sort keys begin with.
    pub const PREFIX: &'static str = "flag#";
}

impl Item for AbuseFlag {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "abuse flag";

    fn key(&self) -> Key {
        Key::new(&self.subject, format!("{}{}", Self::PREFIX, self.flag_id))
    }
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

    fn slowed(&self, class: Class, now: Time) -> Class {
        let live = self.flags.values().filter(|end| **end > now.ms()).count();
        let slow = if live >= FLAGS_SLOW { 2 } else { 1 };
        Class {
            every_ms: class.every_ms * slow,
            ..class
        }
    }
}

impl Item for Activity {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "activity";

    fn key(&self) -> Key {
        Self::key_of(&self.owner)
    }
}

/// Counts one request of `owner` in the call's class, noting the activity of `slot` with it.
///
/// # Errors
/// 429 `RATE_LIMITED`; 503 when the store fails and the class is closed.
pub async fn spend(env: &Env, call: &Call, owner: &str, slot: Option<&str>) -> Result<()> {
    if call.limit.rides() || call.is_frame() {
        return Ok(());
    }
    let class = call.limit.class();
    let tables = Tables::of(env);
    match spend_class(env, &tables, class, owner, slot).await {
        Ok((class, verdict)) => {
            call.spent.tell(class, verdict);
            match verdict.tat {
                Some(_) => Ok(()),
                None => Err(refusal(class, verdict, call.now)),
            }
        }
        Err(error) if class.closed => Err(UNAVAILABLE.because(error)),
        Err(error) => {
            crate::log::failed(env, "rate limit", &error);
            Ok(())
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
        Ok((class, verdict)) => {
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
) -> Result<(Class, Verdict)> {
    let now = env.clock().now();
    let key = Activity::key_of(owner);
    let mut known: Option<Activity> = tables.get(&key).await?;
    for _ in 0..TRIES_MAX {
        let class = known
            .as_ref()
            .map_or(class, |known| known.slowed(class, now));
        let tat = known
            .as_ref()
            .and_then(|known| known.tats.get(class.name))
            .copied();
        let verdict = admit(class, tat.unwrap_or(0), now);
        if !env.config().rate_limit {
            let tat = Some(now.ms());
            return Ok((class, Verdict { tat, ..verdict }));
        }
        let Some(next) = verdict.tat else {
            // The refusal stands, whether or not it can be counted.
            let counted = refused(env, tables, class, known.unwrap_or_default(), now).await;
            if let Err(error) = counted {
                crate::log::failed(env, "counting a refusal", &error);
            }
            return Ok((class, verdict));
        };
        let noted = note(owner, known.as_ref(), class, (tat, next), slot, now);
        match tables.commit(noted).await {
            Ok(()) => return Ok((class, verdict)),
            Err(Missed::Refused(lost)) => known = lost.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    // The store works; it is the caller who is too many at once.
    Ok((class, Verdict::crowded(class)))
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
        "typing" => "tats.typing",
        _ => "tats.send",
    }
}

/// Counts a refusal of a class that rides in an item of its own, so that it raises a flag like any
/// other. Only refusals pay for it.
pub async fn note_refusal(env: &Env, call: &Call) {
    let (Some(owner), true) = (&call.user_id, call.limit.rides()) else {
        return;
    };
    let tables = Tables::of(env);
    let known = match tables.get::<Activity>(&Activity::key_of(owner)).await {
        Ok(Some(known)) => known,
        // Nothing to count in: the person has made no other call yet.
        Ok(None) | Err(_) => return,
    };
    let counted = refused(env, &tables, call.limit.class(), known, env.clock().now()).await;
    if let Err(error) = counted {
        crate::log::failed(env, "counting a refusal", &error);
    }
}

async fn refused(
    env: &Env,
    tables: &Tables,
    class: Class,
    known: Activity,
    now: Time,
) -> Result<()> {
    let start = known.refused.get(class.name).copied().unwrap_or(0);
    let open = now.ms() - start < REFUSALS_WINDOW_MS;
    let count = if open {
        known.refusals.get(class.name).copied().unwrap_or(0) + 1
    } else {
        1
    };
    let start = if open { start } else { now.ms() };
    let mut commit = Commit::new();
    let mut changes = vec![
        Change::number(format!("refusals.{}", class.name), count),
        Change::number(format!("refused.{}", class.name), start),
    ];
    if count == REFUSALS_MAX {
        let flag = AbuseFlag {
            subject: known.owner.clone(),
            flag_id: env.ids().new_id("flg"),
            kind: "rate_abuse".to_owned(),
            weight: 1,
            evidence: format!("{count} refusals of class {}", class.name),
            created_at: now,
            expires: now.plus(FLAG_MS).seconds(),
        };
        changes.push(Change::number(
            format!("flags.{}", flag.flag_id),
            now.plus(FLAG_MS).ms(),
        ));
        commit = commit.put(&flag);
        let live = known.flags.values().filter(|end| **end > now.ms()).count();
        if live + 1 >= FLAGS_CROWD {
            commit = commit.put(&Crowded::of(&known.owner, now));
        }
    }
    let present = Some((Condition::Present, &UNAVAILABLE));
    let commit = commit.update::<Activity>(known.key(), changes, present);
    Ok(tables.commit(commit).await?)
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
