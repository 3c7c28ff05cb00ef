//! Figures over all messages. They count what was sent: a message that was removed for good stays
//! in them, as its charge stays in the ledger.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::day::LogDay;
use super::fact::MODERATIONS;
use super::log::day_of;
use super::sums::Sums;
use super::tally::{DayTally, HourTally, sent_since};
use crate::aws::dynamo::Tables;
use crate::error::{INVALID_RANGE, Result};
use crate::messaging::message::MESSAGE_TYPES;
use crate::time::{DAY_MS, HOUR_MS, Time};

/// Most days that are summed up.
const DAYS_MAX: usize = 10_000;
/// Places of a rate.
const RATE_PLACES: f64 = 10_000.0;

/// Figures over all messages, or over those that were sent on the days of a period.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Overview {
    /// Messages that were sent.
    pub total_messages: i64,
    /// The same by how far they have come.
    pub by_status: BTreeMap<String, i64>,
    /// The same by what they carry.
    pub by_type: BTreeMap<String, i64>,
    /// The same by what moderation says.
    pub by_moderation: BTreeMap<String, i64>,
    /// Messages of the last 24 hours, whatever the period.
    pub messages_24h: i64,
    /// People who sent them.
    pub active_senders_24h: i64,
    /// Credits paid for them, less what was given back.
    pub credits_revenue: i64,
    /// The part that was delivered, from 0 to 1.
    pub delivery_rate: f64,
    /// The part that was read, from 0 to 1.
    pub read_rate: f64,
    /// Half of the deliveries took no longer; exact below 256 s, then within one in 128.
    pub median_seconds_to_delivery: Option<i64>,
    /// First day that is counted, if a period was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day that is counted, if a period was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The figures; a period counts by whole days (UTC) on which messages were sent, its last day
/// included.
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
    let first = from.map_or(i64::MIN, day_of);
    let last = to.map_or(i64::MAX, day_of);
    let mut sums = Sums::default();
    // Nothing happens to a message before the day on which it was sent.
    for day in DayTally::list(tables, (from, now), DAYS_MAX).await? {
        for (created, own) in &day.tally(tables, now).await? {
            if (first..=last).contains(created) {
                sums.add(own);
            }
        }
    }
    let (messages_24h, active_senders_24h) = lately(tables, now).await?;
    let date = |at: Time| at.date().to_string();
    Ok(Overview {
        messages_24h,
        active_senders_24h,
        from: from.map(date),
        to: to.map(date),
        ..figures(&sums)
    })
}

fn figures(sums: &Sums) -> Overview {
    let total = sums.total();
    let rate = |part: i64| match total {
        0 => 0.0,
        total => (part as f64 / total as f64 * RATE_PLACES).round() / RATE_PLACES,
    };
    let named = |list: &[(&str, i64)]| {
        let list = list
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        list.collect::<BTreeMap<_, _>>()
    };
    let types = MESSAGE_TYPES.iter().map(|kind| kind.as_str().to_owned());
    let states = MODERATIONS.iter().map(|state| state.as_str().to_owned());
    Overview {
        total_messages: total,
        by_status: named(&[
            ("sent", total - sums.delivered - sums.failed),
            ("delivered", sums.delivered - sums.read),
            ("read", sums.read),
            ("failed", sums.failed),
        ]),
        by_type: types.zip(sums.types).collect(),
        by_moderation: states.zip(sums.moderation).collect(),
        messages_24h: 0,
        active_senders_24h: 0,
        credits_revenue: sums.credits,
        delivery_rate: rate(sums.delivered),
        read_rate: rate(sums.read),
        median_seconds_to_delivery: sums.median_delay(),
        from: None,
        to: None,
    }
}

/// Messages of the last 24 hours, and how many people sent them.
async fn lately(tables: &Tables, now: Time) -> Result<(i64, i64)> {
    let since = now.plus(-DAY_MS);
    let (mut count, mut senders) = sent_since(tables, since).await?;
    let mut hour = Time((since.ms().div_euclid(HOUR_MS) + 1) * HOUR_MS);
    while hour <= now {
        let tally = HourTally::of(tables, hour, now).await?;
        count += tally.sent;
        senders.extend(tally.senders());
        hour = hour.plus(HOUR_MS);
    }
    Ok((count, i64::try_from(senders.len()).unwrap_or(i64::MAX)))
}
