//! What a person's lists go on showing while newer messages to them are withheld.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::head::{Head, Last, Who};
use super::message::Message;
use crate::error::Result;
use crate::pack::{Bytes, Packer, Unpacker};
use crate::text::preview;
use crate::time::{HOUR_MS, Time};

/// The newest message that the receiver of the newest one may see. A head carries it only while
/// its newest message is withheld; it always concerns the side that did not send that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curtain {
    /// Its number; 0 when there is none.
    pub seq: i64,
    /// When it was sent; the beginning of the conversation when there is none.
    pub at: Time,
    /// Its start.
    pub preview: String,
    /// Itself.
    pub last: Option<Last>,
}

impl Curtain {
    /// What is left to see: the newest visible message before the withheld ones.
    ///
    /// # Errors
    /// 404 when the message is another conversation's.
    pub fn before(head: &Head, earlier: Option<&Message>) -> Result<Self> {
        let Some(message) = earlier else {
            let (seq, at) = (0, head.created_at);
            let (preview, last) = (String::new(), None);
            return Ok(Self {
                seq,
                at,
                preview,
                last,
            });
        };
        Ok(Self {
            seq: message.seq,
            at: message.created_at,
            preview: preview(message.shown()),
            last: Some(Last::of(message, head)?),
        })
    }

    fn pack(&self) -> Vec<u8> {
        let mut out = Packer::default();
        out.number(self.seq)
            .number(self.at.ms())
            .sized(self.preview.as_bytes());
        if let Some(last) = &self.last {
            out.raw(&last.pack().0);
        }
        out.finish()
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut from = Unpacker::new(bytes);
        let (seq, at) = (from.number()?, Time(from.number()?));
        let preview = std::str::from_utf8(from.sized()?).ok()?.to_owned();
        let last = Last::read(&mut from);
        Some(Self {
            seq,
            at,
            preview,
            last,
        })
    }
}

impl Serialize for Curtain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.pack())
    }
}

impl<'de> Deserialize<'de> for Curtain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        Self::unpack(&bytes).ok_or_else(|| de::Error::custom("curtain of a conversation"))
    }
}

/// What one person sees of the newest messages.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Number of the newest message; 0 when there is none.
    pub seq: i64,
    /// When it was sent.
    pub at: Time,
    /// Its start.
    pub preview: &'a str,
    /// Itself.
    pub last: Option<Last>,
}

impl Head {
    /// The newest message as far as this side may know.
    pub fn shown_to(&self, who: Who) -> Shown<'_> {
        let last = self.last();
        let curtain = self.curtain.as_ref();
        match curtain.filter(|_| last.is_none_or(|last| last.sender != who)) {
            Some(curtain) => Shown {
                seq: curtain.seq,
                at: curtain.at,
                preview: &curtain.preview,
                last: curtain.last,
            },
            None => Shown {
                seq: self.last_seq,
                at: self.last_activity_at,
                preview: &self.preview,
                last,
            },
        }
    }

    /// Number of the newest message that this side may know of.
    pub fn seq_for(&self, who: Who) -> i64 {
        self.shown_to(who).seq
    }

    /// Hour of the last activity that this side may know of, for its membership.
    pub fn hour_for(&self, who: Who) -> i64 {
        self.shown_to(who).at.ms() / HOUR_MS
    }

    /// Hour of a newer change than that, such as a mark; none within the same hour.
    pub fn marked_hour_for(&self, who: Who) -> Option<i64> {
        let hour = self.changed_at.ms() / HOUR_MS;
        (hour > self.hour_for(who)).then_some(hour)
    }

    /// Changes the newest message wherever it is shown: as the newest of all, or behind a curtain.
    pub fn retouch(&mut self, seq: i64, change: impl Fn(&mut Last, &mut String)) {
        if let Some(mut last) = self.last().filter(|_| self.last_seq == seq) {
            let mut preview = std::mem::take(&mut self.preview);
            change(&mut last, &mut preview);
            self.preview = preview;
            self.set_last(&last);
        }
        if let Some(curtain) = self.curtain.as_mut().filter(|curtain| curtain.seq == seq)
            && let Some(last) = &mut curtain.last
        {
            change(last, &mut curtain.preview);
        }
    }
}
