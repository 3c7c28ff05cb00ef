//! Candidates that come by HTTP: what a request may say, and where they are kept for the other end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Call, Side};
use super::candidate::IceCandidate;
use super::sdp::CANDIDATES_MAX;
use super::signal::{Checked, EFFORT, SignalKind, expires, read};
use crate::error::{INTERNAL_ERROR, Result, SIGNAL_INVALID};
use crate::pack::Bytes;
use crate::table::{Item, Key, Name};

/// One candidate, as a text or as browsers describe it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneCandidate {
    /// `candidate:…`, or empty.
    Line(#[schemars(length(max = 512))] String),
    /// With the medium that it belongs to.
    Described(IceCandidate),
}

/// Candidates of a request: one, or a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct IceWish {
    /// One candidate; an empty text says that there are no more.
    pub candidate: Option<OneCandidate>,
    /// Tag of its medium.
    #[serde(rename = "sdpMid")]
    #[schemars(length(max = 256))]
    pub sdp_mid: Option<String>,
    /// Index of its medium.
    #[serde(rename = "sdpMLineIndex")]
    #[schemars(range(min = 0, max = 255))]
    pub sdp_m_line_index: Option<i64>,
    /// Fragment that tells generations of candidates apart.
    #[serde(rename = "usernameFragment")]
    #[schemars(length(max = 256))]
    pub username_fragment: Option<String>,
    /// Several candidates.
    #[schemars(length(min = 1, max = 20))]
    pub candidates: Option<Vec<IceCandidate>>,
}

impl IceWish {
    /// The candidates as they are passed on and kept.
    ///
    /// # Errors
    /// 422 `SIGNAL_INVALID`, also for none and for both forms at once.
    pub fn checked(self, call: &Call, side: Side) -> Result<(Checked, Vec<IceCandidate>)> {
        let list = match (self.candidate, self.candidates) {
            (Some(OneCandidate::Line(candidate)), None) => vec![IceCandidate {
                candidate,
                sdp_mid: self.sdp_mid,
                sdp_m_line_index: self.sdp_m_line_index,
                username_fragment: self.username_fragment,
            }],
            (Some(OneCandidate::Described(one)), None) => vec![one],
            (None, Some(list)) => list,
            _ => return Err(SIGNAL_INVALID.into()),
        };
        let payload = serde_json::to_value(&list).map_err(|cause| INTERNAL_ERROR.because(cause))?;
        let (kind, hidden) = (SignalKind::Candidates, call.hides(side));
        let checked = Checked::of(kind, Some(payload), call.call_type, hidden)?;
        let kept = read(checked.payload["candidates"].clone())?;
        Ok((checked, kept))
    }
}

/// The candidates of one side that were sent by HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidates {
    /// `cal_…`
    #[serde(rename = "pk")]
    pub call_id: String,
    /// Sort key.
    #[serde(rename = "sk")]
    pub place: String,
    /// Raised by every change.
    pub rev: i64,
    /// Candidates in order, as JSON, deflated.
    pub list: Bytes,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Candidates {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Call candidates";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&*self.call_id, &*self.place)
    }
}

impl Candidates {
    /// Where the candidates of a side lie.
    pub fn key_of(call_id: &str, side: Side) -> Key {
        Key::new(call_id, format!("ice#{}", side.as_str()))
    }

    /// A side without candidates.
    pub fn new(call: &Call, side: Side) -> Self {
        let key = Self::key_of(&call.call_id, side);
        Self {
            call_id: key.pk,
            place: key.sk,
            rev: 0,
            list: Bytes::default(),
            expires: expires(call),
        }
    }

    /// The candidates in order.
    ///
    /// # Errors
    /// 500 when the bytes are not what was written.
    pub fn read(&self) -> Result<Vec<IceCandidate>> {
        if self.list.0.is_empty() {
            return Ok(Vec::new());
        }
        let limit = 1024 * CANDIDATES_MAX;
        let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(&self.list.0, limit);
        let plain = plain.map_err(|_| INTERNAL_ERROR.because("candidates cannot be read"))?;
        serde_json::from_slice(&plain).map_err(|cause| INTERNAL_ERROR.because(cause))
    }

    /// With further ones; none when all are known.
    ///
    /// # Errors
    /// 422 `SIGNAL_INVALID` when there would be more than a side may have.
    pub fn with(&self, more: &[IceCandidate]) -> Result<Option<Self>> {
        let mut list = self.read()?;
        let known = list.len();
        for one in more {
            if !list.contains(one) {
                list.push(one.clone());
            }
        }
        if list.len() > CANDIDATES_MAX {
            return Err(SIGNAL_INVALID.into());
        }
        if list.len() == known {
            return Ok(None);
        }
        let text = serde_json::to_vec(&list).map_err(|cause| INTERNAL_ERROR.because(cause))?;
        Ok(Some(Self {
            rev: self.rev + 1,
            list: Bytes(miniz_oxide::deflate::compress_to_vec(&text, EFFORT)),
            ..self.clone()
        }))
    }
}
