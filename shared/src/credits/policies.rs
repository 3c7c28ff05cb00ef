//! Policies: prices, limits and switches as data. Every version is kept; an operation uses the
//! one in force when it starts.

use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::views::Price;
use crate::aws::dynamo::Tables;
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};
use crate::table::{Access, Data, Find, Item, Key, Name, Query};
use crate::time::{MINUTE_MS, Time, millis};

/// How long an instance uses the rows it read, milliseconds. A change takes effect at a later
/// `effective_from`, so every instance knows it in time.
pub const CACHE_MS: i64 = MINUTE_MS;
/// Most versions that are read.
const VERSIONS_MAX: usize = 10_000;
/// Partition of all policies.
const PARTITION: &str = "policies";

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PolicyValue {
    /// A whole number in the policy's unit.
    Number(i64),
    /// One of the policy's words.
    Word(#[schemars(length(max = 64))] String),
}

/// What holds until somebody changes it.
#[derive(Clone, Copy, Debug)]
pub enum Initial {
    /// A whole number.
    Number(i64),
    /// A word, and all that may stand in its place.
    Word(&'static str, &'static [&'static str]),
}

use Initial::{Number, Word};

impl Initial {
    /// The value that holds.
    pub fn value(self) -> PolicyValue {
        match self {
            Number(number) => PolicyValue::Number(number),
            Word(word, _) => PolicyValue::Word(word.to_owned()),
        }
    }
}

/// What a policy says until somebody changes it; none for a key that there is not.
pub fn default_of(key: &str) -> Option<Initial> {
    let known = DEFAULTS.iter().find(|known| known.0 == key);
    known.map(|known| known.1)
}

/// Key, default and unit of every policy (spec credits.md, *Model*).
pub const DEFAULTS: &[(&str, Initial, &str)] = &[
    ("price.message", Number(1), "credits per message"),
    ("price.call.audio", Number(5), "credits per started minute"),
    ("price.call.video", Number(10), "credits per started minute"),
    ("price.superlike", Number(10), "credits"),
    ("call.grant_minutes", Number(5), "minutes"),
    ("call.free_below_seconds", Number(0), "seconds"),
    ("message.refund_unsent", Number(1), "switch"),
    ("credits.low_threshold", Number(10), "credits"),
    ("credits.signup_grant", Number(0), "credits"),
    ("adjust.two_person_above", Number(10_000), "credits"),
    ("refund.two_person_above_cents", Number(20_000), "cents"),
    (
        "donation.credit_value_cents_per_100",
        Number(80),
        "cents per 100 credits",
    ),
    ("donation.fee_percent", Number(20), "percent"),
    ("ads.creator_share_percent", Number(50), "percent"),
    ("ads.min_cpm_micros", Number(1_000_000), "micros"),
    ("ads.min_cpc_micros", Number(10_000), "micros"),
    ("dispute.freeze_above_cents", Number(5_000), "cents"),
    ("messaging.require_match", Number(0), "switch"),
    ("messaging.require_profile", Number(0), "switch"),
    ("profile.auto_approve", Number(0), "switch"),
    ("auth.reveal_existing_email", Number(0), "switch"),
    (
        "auth.imported_bcrypt_cost",
        Number(0),
        "bcrypt cost; 0 is off",
    ),
    (
        "call.requires",
        Word("match_or_reply", &["match_or_reply", "match", "nothing"]),
        "word",
    ),
    (
        "likes.show_senders",
        Word("all", &["all", "subscribers"]),
        "word",
    ),
    (
        "erasure.partner_messages",
        Word("keep", &["keep", "blank"]),
        "word",
    ),
];

/// One version of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// A key of [`DEFAULTS`].
    pub key: String,
    /// What it says.
    pub value: PolicyValue,
    /// Unit of the value.
    pub unit: String,
    /// From when on it counts.
    #[serde(with = "millis")]
    pub effective_from: Time,
    /// Dense from 1.
    pub version: i64,
    /// Admin who set it.
    pub changed_by: String,
    /// Why.
    pub reason: String,
}

impl Item for Policy {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Policy";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(PARTITION, format!("{}#{:08}", self.key, self.version))
    }
}

/// The policies in force when a call began.
#[derive(Clone, Debug)]
pub struct Policies {
    rows: Arc<Vec<Policy>>,
    at: Time,
}

impl Policy {
    /// All versions of one policy, oldest first, with all earlier writes; of all policies without
    /// a key, one policy after the other.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn versions(tables: &Tables, key: Option<&str>) -> Result<Vec<Self>> {
        let prefix = key.map_or_else(String::new, |key| format!("{key}#"));
        let query = Query::of(Name::Data, PARTITION)
            .prefix(prefix)
            .limit(VERSIONS_MAX);
        tables.query(query.consistent()).await
    }
}

impl Policies {
    /// The policies in force at an instant, of these versions.
    pub fn of(rows: Vec<Policy>, at: Time) -> Self {
        Self {
            rows: Arc::new(rows),
            at,
        }
    }

    /// The version of a policy that is in force; none while it has its default.
    pub fn in_force(&self, key: &str) -> Option<&Policy> {
        let of_key = self.rows.iter().filter(|row| row.key == key);
        of_key
            .filter(|row| row.effective_from <= self.at)
            .max_by_key(|row| row.version)
    }

    /// All versions of a policy, newest first.
    pub fn versions_of(&self, key: &str) -> impl Iterator<Item = Policy> + use<> {
        let of_key = self.rows.iter().filter(|row| row.key == key);
        let mut versions: Vec<Policy> = of_key.cloned().collect();
        versions.sort_by_key(|row| std::cmp::Reverse(row.version));
        versions.into_iter()
    }

    /// What a policy says; none for a key that there is not.
    pub fn value(&self, key: &str) -> Option<PolicyValue> {
        match self.in_force(key) {
            Some(row) => Some(row.value.clone()),
            None => default_of(key).map(|initial| initial.value()),
        }
    }

    /// A number; 0 for a key that has none.
    pub fn number(&self, key: &str) -> i64 {
        match self.in_force(key).map(|row| &row.value) {
            Some(PolicyValue::Number(number)) => *number,
            _ => DEFAULTS
                .iter()
                .find(|known| known.0 == key)
                .map_or(0, |known| match known.1 {
                    Number(number) => number,
                    Word(..) => 0,
                }),
        }
    }

    /// Whether a switch is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.number(key) != 0
    }

    /// A word; empty for a key that has none.
    pub fn word(&self, key: &str) -> &str {
        match self.in_force(key).map(|row| &row.value) {
            Some(PolicyValue::Word(word)) => word,
            _ => DEFAULTS
                .iter()
                .find(|known| known.0 == key)
                .map_or("", |known| match known.1 {
                    Word(word, _) => word,
                    Number(_) => "",
                }),
        }
    }

    /// What things cost now, in the order of [`DEFAULTS`].
    pub fn prices(&self) -> Vec<Price> {
        let prices = DEFAULTS
            .iter()
            .filter(|known| known.0.starts_with("price."));
        let price = |known: &(&str, Initial, &str)| Price {
            key: known.0.to_owned(),
            value: self.number(known.0),
            unit: known.2.to_owned(),
            effective_from: self.in_force(known.0).map(|row| row.effective_from),
        };
        prices.map(price).collect()
    }
}

#[derive(Default)]
struct Cache(Mutex<Option<(Time, Arc<Vec<Policy>>)>>);

impl<C: Send> Take<C> for Policies {
    const GRANTS: &'static [&'static [Grant]] = <Find<Data> as Access>::GRANTS;

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        let (cache, at) = (env.part(|_| Cache::default()), env.clock().now());
        let lock = || cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().clone();
        if let Some((read_at, rows)) = known
            && (read_at..read_at.plus(CACHE_MS)).contains(&at)
        {
            return Ok(Self { rows, at });
        }
        let query = Query::of(Name::Data, PARTITION).limit(VERSIONS_MAX);
        let rows = Arc::new(Tables::of(env).query::<Policy>(query).await?);
        *lock() = Some((at, Arc::clone(&rows)));
        Ok(Self { rows, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(value: i64, effective_from: i64, version: i64) -> Policy {
        Policy {
            key: "price.message".into(),
            value: PolicyValue::Number(value),
            unit: "credits per message".into(),
            effective_from: Time(effective_from),
            version,
            changed_by: "adm_x".into(),
            reason: "test".into(),
        }
    }

    #[test]
    fn a_price_counts_from_its_instant_on() {
        let rows = vec![price(2, 1_000, 1), price(3, 2_000, 2)];
        let at = |ms| Policies::of(rows.clone(), Time(ms)).number("price.message");
        assert_eq!([at(999), at(1_000), at(1_999), at(2_000)], [1, 2, 2, 3]);
    }

    #[test]
    fn what_nobody_set_has_its_default() {
        let policies = Policies::of(Vec::new(), Time(0));
        assert_eq!(policies.word("call.requires"), "match_or_reply");
        assert!(policies.is_on("message.refund_unsent"));
        assert!(!policies.is_on("messaging.require_match"));
        assert_eq!(policies.prices().len(), 4);
    }
}
