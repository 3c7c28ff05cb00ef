//! Signals: what the two ends tell each other to connect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{CALL_MS_MAX, Call, Side};
use super::candidate::IceCandidate;
use super::sdp::{SDP_BYTES_MAX, check_sdp, relayed_only};
use super::words::CallType;
use crate::error::{INTERNAL_ERROR, Result, SIGNAL_INVALID};
use crate::pack::Bytes;
use crate::table::{Item, Key, Name};
use crate::time::{HOUR_MS, MINUTE_MS, Time, millis};

/// Longest payload of a frame, bytes of JSON.
pub const PAYLOAD_BYTES_MAX: usize = 24 * 1024;
/// Candidates of one request.
pub const BATCH_MAX: usize = 20;
/// Most signals of a call that are stored.
pub const SIGNALS_MAX: i64 = 256;
/// How long signals can be read after the end of their call.
pub const KEPT_MS: i64 = 5 * MINUTE_MS;
/// Number of the offer that comes with the call, and of the answer that comes with its
/// acceptance; other signals follow.
pub const OFFER: i64 = 1;
/// See [`OFFER`].
pub const ANSWER: i64 = 2;
/// How hard payloads are packed, 0–10.
pub(super) const EFFORT: u8 = 8;

/// What a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// The description of who begins; stored.
    Offer,
    /// The description that fits it; stored.
    Answer,
    /// A new offer, or the answer to one, in a running call; stored.
    Negotiate,
    /// Ways to reach the end; passed on.
    Candidates,
    /// What is switched on at the end; passed on.
    Media,
    /// The end was away and asks for what it missed; passed on.
    Resync,
}

impl SignalKind {
    /// Whether it can be read later.
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::Offer | Self::Answer | Self::Negotiate)
    }
}

/// A signal that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What it is.
    pub kind: SignalKind,
    /// What it says, as the other end may know it.
    pub payload: Value,
}

/// A description with its role, as browsers have it (W3C WebRTC, *RTCSessionDescriptionInit*).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    #[serde(rename = "type")]
    kind: String,
    sdp: String,
}

/// What is switched on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    #[serde(default)]
    audio: Option<bool>,
    #[serde(default)]
    video: Option<bool>,
}

impl Checked {
    /// Checks a signal of a call of this type. `hidden` leaves out what tells the sender's address.
    ///
    /// # Errors
    /// 422 `SIGNAL_INVALID`.
    pub fn of(
        kind: SignalKind,
        payload: Option<Value>,
        call_type: CallType,
        hidden: bool,
    ) -> Result<Self> {
        let payload = payload.unwrap_or(Value::Null);
        if payload.to_string().len() > PAYLOAD_BYTES_MAX {
            return Err(SIGNAL_INVALID.into());
        }
        let payload = match kind {
            SignalKind::Offer | SignalKind::Answer | SignalKind::Negotiate => {
                described(kind, payload, call_type, hidden)?
            }
            SignalKind::Candidates => json!({
                "candidates": candidates(payload)?
                    .into_iter()
                    .filter_map(|one| if hidden { one.hidden() } else { Some(one) })
                    .collect::<Vec<_>>(),
            }),
            SignalKind::Media => {
                let media: Media = read(payload)?;
                json!({ "audio": media.audio, "video": media.video })
            }
            SignalKind::Resync if payload.is_null() => Value::Null,
            SignalKind::Resync => return Err(SIGNAL_INVALID.into()),
        };
        Ok(Self { kind, payload })
    }

    /// Whether nothing is left to say.
    pub fn is_empty(&self) -> bool {
        self.payload["candidates"]
            .as_array()
            .is_some_and(Vec::is_empty)
    }
}

pub(super) fn read<T: serde::de::DeserializeOwned>(payload: Value) -> Result<T> {
    serde_json::from_value(payload).map_err(|_| SIGNAL_INVALID.into())
}

/// A description, alone or with its role.
fn described(kind: SignalKind, payload: Value, call_type: CallType, hidden: bool) -> Result<Value> {
    let shown = |sdp: &str| match hidden {
        true => relayed_only(sdp),
        false => sdp.to_owned(),
    };
    if let Value::String(sdp) = &payload {
        check_sdp(sdp, call_type)?;
        return Ok(json!(shown(sdp)));
    }
    let Described { kind: role, sdp } = read(payload)?;
    let fits = match kind {
        SignalKind::Offer => role == "offer",
        SignalKind::Answer => role == "answer",
        _ => role == "offer" || role == "answer",
    };
    check_sdp(&sdp, call_type)?;
    match fits {
        true => Ok(json!({ "type": role, "sdp": shown(&sdp) })),
        false => Err(SIGNAL_INVALID.into()),
    }
}

/// The candidates of a payload: one, several, or a list of them by name.
fn candidates(payload: Value) -> Result<Vec<IceCandidate>> {
    let list = match payload {
        Value::Object(mut members) if members.len() == 1 => match members.remove("candidates") {
            Some(list) => list,
            None => json!([Value::Object(members)]),
        },
        Value::Object(members) => json!([Value::Object(members)]),
        other => other,
    };
    let list: Vec<IceCandidate> = read(list)?;
    if !(1..=BATCH_MAX).contains(&list.len()) {
        return Err(SIGNAL_INVALID.into());
    }
    list.iter().try_for_each(IceCandidate::check)?;
    Ok(list)
}

/// When what is stored of a call's signals may go: no call is live then any more.
pub(super) fn expires(call: &Call) -> i64 {
    let ends = call.ring_expires_at.plus(CALL_MS_MAX + HOUR_MS);
    ends.plus(KEPT_MS).seconds()
}

/// A stored signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// `cal_…`
    #[serde(rename = "pk")]
    pub call_id: String,
    /// Its number, growing.
    pub n: i64,
    /// Side that sent it: `caller` or `receiver`.
    pub side: String,
    /// What it is.
    pub kind: SignalKind,
    /// What it says: JSON, deflated (RFC 1951).
    pub payload: Bytes,
    /// When.
    #[serde(with = "millis")]
    pub at: Time,
    /// TTL, epoch seconds.
    pub expires: i64,
}

impl Item for Signal {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Call signal";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.call_id, self.n)
    }
}

impl Signal {
    /// What the sort keys begin with.
    pub const PREFIX: &'static str = "sig#";

    /// Where a signal lies.
    pub fn key_of(call_id: &str, n: i64) -> Key {
        Key::new(call_id, Self::place(n))
    }

    /// Sort key of a number.
    pub fn place(n: i64) -> String {
        format!("{}{n:04}", Self::PREFIX)
    }

    /// A signal of a side under a number.
    pub fn new(call: &Call, n: i64, side: Side, checked: &Checked, now: Time) -> Self {
        let text = checked.payload.to_string();
        let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), EFFORT);
        Self {
            call_id: call.call_id.clone(),
            n,
            side: side.as_str().to_owned(),
            kind: checked.kind,
            payload: Bytes(packed),
            at: now,
            expires: expires(call),
        }
    }

    /// What it says.
    ///
    /// # Errors
    /// 500 when the bytes are not what was written.
    pub fn said(&self) -> Result<Value> {
        let limit = 2 * PAYLOAD_BYTES_MAX.max(SDP_BYTES_MAX);
        let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(&self.payload.0, limit);
        let plain = plain.map_err(|_| INTERNAL_ERROR.because("a signal cannot be read"))?;
        serde_json::from_slice(&plain).map_err(|cause| INTERNAL_ERROR.because(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "candidate:1 1 udp 1 192.0.2.7 7 typ host";

    fn check(kind: SignalKind, payload: Value) -> Result<Checked> {
        Checked::of(kind, Some(payload), CallType::Audio, false)
    }

    #[test]
    fn candidates_come_alone_or_in_lists() {
        let one = json!({ "candidate": HOST, "sdpMid": "0", "sdpMLineIndex": 0 });
        for payload in [
            one.clone(),
            json!([one]),
            json!({ "candidates": [one] }),
            json!({ "candidate": HOST }),
        ] {
            let checked = check(SignalKind::Candidates, payload).expect("candidates");
            assert_eq!(checked.payload["candidates"][0]["candidate"], HOST);
        }
        let many: Vec<_> = (0..=BATCH_MAX).map(|_| one.clone()).collect();
        for wrong in [
            json!([]),
            json!(many),
            json!("x"),
            json!({ "candidates": [{}] }),
        ] {
            assert!(check(SignalKind::Candidates, wrong).is_err());
        }
    }

    #[test]
    fn who_hides_the_address_sends_relayed_candidates_only() {
        let payload = Some(json!([{ "candidate": HOST }]));
        let hidden = Checked::of(SignalKind::Candidates, payload, CallType::Audio, true);
        assert!(hidden.expect("checked").is_empty());
    }

    #[test]
    fn other_signals_say_what_they_may() {
        assert!(check(SignalKind::Media, json!({ "audio": true })).is_ok());
        assert!(check(SignalKind::Media, json!({ "html": "<b>" })).is_err());
        assert!(Checked::of(SignalKind::Resync, None, CallType::Audio, false).is_ok());
        assert!(check(SignalKind::Resync, json!("x")).is_err());
        assert!(check(SignalKind::Offer, json!("v=0")).is_err());
        let long = json!({ "candidate": "x".repeat(PAYLOAD_BYTES_MAX) });
        assert!(check(SignalKind::Candidates, long).is_err());
    }
}
