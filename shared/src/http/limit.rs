//! Rate limits: the generic cell rate algorithm, and the item that remembers it.
//!
//! Per person or address there is one activity item in table `live` (pk user id or `ip:…`, sk
//! `activity`): theoretical arrival times per class, last activity per slot, refusals and flags.
//! One conditional write per permitted request serves all of them. Where an operation writes an
//! item of its caller anyway (wallet, conversation head), the limit rides there.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::Call;
use crate::aws::dynamo::{Missed, Tables};
use crate::env::Env;
use crate::error::{Error, RATE_LIMITED, Result, UNAVAILABLE};
use crate::function::Take;
use crate::table::{Change, Commit, Condition, Item, Key, Name, TTL_ATTRIBUTE};
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

/// The rate class of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Not limited here.
    None,
    /// Any signed-in operation, per user.
    #[default]
    Default,
    /// Any operation without sign-in, per address.
    Anonymous,
    /// Sign-in, per account and address.
    Login,
    /// Registration, per address.
    Register,
    /// Codes and links, per account.
    Otp,
    /// Token refresh, per session.
    Refresh,
    /// Mail caused by one account.
    Mail,
    /// Messages; rides in the wallet.
    Send,
    /// Marks: the default class, riding in the conversation head.
    Mark,
    /// Typing state, per conversation.
    Typing,
}

/// The numbers of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Name in headers and metrics.
    pub name: &'static str,
    /// Requests at once after a pause.
    pub burst: i64,
    /// Milliseconds until one more is allowed.
    pub every_ms: i64,
    /// Whether requests are refused while the limiter's store fails.
    pub closed: bool,
    /// Whether answers tell the state.
    pub told: bool,
}

impl Limit {
    /// The numbers of the class (spec conventions.md §9).
    pub const fn class(self) -> Class {
        let (name, burst, every_ms, closed, told) = match self {
            Self::None | Self::Default | Self::Mark => ("default", 100, SECOND_MS, false, true),
            Self::Anonymous => ("anonymous", 60, SECOND_MS, false, true),
            Self::Login => ("login", 5, 3 * MINUTE_MS, true, false),
            Self::Register => ("register", 5, 6 * MINUTE_MS, true, true),
            Self::Otp => ("otp", 12, MINUTE_MS, true, true),
            Self::Refresh => ("refresh", 150, 2 * SECOND_MS, false, true),
            Self::Mail => ("mail", 30, 2 * MINUTE_MS, true, true),
            Self::Send => ("send", 60, SECOND_MS, false, true),
            Self::Typing => ("typing", 1, 3 * SECOND_MS, false, true),
        };
        Class {
            name,
            burst,
            every_ms,
            closed,
            told,
        }
    }

    /// Whether the operation counts in an item that it writes anyway.
    pub const fn rides(self) -> bool {
        matches!(self, Self::Send | Self::Mark | Self::Typing | Self::None)
    }
}

/// What the limiter said of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Arrival time to remember, if the request was permitted.
    pub tat: Option<i64>,
    /// Requests left now.
    pub remaining: i64,
    /// Milliseconds until one more is allowed than now.
    pub wait_ms: i64,
}

/// Decides one request by the generic cell rate algorithm. `tat` is the remembered theoretical
/// arrival time in epoch milliseconds, 0 if none.
pub fn admit(class: Class, tat: i64, now: Time) -> Verdict {
    let (now, room) = (now.ms(), class.burst * class.every_ms);
    // A value further ahead than a full bucket can only come from a clock that jumped back.
    let next = tat.clamp(now, now + room) + class.every_ms;
    if next - now > room {
        return Verdict {
            tat: None,
            remaining: 0,
            wait_ms: next - now - room,
        };
    }
    let left = room - (next - now);
    let remaining = left / class.every_ms;
    Verdict {
        tat: Some(next),
        remaining,
        wait_ms: class.every_ms - left % class.every_ms,
    }
}

/// What the limit said, shared between the call and a handler's [`Rate`].
#[derive(Debug, Clone, Default)]
pub struct Spent(Arc<Mutex<Option<(Class, Verdict)>>>);

impl Spent {
    fn tell(&self, class: Class, verdict: Verdict) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((class, verdict));
    }

    /// The headers `RateLimit-Policy` and `RateLimit`, and `Retry-After` of a refusal.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((class, verdict)) = told else {
            return Vec::new();
        };
        let wait = seconds_up(verdict.wait_ms);
        let mut headers = Vec::new();
        if class.told {
            let window = class.burst * class.every_ms / SECOND_MS;
            let Class { name, burst, .. } = class;
            headers.push((
                "ratelimit-policy",
                format!("\"{name}\";q={burst};w={window}"),
            ));
            headers.push((
                "ratelimit",
                format!("\"{name}\";r={};t={wait}", verdict.remaining),
            ));
        }
        if verdict.tat.is_none() {
            headers.push(("retry-after", wait.to_string()));
        }
        headers
    }
}

fn seconds_up(ms: i64) -> i64 {
    (ms + SECOND_MS - 1) / SECOND_MS
}

fn refusal(class: Class, verdict: Verdict, now: Time) -> Error {
    RATE_LIMITED.with(json!({
        "limit": class.burst,
        "remaining": verdict.remaining,
        "reset_at": now.plus(verdict.wait_ms),
        "scope": class.name,
    }))
}

/// The limiter of an operation whose class rides in an item of its own.
#[derive(Debug, Clone)]
pub struct Rate {
    class: Class,
    on: bool,
    spent: Spent,
}

impl Rate {
    /// Decides one request from the remembered arrival time and returns the one to remember.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`.
    pub fn admit(&self, tat: i64, now: Time) -> Result<i64> {
        let verdict = admit(self.class, tat, now);
        if !self.on {
            return Ok(verdict.tat.unwrap_or(tat));
        }
        self.spent.tell(self.class, verdict);
        verdict.tat.ok_or_else(|| refusal(self.class, verdict, now))
    }

    /// A limiter of a class for rules and their tests.
    pub fn of(limit: Limit) -> Self {
        Self {
            class: limit.class(),
            on: true,
            spent: Spent::default(),
        }
    }
}

impl Take<Call> for Rate {
    async fn take(env: &Env, call: &mut Call) -> Result<Self> {
        let (class, on) = (call.limit.class(), env.config().rate_limit);
        Ok(Self {
            class,
            on,
            spent: call.spent.clone(),
        })
    }
}

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

impl Item for AbuseFlag {
    const TABLE: Name = Name::Live;
    const KIND: &'static str = "abuse flag";

    fn key(&self) -> Key {
        Key::new(&self.subject, format!("flag#{}", self.flag_id))
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
            return Ok((
                class,
                Verdict {
                    tat: Some(now.ms()),
                    ..verdict
                },
            ));
        }
        let Some(next) = verdict.tat else {
            refused(env, tables, class, known.unwrap_or_default(), now).await?;
            return Ok((class, verdict));
        };
        match tables
            .commit(note(owner, known.as_ref(), class, (tat, next), slot, now))
            .await
        {
            Ok(()) => return Ok((class, verdict)),
            Err(Missed::Refused(lost)) => known = lost.current()?,
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many calls at once"))
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
        Some(tat) => Condition::Is(leak(class.name), crate::table::Value::N(tat.to_string())),
        None => Condition::Missing(leak(class.name)),
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
fn leak(class: &'static str) -> &'static str {
    match class {
        "default" => "tats.default",
        "anonymous" => "tats.anonymous",
        "login" => "tats.login",
        "register" => "tats.register",
        "otp" => "tats.otp",
        "refresh" => "tats.refresh",
        "mail" => "tats.mail",
        "typing" => "tats.typing",
        _ => "tats.send",
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

/// Frames allowed at once on one connection, and per window.
const FRAMES_BURST: i64 = 60;
/// That window.
const FRAMES_WINDOW_MS: i64 = 10 * SECOND_MS;
/// Connections remembered by one instance.
const CONNECTIONS_MAX: usize = 10_000;

/// Frames counted in memory, per connection and instance; stored nowhere.
#[derive(Debug, Default)]
pub struct Frames(Mutex<HashMap<String, i64>>);

impl Frames {
    /// Counts one frame.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED`.
    pub fn admit(&self, connection_id: &str, now: Time) -> Result<()> {
        let every_ms = FRAMES_WINDOW_MS / FRAMES_BURST;
        let class = Class {
            name: "frames",
            burst: FRAMES_BURST,
            every_ms,
            closed: false,
            told: false,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CONNECTIONS_MAX {
            known.retain(|_, tat| *tat > now.ms());
        }
        let tat = known.entry(connection_id.to_owned()).or_default();
        let verdict = admit(class, *tat, now);
        *tat = verdict.tat.ok_or_else(|| refusal(class, verdict, now))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_one_waits() {
        let class = Limit::Send.class();
        let now = Time(1_000_000);
        let mut tat = 0;
        for left in (0..60).rev() {
            let verdict = admit(class, tat, now);
            assert_eq!(verdict.remaining, left);
            tat = verdict.tat.unwrap();
        }
        let refused = admit(class, tat, now);
        assert_eq!((refused.tat, refused.wait_ms), (None, 1_000));
        assert!(admit(class, tat, now.plus(999)).tat.is_none());
        assert!(admit(class, tat, now.plus(1_000)).tat.is_some());
    }

    #[test]
    fn a_clock_that_jumped_back_locks_nobody_out_for_longer_than_a_full_bucket() {
        let class = Limit::Send.class();
        let verdict = admit(class, 10_000_000, Time(0));
        assert_eq!(verdict.wait_ms, 1_000);
    }
}
