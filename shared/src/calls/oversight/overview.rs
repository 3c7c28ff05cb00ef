//! Figures over all calls, or over those that began on the days of a period.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::active::live;
use super::day::{CallDay, Sums};
use super::entry::{Entry, QUALITIES};
use crate::aws::dynamo::Tables;
use crate::calls::words::STATUSES;
use crate::error::{INVALID_RANGE, Result};
use crate::time::{DAY_MS, Time};

/// Most days that are summed up.
const DAYS_MAX: usize = 10_000;
/// Places of a rate.
const RATE_PLACES: f64 = 10_000.0;
/// Places of a mean.
const MEAN_PLACES: f64 = 100.0;

/// Figures over calls.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "CallsOverview")]
pub struct Overview {
    /// Calls that rang, or found their receiver busy.
    pub total_calls: i64,
    /// The same by how far they are.
    pub status_breakdown: BTreeMap<String, i64>,
    /// The part that was answered, from 0 to 1.
    pub answer_rate: f64,
    /// Started minutes that were billed.
    pub total_minutes: i64,
    /// Credits paid, less what was given back.
    pub total_credits_revenue: i64,
    /// Mean connected time of the calls that are over and were connected.
    pub mean_duration_seconds: Option<f64>,
    /// Calls by how they sounded, as far as somebody reported it.
    pub quality_breakdown: BTreeMap<String, i64>,
    /// First day that is counted, if a period was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day that is counted, if a period was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The figures; a period counts by whole days (UTC) on which calls began, its last day included.
///
/// # Errors
/// 422 `INVALID_RANGE`; 503 when the database does not answer.
pub async fn overview(
    tables: &Tables,
    (from, to): (Option<Time>, Option<Time>),
    now: Time,
) -> Result<Overview> {
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(INVALID_RANGE.into());
    }
    let day = |at: Time| at.ms().div_euclid(DAY_MS);
    let (first, last) = (from.map_or(i64::MIN, day), to.map_or(i64::MAX, day));
    // Before the log is read: what ends in between is found there, and counted once.
    let running = live(tables, now).await?;
    let running = running
        .iter()
        .filter(|call| (first..=last).contains(&day(call.initiated_at)))
        .map(|call| (call.call_id.clone(), Entry::of(call)));
    let mut running: HashMap<String, Entry> = running.collect();
    let mut sums = Sums::default();
    let until = to.unwrap_or(now).min(now);
    for day in CallDay::list(tables, (from, until), DAYS_MAX).await? {
        sums.add(&day.sums(tables, &mut running, now).await?);
    }
    running.values().for_each(|call| sums.count(call));
    let date = |at: Time| at.date().to_string();
    Ok(Overview {
        from: from.map(date),
        to: to.map(date),
        ..figures(&sums)
    })
}

fn word(value: impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

fn ratio(part: i64, all: i64, places: f64) -> Option<f64> {
    (all > 0).then(|| (part as f64 / all as f64 * places).round() / places)
}

fn figures(sums: &Sums) -> Overview {
    let total = sums.statuses.iter().sum();
    let statuses = STATUSES.into_iter().map(word).zip(sums.statuses);
    let qualities = QUALITIES.into_iter().map(word).zip(sums.qualities);
    Overview {
        total_calls: total,
        status_breakdown: statuses.collect(),
        answer_rate: ratio(sums.answered, total, RATE_PLACES).unwrap_or_default(),
        total_minutes: sums.minutes,
        total_credits_revenue: sums.credits,
        mean_duration_seconds: ratio(sums.seconds, sums.connected, MEAN_PLACES),
        quality_breakdown: qualities.collect(),
        from: None,
        to: None,
    }
}
