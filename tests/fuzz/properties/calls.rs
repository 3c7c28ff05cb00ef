//! Session descriptions and candidates: what the other end's browser gets is well formed, and tells
//! no address that is hidden.

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::calls::{
    BATCH_MAX, CANDIDATES_MAX, CallType, CandidateKind, Checked, IceCandidate, SDP_BYTES_MAX,
    SignalKind, check_sdp, kind_of, relayed_only, veiled,
};

use super::Target;

/// Session descriptions (RFC 8866).
pub const SESSION_DESCRIPTION: Target = Target {
    name: "session_description",
    samples: || &DESCRIPTIONS,
    holds: session_description,
};
/// Candidates (RFC 8839 §5.1), alone and in signals.
pub const CANDIDATE: Target = Target {
    name: "candidate",
    samples: || &CANDIDATES,
    holds: candidate,
};

const DIRECTIONS: [&str; 4] = ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"];

static DESCRIPTIONS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let print = vec!["AB"; 32].join(":");
    let head = format!(
        "v=0\r\no=- 4611731400430051336 2 IN IP4 203.0.113.7\r\ns=-\r\nt=0 0\r\n\
         a=ice-ufrag:EEtu\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {print}\r\n",
        "p".repeat(24)
    );
    let audio = "m=audio 50000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 203.0.113.7\r\n\
        a=rtcp:50001 IN IP4 203.0.113.7\r\na=mid:0\r\na=sendrecv\r\n\
        a=candidate:1 1 udp 2113937151 203.0.113.7 54400 typ host\r\n\
        a=candidate:2 1 udp 41819902 198.51.100.9 6 typ relay raddr 203.0.113.7 rport 4\r\n";
    let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP6 ::1\r\na=mid:1\r\na=inactive\r\n";
    let data = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    [
        format!("{head}{audio}"),
        format!("{head}{audio}{video}"),
        format!("{head}{video}{audio}{data}").replace("\r\n", "\n"),
        format!("{head}{audio}{}", video.replace("a=inactive\r\n", "")),
    ]
    .map(String::into_bytes)
    .to_vec()
});

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
}

fn session_description(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (audio, video) = (
        check_sdp(&text, CallType::Audio),
        check_sdp(&text, CallType::Video),
    );
    assert!(
        audio.is_err() || video.is_ok(),
        "what sound may, a picture may"
    );
    if video.is_err() {
        return;
    }
    assert!(text.len() <= SDP_BYTES_MAX && text.starts_with("v=0"));
    let (mut candidates, mut directions, mut media) = (0, 0, 0);
    for line in lines(&text) {
        assert!(line.as_bytes().get(1) == Some(&b'='), "{line:?}");
        assert!(!line.contains(|c: char| c.is_ascii_control()), "{line:?}");
        if line.starts_with("m=") {
            (media, directions) = (media + 1, 0);
        }
        candidates += usize::from(line.starts_with("a=candidate:"));
        directions += usize::from(DIRECTIONS.contains(&line));
        assert!(directions <= 1, "a medium has one direction");
    }
    assert!(candidates <= CANDIDATES_MAX && media > 0);
    hidden(&text, audio.is_ok());
}

/// What is left when the address is hidden.
fn hidden(text: &str, is_audio: bool) {
    let shown = relayed_only(text);
    assert_eq!(relayed_only(&shown), shown);
    if shown.len() <= SDP_BYTES_MAX {
        let call_type = if is_audio {
            CallType::Audio
        } else {
            CallType::Video
        };
        assert!(check_sdp(&shown, call_type).is_ok(), "{shown}");
    }
    for line in lines(&shown) {
        match line.split_at(2) {
            ("c=", address) => assert_eq!(address, "IN IP4 0.0.0.0"),
            ("o=", origin) => assert!(origin.ends_with(" IN IP4 0.0.0.0"), "{line}"),
            ("m=", medium) => {
                let port = medium.split(' ').nth(1).expect("a port");
                assert!(port == "9" || port.parse() == Ok(0_u16), "{line}");
            }
            ("a=", candidate) if candidate.starts_with("candidate:") => veil_holds(candidate),
            ("a=", other) => assert!(!other.starts_with("remote-candidates:"), "{line}"),
            _ => {}
        }
    }
}

/// A candidate that may be shown though the address is hidden.
fn veil_holds(line: &str) {
    assert_eq!(kind_of(line), Some(CandidateKind::Relay), "{line}");
    let words: Vec<_> = line.split(' ').collect();
    for pair in words[8..].chunks(2) {
        if pair[0].eq_ignore_ascii_case("raddr") {
            assert!(["0.0.0.0", "::"].contains(&pair[1]), "{line}");
        }
    }
}

static CANDIDATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let host = "candidate:1 1 udp 2113937151 192.0.2.7 54400 typ host generation 0 ufrag EEtu";
    let relay = "candidate:3 1 udp 41819902 2001:db8::1 60000 typ relay raddr 10.0.0.1 rport 9";
    let listed = json!({ "candidates": [
        { "candidate": relay, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "EEtu" },
        { "candidate": host }, { "candidate": "" },
    ] });
    let described = json!({ "type": "offer", "sdp": "v=0" });
    let media = json!({ "audio": true, "video": false });
    let texts = [listed, described, media].map(|value| value.to_string());
    [
        host,
        relay,
        "a=candidate:4 1 tcp 1518280447 a-b.local 9 typ host tcptype active",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(texts)
    .map(String::into_bytes)
    .collect()
});

fn candidate(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let kind = kind_of(&text);
    if kind.is_some() {
        let plain = |b: u8| b.is_ascii_graphic() || b == b' ';
        assert!(text.bytes().all(plain) && text.len() <= 512, "{text}");
    }
    let shown = veiled(&text);
    assert_eq!(
        shown.is_some(),
        kind == Some(CandidateKind::Relay),
        "{text}"
    );
    if let Some(shown) = shown {
        veil_holds(&shown);
        assert_eq!(veiled(&shown), Some(shown));
    }
    if let Ok(payload) = serde_json::from_slice::<Value>(input) {
        signal(&payload);
    }
    signal(&json!({ "candidate": text }));
}

fn signal(payload: &Value) {
    use SignalKind::{Answer, Candidates, Media, Negotiate, Offer, Resync};
    for kind in [Offer, Answer, Negotiate, Candidates, Media, Resync] {
        for hidden in [false, true] {
            let given = (kind, Some(payload.clone()), CallType::Audio, hidden);
            let Ok(checked) = Checked::of(given.0, given.1, given.2, given.3) else {
                continue;
            };
            let list = checked.payload["candidates"].as_array();
            for one in list.into_iter().flatten() {
                let one: IceCandidate = serde_json::from_value(one.clone()).expect("a candidate");
                assert!(one.check().is_ok());
                if hidden && !one.candidate.is_empty() {
                    veil_holds(&one.candidate);
                }
            }
            let few = list.is_none_or(|list| list.len() <= BATCH_MAX);
            assert!(few && checked.kind == kind);
            if !checked.is_empty() {
                let again = Checked::of(kind, Some(checked.payload.clone()), given.2, hidden);
                assert_eq!(again.ok(), Some(checked), "checking is done once");
            }
        }
    }
}
