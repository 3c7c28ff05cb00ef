//! Figures over all calls, or over those that began on the days of a period.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::day::{CallDay, Sums};
use super::entry::QUALITIES;
use super::live::running;
use super::source::Period;
use crate::aws::dynamo::Tables;
use crate::calls::words::STATUSES;
use crate::error::{INVALID_RANGE, Result};
use crate::messaging::oversight::LogDay;
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
    /// More than 10,000 calls are running: of them the older ones count as connected, and none
    /// beyond the newest 200,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_capped: Option<bool>,
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
    let start = |at: Time| Time(at.ms().div_euclid(DAY_MS) * DAY_MS);
    let end = now.plus(1);
    let period = Period {
        from: from.map(start),
        to: to.map_or(end, |to| start(to).plus(DAY_MS).min(end)),
        behind: None,
    };
    // Before the log is read: what ends in between is found there, and counted once.
    let (mut running, is_capped) = running(tables, period, now).await?;
    let mut sums = Sums::default();
    let until = to.unwrap_or(now).min(now);
    for day in CallDay::list(tables, (from, until), DAYS_MAX).await? {
        sums.add(&day.sums(tables, &mut running, now).await?);
    }
    running.values().for_each(|call| sums.count(call));
    let date = |at: Time| at.date().to_string();
    Ok(Overview {
        running_capped: is_capped.then_some(true),
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
        running_capped: None,
        from: None,
        to: None,
    }
}
