//! AWS Signature Version 4, as the `AWS_IAM` authorizer checks it on the admin API.

use aws_lc_rs::{constant_time, digest, hmac};
use shared::Time;

use super::{HttpRequest, percent_decode};

/// How far the signature's time may be from ours, seconds.
pub const SKEW_SECONDS_MAX: i64 = 300;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "execute-api";

/// The parts of an `Authorization` header.
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    scope: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

/// The access key that signed the request, or `None`: not signed, unknown, too old, altered.
pub fn verify<'a>(
    request: &'a HttpRequest,
    region: &str,
    now: Time,
    secret_of: impl Fn(&str) -> Option<String>,
) -> Option<&'a str> {
    let claim = Claim::read(request.header("authorization")?)?;
    if claim.scope != format!("{}/{region}/{SERVICE}/aws4_request", claim.date) {
        return None;
    }
    let stamp = request.header("x-amz-date")?;
    let signed_at = time_of(stamp)?;
    let skew = (now.ms() - signed_at.ms()).abs();
    if !stamp.starts_with(claim.date) || skew > SKEW_SECONDS_MAX * 1_000 {
        return None;
    }
    if !claim.signed.contains(&"host") || !covers_amazon_headers(request, &claim.signed) {
        return None;
    }
    let secret = secret_of(claim.access_key_id)?;
    let text = string_to_sign(request, &claim, stamp)?;
    let expected = sign(&secret, claim.scope, &text);
    let given = claim.signature.as_bytes();
    constant_time::verify_slices_are_equal(expected.as_bytes(), given).ok()?;
    Some(claim.access_key_id)
}

impl<'a> Claim<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let parts = header.strip_prefix(ALGORITHM)?.trim_start();
        let (mut credential, mut signed, mut signature) = (None, None, None);
        for part in parts.split(',') {
            match part.trim().split_once('=')? {
                ("Credential", value) => credential = Some(value),
                ("SignedHeaders", value) => signed = Some(value),
                ("Signature", value) => signature = Some(value),
                _ => return None,
            }
        }
        let (access_key_id, scope) = credential?.split_once('/')?;
        let (date, _) = scope.split_once('/')?;
        let signed = signed?.split(';').collect();
        Some(Self {
            access_key_id,
            date,
            scope,
            signed,
            signature: signature?,
        })
    }
}

fn covers_amazon_headers(request: &HttpRequest, signed: &[&str]) -> bool {
    let names = request
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase());
    // Nobody adds an `x-amz-` header on the way, so an unsigned one was smuggled in; the hash is
    // checked by its value, and a session token means nothing here.
    let free = ["x-amz-content-sha256", "x-amz-security-token"];
    names
        .filter(|name| name.starts_with("x-amz-") && !free.contains(&name.as_str()))
        .all(|name| signed.contains(&name.as_str()))
}

fn string_to_sign(request: &HttpRequest, claim: &Claim<'_>, stamp: &str) -> Option<String> {
    let canonical = canonical_request(request, &claim.signed)?;
    let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    Some(format!("{ALGORITHM}\n{stamp}\n{}\n{hash}", claim.scope))
}

fn canonical_request(request: &HttpRequest, signed: &[&str]) -> Option<String> {
    let mut headers = String::new();
    for name in signed {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return None;
        }
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    Some(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        request.method,
        canonical_path(request.path()),
        canonical_query(request.query()),
        signed.join(";"),
        payload_hash(request)?,
    ))
}

/// Every segment is encoded once more than it was on the wire, as for every service but S3.
fn canonical_path(path: &str) -> String {
    if path.is_empty() {
        return "/".into();
    }
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| {
            (
                encode(&percent_decode(name)),
                encode(&percent_decode(value)),
            )
        })
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn payload_hash(request: &HttpRequest) -> Option<String> {
    let actual = hex(digest::digest(&digest::SHA256, &request.body).as_ref());
    match request.header("x-amz-content-sha256") {
        None => Some(actual),
        Some(claimed) => (claimed == actual).then_some(actual),
    }
}

fn sign(secret: &str, scope: &str, text: &str) -> String {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part);
    }
    hex(&mac(&key, text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// RFC 3986: everything but the unreserved characters is escaped.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20260131T090000Z`.
fn time_of(stamp: &str) -> Option<Time> {
    if stamp.len() != 16 || !stamp.is_ascii() {
        return None;
    }
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(9, 11), part(11, 13), part(13, 15));
    Time::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// Signs a request in place, for tests and tools that act as a local administrator.
pub fn sign_request(
    request: &mut HttpRequest,
    region: &str,
    access_key_id: &str,
    secret: &str,
    now: Time,
) {
    let stamp: String = now
        .to_string()
        .chars()
        .take(19)
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    let stamp = format!("{stamp}Z");
    let date = stamp.get(..8).unwrap_or_default().to_owned();
    request.headers.push(("x-amz-date".into(), stamp.clone()));
    if request.header("host").is_none() {
        request.headers.push(("host".into(), "127.0.0.1".into()));
    }
    let scope = format!("{date}/{region}/{SERVICE}/aws4_request");
    let signed = vec!["host", "x-amz-date"];
    let claim = Claim {
        access_key_id,
        date: &date,
        scope: &scope,
        signed: signed.clone(),
        signature: "",
    };
    let text = string_to_sign(request, &claim, &stamp).unwrap_or_default();
    let signature = sign(secret, &scope, &text);
    let header = format!(
        "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={}, Signature={signature}",
        signed.join(";"),
    );
    request.headers.push(("authorization".into(), header));
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AKIDEXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const NOW: Time = Time(1_440_938_160_000);

    fn vanilla() -> HttpRequest {
        let headers = [
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        HttpRequest {
            method: "GET".into(),
            target: "/".into(),
            headers,
            ..Default::default()
        }
    }

    /// `get-vanilla` of the test suite that AWS published for Signature Version 4.
    #[test]
    fn it_signs_as_aws_published() {
        let (request, scope) = (vanilla(), "20150830/us-east-1/service/aws4_request");
        let signed = vec!["host", "x-amz-date"];
        let claim = Claim {
            access_key_id: KEY,
            date: "20150830",
            scope,
            signed,
            signature: "",
        };
        let text = string_to_sign(&request, &claim, "20150830T123600Z").unwrap();
        assert_eq!(
            sign(SECRET, scope, &text),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
    }

    fn signed() -> HttpRequest {
        let mut request = HttpRequest {
            method: "POST".into(),
            target: "/api/admin/users/a%20b?q=b&q=a&empty=&plus=a+b".into(),
            body: b"{}".to_vec(),
            ..Default::default()
        };
        sign_request(&mut request, "us-east-1", KEY, SECRET, NOW);
        request
    }

    fn check(request: &HttpRequest, now: Time) -> bool {
        let secret = |id: &str| (id == KEY).then(|| SECRET.to_owned());
        verify(request, "us-east-1", now, secret).is_some()
    }

    #[test]
    fn a_signature_holds_for_five_minutes_and_for_one_region() {
        let request = signed();
        for (seconds, accepted) in [(0, true), (300, true), (-300, true), (301, false)] {
            assert_eq!(
                check(&request, NOW.plus(seconds * 1_000)),
                accepted,
                "{seconds}"
            );
        }
        let secret = |_: &str| Some(SECRET.to_owned());
        assert!(verify(&request, "eu-central-1", NOW, secret).is_none());
        assert!(verify(&request, "us-east-1", NOW, |_| None).is_none());
    }

    #[test]
    fn whatever_is_altered_is_refused() {
        let alterations: [fn(&mut HttpRequest); 7] = [
            |request| request.body = b"{ }".to_vec(),
            |request| request.method = "PUT".into(),
            |request| request.target = request.target.replace("a%20b", "a%20c"),
            |request| request.target.push_str("&more=1"),
            |request| request.headers.push(("x-amz-extra".into(), "1".into())),
            |request| request.headers.retain(|(name, _)| name != "host"),
            |request| {
                let name = "x-amz-content-sha256".to_owned();
                request.headers.push((name, "UNSIGNED-PAYLOAD".into()));
            },
        ];
        assert!(check(&signed(), NOW));
        for (number, alter) in alterations.iter().enumerate() {
            let mut request = signed();
            alter(&mut request);
            assert!(!check(&request, NOW), "alteration {number}");
        }
    }
}
