//! Policies and packages as admins set them: bounds, versions, and when a change takes effect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::packages::Package;
use super::policies::{CACHE_MS, DEFAULTS, Initial, Policies, Policy, PolicyValue};
use super::wallet::LOW_THRESHOLD_MAX;
use crate::admin::{Act, Clerk, Recorded, TwoPerson, reason};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{AMOUNT_OUT_OF_RANGE, POLICY_NOT_FOUND, Result, UNAVAILABLE};
use crate::http::check::invalid;
use crate::http::{Json, Once};
use crate::table::Commit;
use crate::time::{DAY_MS, Time};

/// Tries when others set the same policy.
const TRIES_MAX: u32 = 6;
/// How far ahead a change may be planned.
const AHEAD_MS: i64 = 366 * DAY_MS;
/// Characters of a reason, at least.
const REASON_CHARS_MIN: usize = 3;
/// Policies whose key begins so need a second person.
const PRICES: &str = "price.";

/// What a policy is to say, and from when on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PolicyWish {
    /// A whole number in the policy's unit, or one of its words.
    pub value: PolicyValue,
    /// From when on; at least a minute ahead, which is also what counts without it.
    pub effective_from: Option<Time>,
    /// 3–500 characters.
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PolicyView {
    /// Such as `price.message`.
    pub key: String,
    /// What it says.
    pub value: PolicyValue,
    /// Unit of the value.
    pub unit: String,
    /// From when on it counts.
    pub effective_from: Time,
    /// Dense from 1.
    pub version: i64,
    /// Admin who set it.
    pub changed_by: String,
    /// Why.
    pub reason: String,
}

impl From<Policy> for PolicyView {
    fn from(policy: Policy) -> Self {
        Self {
            key: policy.key,
            value: policy.value,
            unit: policy.unit,
            effective_from: policy.effective_from,
            version: policy.version,
            changed_by: policy.changed_by,
            reason: policy.reason,
        }
    }
}

/// A policy with all its versions.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PolicyHistory {
    /// Such as `price.message`.
    pub key: String,
    /// What it says now.
    pub value: PolicyValue,
    /// Unit of the value.
    pub unit: String,
    /// Version in force; 0 while nobody has changed it.
    pub version: i64,
    /// All versions, newest first; some may lie ahead.
    pub versions: Vec<PolicyView>,
}

/// All policies after a key, in the order of their keys, at most `limit`.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn policy_histories(
    tables: &Tables,
    key: Option<&str>,
    after: Option<&str>,
    (limit, now): (usize, Time),
) -> Result<Vec<PolicyHistory>> {
    let policies = Policies::of(Policy::versions(tables, key).await?, now);
    let mut known: Vec<_> = DEFAULTS.iter().collect();
    known.sort_by_key(|known| known.0);
    let wanted = known.into_iter().filter(|(name, ..)| {
        key.is_none_or(|key| key == *name) && after.is_none_or(|after| *name > after)
    });
    let history = |(name, initial, unit): &(&str, Initial, &str)| {
        let versions = policies.versions_of(name).map(PolicyView::from);
        PolicyHistory {
            key: (*name).to_owned(),
            value: policies.value(name).unwrap_or_else(|| initial.value()),
            unit: (*unit).to_owned(),
            version: policies.in_force(name).map_or(0, |row| row.version),
            versions: versions.collect(),
        }
    };
    Ok(wanted.take(limit).map(history).collect())
}

/// Smallest and largest number of a policy, by what it counts.
pub fn bounds_of(key: &str, unit: &str) -> (i64, i64) {
    match (key, unit) {
        (_, "switch") => (0, 1),
        (_, "percent") => (0, 100),
        (_, "minutes") => (1, 60),
        (_, "seconds") => (0, 3_600),
        ("credits.low_threshold", _) => (0, LOW_THRESHOLD_MAX),
        (_, "micros") => (0, 1_000_000_000_000),
        (_, "cents" | "cents per 100 credits") => (0, 100_000_000),
        _ => (0, 1_000_000),
    }
}

/// Whether a policy may say this.
///
/// # Errors
/// 404 `POLICY_NOT_FOUND`; 422 `AMOUNT_OUT_OF_RANGE` {min,max}; 422 `VALIDATION_FAILED` for a
/// word in a number's place or one that the policy does not know.
pub fn check_value(key: &str, value: &PolicyValue) -> Result<&'static str> {
    let known = DEFAULTS.iter().find(|known| known.0 == key);
    let (_, initial, unit) = known.ok_or(POLICY_NOT_FOUND)?;
    match (initial, value) {
        (Initial::Number(_), PolicyValue::Number(number)) => {
            let (min, max) = bounds_of(key, unit);
            match (min..=max).contains(number) {
                true => Ok(unit),
                false => Err(AMOUNT_OUT_OF_RANGE.with(json!({ "min": min, "max": max }))),
            }
        }
        (Initial::Word(_, words), PolicyValue::Word(word)) if words.contains(&&**word) => Ok(unit),
        (Initial::Number(_), _) => Err(invalid("/value", "type", "Give a whole number.")),
        (Initial::Word(_, words), _) => {
            let message = format!("Give one of {}.", words.join(", "));
            Err(invalid("/value", "enum", &message))
        }
    }
}

/// From when on a change counts: never before every instance can know of it.
///
/// # Errors
/// 422 `VALIDATION_FAILED` for an instant that is over, or more than 366 days ahead.
pub fn effective(wish: Option<Time>, now: Time) -> Result<Time> {
    let soonest = now.plus(CACHE_MS);
    match wish {
        None => Ok(soonest),
        Some(at) if at < now || at > now.plus(AHEAD_MS) => {
            let message = "Give an instant within the next 366 days.";
            Err(invalid("/effective_from", "range", message))
        }
        Some(at) => Ok(at.max(soonest)),
    }
}

/// Sets a policy: one more version, which counts from its instant on. A price waits for a second
/// person.
///
/// # Errors
/// What [`check_value`] and [`effective`] refuse; 422 `REASON_REQUIRED`; 503 when others were
/// first too often.
pub async fn set_policy(
    admin: &Clerk,
    once: &Once,
    key: &str,
    wish: &PolicyWish,
) -> Result<Recorded<TwoPerson<PolicyView>>> {
    let unit = check_value(key, &wish.value)?;
    let why = &*reason(wish.reason.as_deref(), REASON_CHARS_MIN)?;
    let effective_from = effective(wish.effective_from, admin.now())?;
    for round in 1..=TRIES_MAX {
        let rows = Policy::versions(admin.tables(), Some(key)).await?;
        let newest = rows.iter().map(|row| row.version).max().unwrap_or(0);
        let before = Policies::of(rows, admin.now()).value(key);
        let policy = Policy {
            key: key.to_owned(),
            value: wish.value.clone(),
            unit: unit.to_owned(),
            effective_from,
            version: newest + 1,
            changed_by: admin.me().admin_id.clone(),
            reason: why.to_owned(),
        };
        let act = Act::on("policy", key)
            .changed(json!({ "value": before }), json!({ "value": policy.value }))
            .noting("effective_from", json!(effective_from))
            .because(why);
        if key.starts_with(PRICES) && !admin.is_approved() {
            return admin.asks(once, &act).await;
        }
        let commit = Commit::new().create(&policy, &UNAVAILABLE);
        let done = TwoPerson::Done(PolicyView::from(policy));
        match admin.acts(once, &act, commit, done).await {
            // Somebody else has set it in this instant.
            Err(Missed::Refused(_)) => admin.tables().pause(round).await,
            done => return Ok(done?),
        }
    }
    Err(UNAVAILABLE.because("others were first too often"))
}

/// What a package is to be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PackageWish {
    /// Whole credits that it brings.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub credits: i64,
    /// What it costs, in the currency's minor unit.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub price_cents: i64,
    /// ISO 4217.
    #[schemars(regex(pattern = "^[A-Z]{3}$"), length(min = 3, max = 3))]
    pub currency: String,
    /// Whether it is on sale.
    pub active: bool,
}

/// Makes or changes a package.
///
/// # Errors
/// 422 `VALIDATION_FAILED` for an id that is none; 503 when the database does not answer.
pub async fn set_package(
    admin: &Clerk,
    once: &Once,
    package_id: &str,
    wish: PackageWish,
) -> Result<Recorded<Json<Package>>> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !(1..=64).contains(&package_id.len()) || !package_id.bytes().all(plain) {
        let message = "Use up to 64 of a–z, 0–9 and _.";
        return Err(invalid("/package_id", "pattern", message));
    }
    let before = Package::load(admin.tables(), package_id).await?;
    let package = Package {
        package_id: package_id.to_owned(),
        credits: wish.credits,
        price_cents: wish.price_cents,
        currency: wish.currency,
        active: wish.active,
    };
    let act = Act::on("package", package_id).changed(json!(before), json!(package));
    let commit = Commit::new().put(&package);
    Ok(admin.acts(once, &act, commit, Json(package)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_lies_within_its_own_bounds() {
        for (key, initial, _) in DEFAULTS {
            assert!(check_value(key, &initial.value()).is_ok(), "{key}");
        }
    }

    #[test]
    fn values_of_another_kind_and_beyond_the_bounds_are_refused() {
        let number = |key: &str, value| check_value(key, &PolicyValue::Number(value));
        let word = |key: &str, value: &str| check_value(key, &PolicyValue::Word(value.into()));
        assert!(number("price.nothing", 1).is_err_and(|error| error.is(&POLICY_NOT_FOUND)));
        let beyond = number("donation.fee_percent", 101).expect_err("too much");
        assert!(beyond.is(&AMOUNT_OUT_OF_RANGE));
        assert_eq!(beyond.details(), Some(&json!({ "min": 0, "max": 100 })));
        assert!(number("price.message", -1).is_err() && number("call.grant_minutes", 0).is_err());
        assert!(word("price.message", "much").is_err() && number("call.requires", 1).is_err());
        assert!(word("call.requires", "match").is_ok() && word("call.requires", "all").is_err());
    }

    #[test]
    fn a_change_never_counts_before_everybody_can_know_of_it() {
        let now = Time(1_000_000);
        assert_eq!(effective(None, now).expect("a time"), now.plus(CACHE_MS));
        let soon = effective(Some(now.plus(1)), now).expect("a time");
        assert_eq!(soon, now.plus(CACHE_MS));
        let later = now.plus(DAY_MS);
        assert_eq!(effective(Some(later), now).expect("a time"), later);
        assert!(effective(Some(now.plus(-1)), now).is_err());
        assert!(effective(Some(now.plus(AHEAD_MS + 1)), now).is_err());
    }
}
