//! Time as an argument: instants in milliseconds and the capability to ask for the present one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One second in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// First instant that can be shown: 0001-01-01T00:00:00Z.
const SHOWN_MS_MIN: i64 = -62_135_596_800_000;
/// Last instant that can be shown: 9999-12-30T00:00:00Z.
const SHOWN_MS_MAX: i64 = 253_402_128_000_000;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. On the wire RFC 3339, UTC, three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as in JWT claims and DynamoDB's TTL.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }

    /// This instant moved by milliseconds.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }

    /// Milliseconds since an earlier instant; never negative, also when a clock jumped back.
    pub const fn since(self, earlier: Self) -> i64 {
        let ms = self.0 - earlier.0;
        if ms < 0 { 0 } else { ms }
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|at| Self(at.as_millisecond()))
    }

    /// The form of HTTP headers (RFC 9110 §5.6.7, IMF-fixdate).
    pub fn http(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// The calendar date in UTC.
    pub fn date(self) -> jiff::civil::Date {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        at.to_zoned(jiff::tz::TimeZone::UTC).date()
    }
}

impl fmt::Display for Time {
    /// RFC 3339; an instant beyond the calendar, as damaged data may hold, shows as its edge.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.clamp(SHOWN_MS_MIN, SHOWN_MS_MAX);
        let at = jiff::Timestamp::from_millisecond(ms).map_err(|_| fmt::Error)?;
        write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 time"))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Stores a [`Time`] as its number of milliseconds: `#[serde(with = "time::millis")]`.
pub mod millis {
    use super::Time;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes milliseconds.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.0)
    }

    /// Reads milliseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        i64::deserialize(deserializer).map(Time)
    }

    /// The same for an optional instant; combine with `default`.
    pub mod option {
        use super::super::Time;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        /// Writes milliseconds or null.
        pub fn serialize<S: Serializer>(
            time: &Option<Time>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            time.map(Time::ms).serialize(serializer)
        }

        /// Reads milliseconds or null.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Time>, D::Error> {
            Ok(Option::<i64>::deserialize(deserializer)?.map(Time))
        }
    }
}

/// Where the present comes from: the system in the cloud, the one movable clock locally.
pub trait Now: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Time;

    /// Is told what the local cloud's clock shows; only a clock that follows it listens.
    fn follow(&self, _: Time) {}
}

/// The capability to ask what time it is.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Now>);

impl Clock {
    /// The present instant.
    pub fn now(&self) -> Time {
        self.0.now()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// The system's clock: the one place that reads it.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Now for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the module that owns the clock"
    )]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The system's clock, moved by as much as the local cloud's clock was when it was told last: a
/// function in a process of its own lives in the time of the cloud that calls it.
#[derive(Debug, Default)]
pub struct FollowingClock {
    ahead_ms: AtomicI64,
}

impl Now for FollowingClock {
    fn now(&self) -> Time {
        SystemClock.now().plus(self.ahead_ms.load(Relaxed))
    }

    fn follow(&self, now: Time) {
        self.ahead_ms
            .store(now.ms() - SystemClock.now().ms(), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_following_clock_shows_what_it_was_told_and_runs_on() {
        let clock = FollowingClock::default();
        assert!(clock.now().since(SystemClock.now()) < 1_000);
        let told = Time(1_767_614_400_000);
        clock.follow(told);
        assert!((0..1_000).contains(&clock.now().since(told)));
        SystemClock.follow(told);
        assert!(
            SystemClock.now().since(told) > 1_000,
            "the system's clock does not listen"
        );
    }

    #[test]
    fn every_instant_can_be_shown() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Time(1_767_614_400_007).to_string(),
            "2026-01-05T12:00:00.007Z"
        );
        for odd in [i64::MIN, i64::MAX, -1] {
            assert!(Time(odd).to_string().ends_with('Z'));
        }
    }
}
