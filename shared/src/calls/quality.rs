//! How a call sounds, as the two ends report it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Call, Side};
use super::carry::{Plain, change};
use super::finish::Turn;
use super::words::CallQuality;
use crate::aws::dynamo::Tables;
use crate::error::{Result, UNAVAILABLE};
use crate::http::{Me, Rate};
use crate::pack::{Bytes, Packer, Unpacker};
use crate::table::{Commit, Condition, Item, Key, Name};
use crate::time::Time;

/// Reports that a side keeps as they came; its median is over all of them.
const REPORTS_KEPT: usize = 24;

/// One report of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "QualityReport")]
pub struct Report {
    /// Round trip, milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub rtt_ms: i64,
    /// Jitter, milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub jitter_ms: i64,
    /// Lost packets, thousandths of a percent are dropped.
    #[schemars(with = "f64", range(min = 0.0, max = 100.0))]
    #[serde(with = "percent")]
    pub loss_percent: i64,
    /// Bit rate, kilobits per second.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub bitrate_kbps: i64,
}

/// Percent as hundredths: 1.25 % is 125.
mod percent {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the shape that serde asks for"
    )]
    pub fn serialize<S: Serializer>(hundredths: &i64, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_f64(*hundredths as f64 / 100.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        f64::deserialize(from).map(|percent| (percent * 100.0).round() as i64)
    }
}

impl Report {
    /// How it sounds at this end.
    pub const fn quality(&self) -> CallQuality {
        match (self.loss_percent, self.rtt_ms) {
            (..100, ..150) => CallQuality::Excellent,
            (..300, ..300) => CallQuality::Good,
            (..800, ..500) => CallQuality::Fair,
            _ => CallQuality::Poor,
        }
    }
}

/// A report with its instant.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Dated {
    /// When.
    pub at: Time,
    /// What.
    #[serde(flatten)]
    pub report: Report,
}

/// The reports of one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideQuality {
    /// `cal_…`
    #[serde(rename = "pk")]
    pub call_id: String,
    /// Sort key.
    #[serde(rename = "sk")]
    pub place: String,
    /// Raised by every report.
    pub rev: i64,
    /// Theoretical arrival time of the next report, epoch milliseconds.
    pub tat: i64,
    /// How many sounded excellent, good, fair and poor.
    pub counts: [i64; 4],
    /// The newest reports, packed.
    pub newest: Bytes,
}

impl Item for SideQuality {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Call quality";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.call_id, &*self.place)
    }
}

impl SideQuality {
    /// What the sort keys begin with.
    pub const PREFIX: &'static str = "quality#";

    /// Where the reports of a side lie.
    pub fn key_of(call_id: &str, side: Side) -> Key {
        Key::new(call_id, format!("{}{}", Self::PREFIX, side.as_str()))
    }

    fn new(call_id: &str, side: Side) -> Self {
        let key = Self::key_of(call_id, side);
        Self {
            call_id: key.pk,
            place: key.sk,
            rev: 0,
            tat: 0,
            counts: [0; 4],
            newest: Bytes::default(),
        }
    }

    /// The median of all reports; none without any. Of two in the middle the better one.
    pub fn median(&self) -> Option<CallQuality> {
        let all: i64 = self.counts.iter().sum();
        let words = [
            CallQuality::Excellent,
            CallQuality::Good,
            CallQuality::Fair,
            CallQuality::Poor,
        ];
        let mut below = 0;
        let found = self.counts.iter().zip(words).find(|(count, _)| {
            below += **count;
            below * 2 >= all
        });
        found.filter(|_| all > 0).map(|(_, word)| word)
    }

    /// The newest reports, oldest first.
    pub fn reports(&self) -> Vec<Dated> {
        let mut from = Unpacker::new(&self.newest.0);
        let mut found = Vec::new();
        while !from.is_empty() {
            let Some(dated) = unpack(&mut from) else {
                break;
            };
            found.push(dated);
        }
        found
    }

    /// With one more report.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED` within 10 s of the last one.
    pub fn with(&self, report: Report, rate: &Rate, now: Time) -> Result<Self> {
        let tat = rate.admit(self.tat, now)?;
        let mut counts = self.counts;
        if let Some(count) = counts.get_mut(report.quality() as usize) {
            *count += 1;
        }
        let mut kept = self.reports();
        kept.push(Dated { at: now, report });
        let old = kept.len().saturating_sub(REPORTS_KEPT);
        let mut out = Packer::default();
        for Dated { at, report } in kept.iter().skip(old) {
            out.number(at.ms())
                .number(report.rtt_ms)
                .number(report.jitter_ms)
                .number(report.loss_percent)
                .number(report.bitrate_kbps);
        }
        Ok(Self {
            rev: self.rev + 1,
            tat,
            counts,
            newest: Bytes(out.finish()),
            ..self.clone()
        })
    }
}

fn unpack(from: &mut Unpacker<'_>) -> Option<Dated> {
    Some(Dated {
        at: Time(from.number()?),
        report: Report {
            rtt_ms: from.number()?,
            jitter_ms: from.number()?,
            loss_percent: from.number()?,
            bitrate_kbps: from.number()?,
        },
    })
}

/// A report that was taken: what it says, and what is to be noted in its call.
#[derive(Debug)]
pub struct Heard {
    /// How the call sounds, by the worse of the two sides' medians.
    pub quality: CallQuality,
    worst: Option<CallQuality>,
    call: Call,
}

/// Takes a report of an end. The commit is refused with 503 when another report of this end was
/// first.
///
/// # Errors
/// 404 `CALL_NOT_FOUND`; 410 `CALL_ENDED`; 429 `RATE_LIMITED`; 503 when the table does not answer.
pub async fn report(
    tables: &Tables,
    (me, call_id): (&Me, &str),
    report: Report,
    rate: &Rate,
    now: Time,
) -> Result<(Heard, Commit)> {
    let call = Call::load(tables, call_id).await?;
    let side = call.live_side(&me.user_id, now)?;
    let (mine, theirs) = (
        SideQuality::key_of(call_id, side),
        SideQuality::key_of(call_id, side.other()),
    );
    let (known, theirs) = tokio::try_join!(
        tables.get_consistent::<SideQuality>(&mine),
        tables.get::<SideQuality>(&theirs),
    )?;
    let current = known.unwrap_or_else(|| SideQuality::new(call_id, side));
    let next = current.with(report, rate, now)?;
    let same = match current.rev {
        0 => Condition::Absent,
        rev => Condition::number("rev", rev),
    };
    let theirs = theirs.and_then(|theirs| theirs.median());
    let worst = next.median().max(theirs);
    let quality = worst.unwrap_or_else(|| report.quality());
    let commit = Commit::new().replace(&next, same, &UNAVAILABLE);
    Ok((
        Heard {
            quality,
            worst,
            call,
        },
        commit,
    ))
}

impl Heard {
    /// Notes in the call what has changed; noting it again changes nothing.
    ///
    /// # Errors
    /// 503 when the table does not answer, or others were first too often.
    pub async fn note(self, tables: &Tables, now: Time) -> Result<()> {
        let Self { worst, call, .. } = self;
        let differs = |call: &Call| call.call_quality != worst && !call.is_quality_judged;
        if !differs(&call) {
            return Ok(());
        }
        let decide = |call: &Call, _: Option<&_>| {
            Ok(differs(call).then(|| {
                let mut next = call.touched(now);
                next.call_quality = worst;
                Turn::of(next)
            }))
        };
        change(tables, &call.call_id, &Plain, |_| false, decide)
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::limit::Limit;

    const fn sample(loss: i64, rtt_ms: i64) -> Report {
        Report {
            rtt_ms,
            jitter_ms: 5,
            loss_percent: loss,
            bitrate_kbps: 40,
        }
    }

    #[test]
    fn both_loss_and_delay_decide() {
        use CallQuality::{Excellent, Fair, Good, Poor};
        for (loss, rtt, quality) in [
            (99, 149, Excellent),
            (100, 149, Good),
            (99, 150, Good),
            (299, 299, Good),
            (300, 10, Fair),
            (10, 499, Fair),
            (800, 10, Poor),
            (0, 500, Poor),
        ] {
            assert_eq!(sample(loss, rtt).quality(), quality, "{loss} {rtt}");
        }
    }

    #[test]
    fn the_median_is_over_all_reports_and_the_row_stays_small() {
        let rate = Rate::of(Limit::Quality);
        let mut side = SideQuality::new("cal_x", Side::Caller);
        assert_eq!(side.median(), None);
        for n in 0..300 {
            let loss = if n % 3 == 0 { 900 } else { 10 };
            side = side
                .with(
                    sample(loss, 20),
                    &rate,
                    Time(1_767_614_400_000 + n * 10_000),
                )
                .unwrap();
        }
        assert_eq!(side.median(), Some(CallQuality::Excellent));
        assert_eq!(side.reports().len(), REPORTS_KEPT);
        let bytes = crate::table::item_bytes(&crate::table::row_of(&side).unwrap());
        assert!(bytes < 960, "{bytes}");
        let soon = Time(1_767_614_400_000 + 299 * 10_000 + 9_999);
        assert!(side.with(sample(0, 0), &rate, soon).is_err());
    }
}
