//! Whom a person wrote to first within the last 24 h: exact to the second, in at most 75 bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::pack::{Bytes, Packer, Unpacker};
use crate::time::{DAY_MS, SECOND_MS, Time};

/// The window, seconds.
const WINDOW_SECONDS: i64 = DAY_MS / SECOND_MS;
/// Most times that are ever kept: the highest limit there is.
pub const CONTACTS_MAX: usize = 30;

/// The instants, oldest first, in seconds; packed as the first one and the distances between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts(Vec<i64>);

impl Contacts {
    /// The window as it is now: what is older than 24 h has left it.
    #[must_use]
    pub fn at(&self, now: Time) -> Self {
        let since = now.seconds() - WINDOW_SECONDS;
        Self(
            self.0
                .iter()
                .copied()
                .filter(|second| *second > since)
                .collect(),
        )
    }

    /// How many are in the window.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many are younger than this, milliseconds.
    pub fn within(&self, now: Time, age_ms: i64) -> usize {
        let since = now.seconds() - age_ms / SECOND_MS;
        self.0.iter().filter(|second| **second > since).count()
    }

    /// When so many have left the window that fewer than `limit` remain.
    pub fn resets_at(&self, limit: usize) -> Option<Time> {
        let last = self.0.len().checked_sub(limit)?;
        let second = self.0.get(last).or(self.0.last())?;
        Some(Time((second + WINDOW_SECONDS) * SECOND_MS))
    }

    /// Adds one. Beyond [`CONTACTS_MAX`] the oldest is dropped.
    pub fn add(&mut self, now: Time) {
        // A clock of another instance may be behind; the order is what the packing needs.
        let second = self
            .0
            .last()
            .map_or(now.seconds(), |last| now.seconds().max(*last));
        if self.0.len() >= CONTACTS_MAX {
            self.0.remove(0);
        }
        self.0.push(second);
    }
}

impl Serialize for Contacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut packer = Packer::default();
        let mut before = 0;
        for second in &self.0 {
            packer.number(second - before);
            before = *second;
        }
        serializer.serialize_bytes(&packer.finish())
    }
}

impl<'de> Deserialize<'de> for Contacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        let mut from = Unpacker::new(&bytes);
        let mut seconds = Vec::new();
        let mut before = 0;
        while !from.is_empty() {
            let step = from
                .number()
                .ok_or_else(|| serde::de::Error::custom("contacts"))?;
            before += step;
            seconds.push(before);
        }
        Ok(Self(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000);

    #[test]
    fn a_contact_counts_for_24_hours() {
        let mut contacts = Contacts::default();
        contacts.add(NOW);
        contacts.add(NOW.plus(SECOND_MS));
        assert_eq!(contacts.resets_at(2), Some(NOW.plus(DAY_MS)));
        assert_eq!(contacts.resets_at(3), None);
        let both = Some(NOW.plus(DAY_MS + SECOND_MS));
        assert_eq!((contacts.resets_at(1), contacts.resets_at(0)), (both, both));
        assert_eq!(contacts.at(NOW.plus(DAY_MS - 1)).count(), 2);
        assert_eq!(contacts.at(NOW.plus(DAY_MS)).count(), 1);
        assert_eq!(contacts.at(NOW.plus(DAY_MS + SECOND_MS)).count(), 0);
    }

    #[test]
    fn thirty_in_a_day_stay_small() {
        let mut contacts = Contacts::default();
        for number in 0..35 {
            contacts.add(NOW.plus(number * DAY_MS / 36));
        }
        assert_eq!(contacts.count(), CONTACTS_MAX);
        let stored: serde_dynamo::AttributeValue =
            serde_dynamo::to_attribute_value(&contacts).unwrap();
        let serde_dynamo::AttributeValue::B(bytes) = &stored else {
            panic!("{stored:?}")
        };
        assert!(bytes.len() <= 100, "{}", bytes.len());
        let back: Contacts = serde_dynamo::from_attribute_value(stored).unwrap();
        assert_eq!(back, contacts);
    }
}
