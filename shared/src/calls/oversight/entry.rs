//! The log of calls: what each came to, packed into rows by the hour in which it began to ring.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::day::CallDay;
use crate::aws::dynamo::Tables;
use crate::calls::call::Call;
use crate::calls::words::{CallQuality, CallType, Status};
use crate::error::{INTERNAL_ERROR, Result};
use crate::id::{bytes_of, id_of};
use crate::messaging::oversight::LogDay;
use crate::messaging::oversight::{date_of, hash_of, partition, rows_of};
use crate::pack::{Bytes, Packer, Unpacker};
use crate::table::{Commit, Item, Key, Name};
use crate::time::{DAY_MS, HOUR_MS, Time, millis};
use crate::worker::Change;

/// The log of all calls.
pub const ALL: &str = "calls";
/// Qualities in the order of their stored codes, from 1: append only.
pub const QUALITIES: [CallQuality; 4] = [
    CallQuality::Excellent,
    CallQuality::Good,
    CallQuality::Fair,
    CallQuality::Poor,
];

/// A call in the log, as one of its versions left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `cal_…`
    pub call_id: String,
    /// When it began to ring.
    #[serde(with = "millis")]
    pub at: Time,
    /// Version of the call; the highest counts.
    pub version: i64,
    /// What was transmitted.
    pub kind: CallType,
    /// How it ended.
    pub status: Status,
    /// Whether it was answered.
    pub answered: bool,
    /// Whether it is over after both sides were connected.
    pub connected: bool,
    /// How it sounded.
    pub quality: Option<CallQuality>,
    /// Connected seconds.
    pub seconds: i64,
    /// Started minutes that were billed.
    pub minutes: i64,
    /// Credits paid, less what was given back.
    pub credits: i64,
}

impl Entry {
    /// What the figures say of a call; of one that is not over, what is known by now.
    pub fn of(call: &Call) -> Self {
        let is_over = call.status.is_terminal();
        Self {
            call_id: call.call_id.clone(),
            at: call.initiated_at,
            version: call.version,
            kind: call.call_type,
            status: call.status,
            answered: call.accepted_at.is_some(),
            connected: is_over && call.connected_at.is_some(),
            quality: call.call_quality,
            seconds: call.duration_seconds,
            minutes: call.billed_minutes,
            credits: call.credits_spent - call.refunded,
        }
    }

    /// The packed form; the row tells the hour.
    ///
    /// # Errors
    /// 500 for an id that is no call's.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let id = bytes_of("cal", &self.call_id);
        let id = id.ok_or_else(|| INTERNAL_ERROR.because("id of a call"))?;
        let quality = QUALITIES.iter().position(|one| Some(*one) == self.quality);
        let quality = quality.map_or(0, |at| at as u8 + 1);
        let flags = u8::from(self.answered) << 4 | u8::from(self.connected) << 5;
        let mut out = Packer::default();
        out.number(self.at.ms().rem_euclid(HOUR_MS))
            .raw(&id)
            .number(self.version)
            .byte((self.kind as u8) << 4 | self.status as u8)
            .byte(flags | quality)
            .number(self.seconds)
            .number(self.minutes)
            .number(self.credits);
        Ok(out.finish())
    }

    fn read(from: &mut Unpacker<'_>, hour: Time) -> Option<Self> {
        let at = hour.plus(from.number()?);
        let (id, version) = (from.fixed()?, from.number()?);
        let (words, flags) = (from.byte()?, from.byte()?);
        let quality = usize::from(flags & 0x0f).checked_sub(1);
        Some(Self {
            call_id: id_of("cal", id),
            at,
            version,
            kind: match words >> 4 {
                0 => CallType::Audio,
                1 => CallType::Video,
                _ => return None,
            },
            status: Status::of(words & 0x0f)?,
            answered: flags & 0x10 != 0,
            connected: flags & 0x20 != 0,
            quality: quality.and_then(|at| QUALITIES.get(at)).copied(),
            seconds: from.number()?,
            minutes: from.number()?,
            credits: from.number()?,
        })
    }
}

/// What happened to a call, for the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallNote {
    /// What it came to.
    pub call: Entry,
}

/// What a change of a call notes: its end, and what changes of the figures after it.
///
/// # Errors
/// 500 when an image does not have the shape of a call.
pub fn notes_of(change: &Change) -> Result<Option<CallNote>> {
    let (old, new) = change.of::<Call>()?;
    let Some(new) = new.filter(|new| new.status.is_terminal()) else {
        return Ok(None);
    };
    let call = Entry::of(&new);
    let before = old.map(|old| Entry {
        version: call.version,
        ..Entry::of(&old)
    });
    Ok((before.as_ref() != Some(&call)).then_some(CallNote { call }))
}

/// Calls of one hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    /// `calls#<date>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `h<hour>#<hash>`
    #[serde(rename = "sk")]
    pub place: String,
    /// Packed.
    pub entries: Bytes,
}

impl Item for CallRow {
    const TABLE: Name = Name::Insight;
    const KIND: &'static str = "Hour of calls";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.partition, &*self.place)
    }
}

impl CallRow {
    /// Where rows of an hour of the day begin; also the end of the hour before.
    pub fn place_of(hour: i64) -> String {
        format!("h{hour:02}")
    }

    /// A row with packed entries of one hour.
    pub fn of(hour: Time, bytes: Vec<u8>) -> Self {
        let place = Self::place_of(hour.ms().rem_euclid(DAY_MS) / HOUR_MS);
        Self {
            partition: partition(ALL, hour),
            place: format!("{place}#{}", hash_of(&bytes)),
            entries: Bytes(bytes),
        }
    }

    /// Its hour of the day, 0–23.
    pub fn hour(&self) -> Option<i64> {
        self.place.get(1..3)?.parse().ok()
    }

    /// Its calls; `day` is the first instant of its day.
    fn read(&self, day: Time) -> Vec<Entry> {
        let Some(hour) = self.hour() else {
            return Vec::new();
        };
        let hour = day.plus(hour * HOUR_MS);
        let mut from = Unpacker::new(&self.entries.0);
        std::iter::from_fn(|| Entry::read(&mut from, hour)).collect()
    }
}

/// The newest version of each call in rows of a day; `day` is its first instant.
pub fn newest(rows: &[CallRow], day: Time) -> HashMap<String, Entry> {
    let mut known: HashMap<String, Entry> = HashMap::new();
    for entry in rows.iter().flat_map(|row| row.read(day)) {
        let place = known.get(&entry.call_id);
        if place.is_none_or(|known| known.version < entry.version) {
            known.insert(entry.call_id.clone(), entry);
        }
    }
    known
}

/// Writes a batch of notes.
///
/// # Errors
/// 503 when the database does not answer; the batch comes again and writes the same.
pub async fn record(tables: &Tables, notes: Vec<CallNote>, now: Time) -> Result<()> {
    let mut hours: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
    for CallNote { call } in notes {
        let hour = call.at.ms().div_euclid(HOUR_MS);
        hours.entry(hour).or_default().push(call.pack()?);
    }
    let dates = hours.keys().map(|hour| date_of(Time(hour * HOUR_MS)));
    // A day is known before anything lies in it.
    for date in dates.collect::<BTreeSet<_>>() {
        CallDay::open(tables, &date).await?;
    }
    for (hour, pieces) in hours {
        let at = Time(hour * HOUR_MS);
        for bytes in rows_of(pieces) {
            let commit = Commit::new().put(&CallRow::of(at, bytes));
            let commit = match CallDay::is_late(at, now) {
                true => commit.with(CallDay::stale(at)),
                false => commit,
            };
            tables.commit(commit).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8) -> Entry {
        Entry {
            call_id: id_of("cal", [n; 16]),
            at: Time(1_767_614_400_000 + i64::from(n) * 60_000),
            version: i64::from(n) + 6,
            kind: CallType::Video,
            status: Status::Ended,
            answered: true,
            connected: n.is_multiple_of(2),
            quality: QUALITIES.get(usize::from(n)).copied(),
            seconds: 14_400,
            minutes: 240,
            credits: 2_400,
        }
    }

    #[test]
    fn a_row_holds_thirty_calls_and_gives_them_back() {
        let day = Time(1_767_571_200_000);
        let entries: Vec<Entry> = (0..30).map(entry).collect();
        let packed = entries.iter().map(|one| one.pack().expect("packed"));
        let rows = rows_of(packed);
        assert_eq!(rows.len(), 1, "0.04 write units a call");
        let row = CallRow::of(entries[0].at, rows[0].clone());
        assert!(row.partition == "calls#2026-01-05" && row.place.starts_with("h12#"));
        let item = crate::table::row_of(&row).expect("a row");
        assert!(crate::table::item_bytes(&item) <= 1_024);
        assert_eq!(row.read(day), entries);
    }

    #[test]
    fn the_highest_version_counts_in_any_order() {
        let day = Time(1_767_571_200_000);
        let first = entry(1);
        let later = Entry {
            version: first.version + 1,
            credits: 0,
            ..first.clone()
        };
        let row = |one: &Entry| CallRow::of(one.at, one.pack().expect("packed"));
        for rows in [
            [row(&first), row(&later), row(&first)],
            [row(&later), row(&first), row(&later)],
        ] {
            let known = newest(&rows, day);
            assert_eq!(
                known.into_values().collect::<Vec<_>>(),
                std::slice::from_ref(&later)
            );
        }
    }
}
