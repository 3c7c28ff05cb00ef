//! Session descriptions (RFC 8866), checked as far as the two ends have to rely on it: lines as
//! they must be, media over DTLS with a fingerprint (RFC 8122), and no picture in a call of sound.

use std::borrow::Cow;

use super::candidate::{kind_of, veiled};
use super::words::CallType;
use crate::error::{Result, SIGNAL_INVALID};

/// Longest description, bytes.
pub const SDP_BYTES_MAX: usize = 16 * 1024;
/// Most candidates of one side.
pub const CANDIDATES_MAX: usize = 64;
/// Most media of one description.
const MEDIA_MAX: usize = 16;
/// What lines may begin with (RFC 8866 §5).
const TYPES: &[u8] = b"vosiuepcbtrzkam";

/// One medium.
#[derive(Default)]
struct Medium<'a> {
    kind: &'a str,
    is_off: bool,
    directed: bool,
    is_secured: bool,
    fingerprint: bool,
    ufrag: bool,
    password: bool,
}

/// Checks a description for a call of this type.
///
/// # Errors
/// 422 `SIGNAL_INVALID`.
pub fn check_sdp(text: &str, call_type: CallType) -> Result<()> {
    match sound(text, call_type) {
        Some(()) => Ok(()),
        None => Err(SIGNAL_INVALID.into()),
    }
}

/// The description without what tells an address of the person's own: candidates that are not
/// relayed, what is behind those that are, and the defaults that stand in other lines. As in a
/// description of who has not gathered any candidate yet (RFC 8840 §4.1.1), the defaults become
/// `0.0.0.0` and port 9.
pub fn relayed_only(text: &str) -> String {
    let lines = text.split_inclusive('\n').filter_map(|line| {
        let plain = line.trim_end_matches(['\r', '\n']);
        let end = line.get(plain.len()..).unwrap_or_default();
        hidden(plain).map(|plain| format!("{plain}{end}"))
    });
    lines.collect()
}

/// A line as the other end may know it, if it may.
fn hidden(line: &str) -> Option<Cow<'_, str>> {
    let own = |text: &str| Some(Cow::Owned(text.to_owned()));
    let (kind, value) = line.split_once('=').unwrap_or((line, ""));
    match (kind, value.split_once(':').unwrap_or((value, ""))) {
        ("a", ("candidate", _)) => veiled(line).map(Cow::Owned),
        ("a", ("remote-candidates", _)) => None,
        ("a", ("rtcp", _)) => own("a=rtcp:9 IN IP4 0.0.0.0"),
        ("c", _) => own("c=IN IP4 0.0.0.0"),
        ("o", _) => {
            let words: Vec<_> = value.split(' ').collect();
            let (session, version) = match words.as_slice() {
                [_, session, version, ..] => (*session, *version),
                _ => ("0", "0"),
            };
            Some(Cow::Owned(format!(
                "o=- {session} {version} IN IP4 0.0.0.0"
            )))
        }
        ("m", _) => {
            let mut words: Vec<_> = value.split(' ').collect();
            let is_off = |port: &str| port.parse() == Ok(0_u16);
            if let Some(port) = words.get_mut(1).filter(|port| !is_off(port)) {
                *port = "9";
            }
            Some(Cow::Owned(format!("m={}", words.join(" "))))
        }
        _ => Some(Cow::Borrowed(line)),
    }
}

fn sound(text: &str, call_type: CallType) -> Option<()> {
    let (session, media) = read(text)?;
    let alive: Vec<_> = media.iter().filter(|medium| !medium.is_off).collect();
    let secured = |medium: &&Medium<'_>| {
        medium.is_secured
            && (medium.fingerprint || session.fingerprint)
            && (medium.ufrag || session.ufrag)
            && (medium.password || session.password)
    };
    let paid = |medium: &&Medium<'_>| match medium.kind {
        "audio" | "application" => true,
        "video" => call_type == CallType::Video,
        _ => false,
    };
    // A bundle may leave fingerprint and password to its first medium.
    let first = alive.first()?;
    let all = alive.iter().all(|medium| paid(medium) && medium.is_secured);
    (secured(first) && all).then_some(())
}

/// The session's own part and its media; none when a line is malformed.
fn read(text: &str) -> Option<(Medium<'_>, Vec<Medium<'_>>)> {
    let plain = |byte: u8| byte >= b' ' && byte != 0x7f || byte == b'\r' || byte == b'\n';
    if text.len() > SDP_BYTES_MAX || !text.bytes().all(plain) {
        return None;
    }
    let (mut session, mut media): (Medium<'_>, Vec<Medium<'_>>) = (Medium::default(), Vec::new());
    let (mut head, mut candidates) = (Vec::new(), 0);
    let text = text.strip_suffix('\n').unwrap_or(text);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (kind, value) = line.split_once('=')?;
        let &[letter] = kind.as_bytes() else {
            return None;
        };
        if !TYPES.contains(&letter) || line.contains('\r') {
            return None;
        }
        if letter == b'm' {
            media.push(medium(value)?);
            continue;
        }
        if media.is_empty() {
            head.push(letter);
        }
        if letter == b'a' {
            candidates += usize::from(value.starts_with("candidate:"));
            attribute(media.last_mut().unwrap_or(&mut session), value)?;
        }
    }
    let has = |letter: &u8| head.contains(letter);
    let begins = head.first() == Some(&b'v') && text.starts_with("v=0");
    let whole = begins && [b'o', b's', b't'].iter().all(has);
    let few = media.len() <= MEDIA_MAX && candidates <= CANDIDATES_MAX;
    (whole && few && !media.is_empty()).then_some((session, media))
}

/// `audio 9 UDP/TLS/RTP/SAVPF 111`
fn medium(value: &str) -> Option<Medium<'_>> {
    let mut words = value.split(' ');
    let (kind, port, proto) = (words.next()?, words.next()?, words.next()?);
    let port: u16 = port.parse().ok()?;
    words.next()?;
    Some(Medium {
        kind,
        is_off: port == 0,
        is_secured: proto.split('/').any(|part| part == "TLS" || part == "DTLS"),
        ..Medium::default()
    })
}

fn attribute(medium: &mut Medium<'_>, value: &str) -> Option<()> {
    let (name, rest) = value.split_once(':').unwrap_or((value, ""));
    match name {
        "fingerprint" => {
            is_fingerprint(rest).then_some(())?;
            medium.fingerprint = true;
        }
        "ice-ufrag" => {
            (4..=256).contains(&rest.len()).then_some(())?;
            medium.ufrag = true;
        }
        "ice-pwd" => {
            (22..=256).contains(&rest.len()).then_some(())?;
            medium.password = true;
        }
        "candidate" => {
            kind_of(value)?;
        }
        "sendrecv" | "sendonly" | "recvonly" | "inactive" => {
            // A browser goes by the last one, and so a second could switch a picture on again.
            (!medium.directed).then_some(())?;
            medium.directed = true;
            medium.is_off |= name == "inactive";
        }
        _ => {}
    }
    Some(())
}

/// A hash of the certificate that is strong enough (RFC 8122 §5): `sha-256 AB:CD:…`.
fn is_fingerprint(text: &str) -> bool {
    let Some((hash, bytes)) = text.split_once(' ') else {
        return false;
    };
    let length = match hash.to_ascii_lowercase().as_str() {
        "sha-256" => 32,
        "sha-384" => 48,
        "sha-512" => 64,
        _ => return false,
    };
    let pairs: Vec<_> = bytes.split(':').collect();
    let hex = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    pairs.len() == length && pairs.iter().all(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(media: &str) -> String {
        let print = vec!["AB"; 32].join(":");
        format!(
            "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
             a=group:BUNDLE 0\r\na=ice-ufrag:EEtu\r\na=ice-pwd:{}\r\n\
             a=fingerprint:sha-256 {print}\r\na=setup:actpass\r\n{media}",
            "p".repeat(24)
        )
    }

    const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
        a=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n";
    const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n";

    #[test]
    fn descriptions_of_browsers_are_taken() {
        assert!(check_sdp(&offer(AUDIO), CallType::Audio).is_ok());
        let both = offer(&format!("{AUDIO}{VIDEO}"));
        assert!(check_sdp(&both, CallType::Video).is_ok());
        // A picture that is switched off belongs to no price.
        let off = VIDEO.replace("m=video 9", "m=video 0");
        assert!(check_sdp(&offer(&format!("{AUDIO}{off}")), CallType::Audio).is_ok());
    }

    #[test]
    fn a_picture_does_not_travel_at_the_price_of_sound() {
        let both = offer(&format!("{AUDIO}{VIDEO}"));
        assert!(check_sdp(&both, CallType::Audio).is_err());
    }

    #[test]
    fn what_is_malformed_or_not_secured_is_refused() {
        let good = offer(AUDIO);
        let many = "a=candidate:1 1 udp 1 192.0.2.7 7 typ host\r\n".repeat(CANDIDATES_MAX + 1);
        let wrong = [
            String::new(),
            "v=0".to_owned(),
            offer(""),
            good.replace("v=0", "v=1"),
            good.replace("t=0 0\r\n", ""),
            good.replace("sha-256", "md5"),
            good.replace("a=fingerprint:sha-256 AB:", "a=fingerprint:sha-256 "),
            good.replace("a=ice-pwd:", "a=nothing:"),
            good.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
            good.replace("m=audio 9", "m=audio 99999"),
            good.replace("m=audio", "m=text"),
            good.replace("a=sendrecv", "a=inactive\r\na=sendrecv"),
            format!("{good}a=candidate:nonsense\r\n"),
            format!("{good}{many}"),
            format!("{good}evil\r\n"),
            format!("{good}a=x\u{0}\r\n"),
            format!("{good}a={}\r\n", "x".repeat(SDP_BYTES_MAX)),
        ];
        for text in wrong {
            let start: String = text.chars().take(60).collect();
            assert!(check_sdp(&text, CallType::Audio).is_err(), "{start}");
        }
    }

    #[test]
    fn a_hidden_address_stands_in_no_line() {
        let text = offer(
            "m=audio 50000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 203.0.113.7\r\n\
             a=rtcp:50001 IN IP4 203.0.113.7\r\na=mid:0\r\n\
             a=candidate:1 1 udp 1 203.0.113.7 7 typ host\r\n\
             a=candidate:2 1 udp 1 198.51.100.9 7 typ relay raddr 203.0.113.7 rport 7\r\n\
             a=remote-candidates:1 203.0.113.7 7\r\nm=application 0 UDP/DTLS/SCTP x\r\n",
        );
        let text = text.replace("127.0.0.1", "203.0.113.7");
        assert!(check_sdp(&text, CallType::Audio).is_ok());
        let hidden = relayed_only(&text);
        assert!(!hidden.contains("203.0.113.7"), "{hidden}");
        assert!(check_sdp(&hidden, CallType::Audio).is_ok());
        for line in [
            "o=- 4611731400430051336 2 IN IP4 0.0.0.0\r\n",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n",
            "a=candidate:2 1 udp 1 198.51.100.9 7 typ relay raddr 0.0.0.0 rport 9\r\n",
            "m=application 0 UDP",
        ] {
            assert!(hidden.contains(line), "{line}: {hidden}");
        }
        assert_eq!(relayed_only(&hidden), hidden);
    }
}
