//! What was written to new people within the last hour: a hash of two bytes each.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::contacts::Contacts;
use crate::pack::Bytes;
use crate::time::{HOUR_MS, Time};

/// Hashes of the newest first messages, oldest first. They belong to the newest instants of
/// [`Contacts`], which tell how many of them are younger than an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<[u8; 2]>);

impl Texts {
    /// Those of the last hour.
    #[must_use]
    pub fn at(&self, contacts: &Contacts, now: Time) -> Self {
        let fresh = contacts.within(now, HOUR_MS).min(self.0.len());
        Self(self.0.iter().skip(self.0.len() - fresh).copied().collect())
    }

    /// Adds a first message; how many have the same text, this one included. Two texts share a
    /// hash by chance once in 65,536, so six of thirty do not.
    pub fn add(&mut self, digest: [u8; 2]) -> usize {
        self.0.push(digest);
        self.0.iter().filter(|known| **known == digest).count()
    }

    /// Whether nothing was written to anybody new.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.concat())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        match bytes.as_chunks() {
            (digests, []) => Ok(Self(digests.to_vec())),
            _ => Err(serde::de::Error::custom("texts")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND_MS;

    const NOW: Time = Time(1_790_000_000_000);

    #[test]
    fn the_same_text_counts_for_an_hour() {
        let (mut contacts, mut texts) = (Contacts::default(), Texts::default());
        for n in 1..=6 {
            contacts.add(NOW.plus(n * SECOND_MS));
            assert_eq!(texts.add([1; 2]), n as usize);
        }
        contacts.add(NOW.plus(7 * SECOND_MS));
        assert_eq!(texts.add([2; 2]), 1);
        let later = NOW.plus(HOUR_MS + 3 * SECOND_MS);
        assert_eq!(texts.at(&contacts, later).add([1; 2]), 4);
        let gone = texts.at(&contacts, later.plus(HOUR_MS));
        assert!(gone.is_empty());
        let stored = serde_dynamo::to_attribute_value::<_, serde_dynamo::AttributeValue>(&texts);
        let back: Texts = serde_dynamo::from_attribute_value(stored.unwrap()).unwrap();
        assert_eq!(back, texts);
    }
}
