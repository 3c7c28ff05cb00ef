//! ICE candidates (RFC 8839 §5.1), checked before anybody else's browser sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, SIGNAL_INVALID};

/// Longest candidate, bytes.
pub const CANDIDATE_BYTES_MAX: usize = 512;
/// Words before the pairs of name and value: foundation to type.
const HEAD_WORDS: usize = 8;
/// Longest tag of a medium and longest fragment of a user name.
const TAG_BYTES_MAX: usize = 256;

/// A candidate as browsers describe it (W3C WebRTC, *RTCIceCandidateInit*). An empty text says
/// that there are no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IceCandidate {
    /// `candidate:…`, or empty.
    #[schemars(length(max = 512))]
    pub candidate: String,
    /// Tag of the medium it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub sdp_mid: Option<String>,
    /// Index of that medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 255), rename = "sdpMLineIndex")]
    #[serde(rename = "sdpMLineIndex")]
    pub sdp_m_line_index: Option<i64>,
    /// Fragment that tells generations of candidates apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub username_fragment: Option<String>,
}

impl IceCandidate {
    /// Checks it.
    ///
    /// # Errors
    /// 422 `SIGNAL_INVALID`.
    pub fn check(&self) -> Result<()> {
        let tags = [&self.sdp_mid, &self.username_fragment];
        let tags_fit = tags.into_iter().flatten().all(|tag| is_tag(tag));
        let index_fits = self
            .sdp_m_line_index
            .is_none_or(|at| (0..=255).contains(&at));
        let fits = self.candidate.is_empty() || kind_of(&self.candidate).is_some();
        match tags_fit && index_fits && fits {
            true => Ok(()),
            false => Err(SIGNAL_INVALID.into()),
        }
    }

    /// The candidate as the other end may know it when the address is hidden: the end of the list,
    /// or a relayed one without the address behind the relay; none for any other.
    pub fn hidden(mut self) -> Option<Self> {
        if !self.candidate.is_empty() {
            self.candidate = veiled(&self.candidate)?;
        }
        Some(self)
    }
}

/// A relayed candidate without the address that its relay stands for: that is the person's own as
/// the relay sees it. RFC 8839 §5.1 has `0.0.0.0` or `::` and port 9 in its place.
pub fn veiled(line: &str) -> Option<String> {
    if kind_of(line) != Some(Kind::Relay) {
        return None;
    }
    let words: Vec<&str> = line.split(' ').collect();
    let (head, pairs) = words.split_at_checked(HEAD_WORDS)?;
    let is_six = |address: &str| address.contains(':');
    let mut shown: Vec<&str> = head.to_vec();
    for pair in pairs.chunks(2) {
        let &[name, value] = pair else {
            return None;
        };
        shown.extend([
            name,
            match name.to_ascii_lowercase().as_str() {
                "raddr" if is_six(value) => "::",
                "raddr" => "0.0.0.0",
                "rport" => "9",
                _ => value,
            },
        ]);
    }
    Some(shown.join(" "))
}

fn is_tag(text: &str) -> bool {
    text.len() <= TAG_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Where an address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The device's own.
    Host,
    /// As a server sees the device.
    ServerReflexive,
    /// As the other end sees the device.
    PeerReflexive,
    /// Of a relay.
    Relay,
}

/// The kind of a well-formed candidate; none for anything else.
pub fn kind_of(line: &str) -> Option<Kind> {
    let plain = line.len() <= CANDIDATE_BYTES_MAX
        && line
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let line = line.strip_prefix("a=").unwrap_or(line);
    let mut words = line
        .strip_prefix("candidate:")
        .filter(|_| plain)?
        .split(' ');
    let (foundation, component) = (words.next()?, words.next()?);
    let (transport, priority) = (words.next()?, words.next()?);
    let (address, port) = (words.next()?, words.next()?);
    let (typ, kind) = (words.next()?, words.next()?);
    let in_range = |text: &str, max: u64| {
        let number = text.parse::<u64>().ok().filter(|_| is_number(text));
        number.is_some_and(|number| number <= max)
    };
    let ice_chars = |text: &str| {
        let ice = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
        text.bytes().all(ice)
    };
    let fits = (1..=32).contains(&foundation.len())
        && ice_chars(foundation)
        && in_range(component, 256)
        && ["udp", "tcp"]
            .iter()
            .any(|known| transport.eq_ignore_ascii_case(known))
        && in_range(priority, (1 << 32) - 1)
        && is_address(address)
        && in_range(port, 65_535)
        && typ == "typ";
    // What follows comes in pairs of name and value.
    let rest: Vec<_> = words.collect();
    let paired = rest.len().is_multiple_of(2) && rest.iter().all(|word| !word.is_empty());
    match kind {
        _ if !fits || !paired => None,
        "host" => Some(Kind::Host),
        "srflx" => Some(Kind::ServerReflexive),
        "prflx" => Some(Kind::PeerReflexive),
        "relay" => Some(Kind::Relay),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An IP address or a name, such as the `….local` that browsers use to hide one.
fn is_address(text: &str) -> bool {
    let name = |text: &str| {
        let part = |part: &str| {
            (1..=63).contains(&part.len())
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        text.len() <= 253 && text.split('.').all(part)
    };
    text.parse::<std::net::IpAddr>().is_ok() || name(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx \
        raddr 10.0.0.17 rport 46154 generation 0 ufrag EEtu network-id 1";

    #[test]
    fn what_browsers_say_is_understood() {
        assert_eq!(kind_of(HOST), Some(Kind::ServerReflexive));
        let mdns = "candidate:1 1 UDP 2122252543 9b36eaac-bb2e-49bb.local 50000 typ host";
        assert_eq!(kind_of(mdns), Some(Kind::Host));
        let relay = "candidate:3 1 udp 41819902 2001:db8::1 60000 typ relay raddr :: rport 0";
        assert_eq!(kind_of(relay), Some(Kind::Relay));
        let tcp = "a=candidate:4 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active";
        assert_eq!(kind_of(tcp), Some(Kind::Host));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("{HOST} {}", "x".repeat(CANDIDATE_BYTES_MAX));
        for wrong in [
            "candidate:",
            "candidate:1 1 udp 1 192.0.2.7 70000 typ host",
            "candidate:1 1 sctp 1 192.0.2.7 7 typ host",
            "candidate:1 1 udp 99999999999 192.0.2.7 7 typ host",
            "candidate:1 1 udp 1 not_an_address 7 typ host",
            "candidate:1 1 udp 1 192.0.2.7 7 typ magic",
            "candidate:1 1 udp 1 192.0.2.7 7 typ host raddr",
            "candidate:1 1 udp 1 192.0.2.7 7 typ host\r\na=evil:1",
            "candidate:1 300 udp 1 192.0.2.7 7 typ host",
            long.as_str(),
        ] {
            assert_eq!(kind_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_hidden_relayed_candidate_does_not_tell_what_is_behind_the_relay() {
        let relay = |behind: &str| {
            format!("candidate:3 1 udp 41819902 198.51.100.9 60000 typ relay {behind} generation 0")
        };
        for (told, shown) in [
            ("raddr 203.0.113.7 rport 46154", "raddr 0.0.0.0 rport 9"),
            ("RADDR 2001:db8::1 rport 7", "RADDR :: rport 9"),
        ] {
            assert_eq!(veiled(&relay(told)), Some(relay(shown)));
        }
        assert_eq!(veiled(HOST), None);
        assert_eq!(veiled("nonsense"), None);
    }

    #[test]
    fn the_end_of_the_list_is_an_empty_text() {
        let end = IceCandidate::default();
        assert!(end.check().is_ok() && end.clone().hidden() == Some(end));
        let host = IceCandidate {
            candidate: HOST.into(),
            ..IceCandidate::default()
        };
        assert!(host.check().is_ok() && host.clone().hidden().is_none());
        let wrong = IceCandidate {
            sdp_mid: Some("0\r\n".into()),
            ..host
        };
        assert!(wrong.check().is_err());
    }
}
