//! What names something: ids, times, keys, principals, addresses. One spelling each.

use std::sync::LazyLock;

use shared::Time;
use shared::accounts::address::address_prefix;
use shared::admin::Principal;
use shared::http::call::counted;
use shared::http::once::key_of;
use shared::id::{bytes_of, id_of, is_id};
use shared::messaging::{conversation_id, message_at, message_id};
use shared::relay::PublicKey;

use super::Target;

/// Ids, times, keys of devices and of requests, ARNs, network addresses.
pub const IDENTIFIER: Target = Target {
    name: "identifier",
    samples: || &NAMES,
    holds: identifier,
};

/// 0001-01-01 to 9999-12-30: beyond, a time shows as its edge.
const SHOWN: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_128_000_000;

static NAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let conversation = conversation_id(&id_of("usr", [1; 16]), &id_of("usr", [2; 16]));
    let message = message_id(&conversation, [3; 16]).expect("an id");
    let key = shared::crypto::encode(
        ed25519_dalek::SigningKey::from_bytes(&[7; 32])
            .verifying_key()
            .as_bytes(),
    );
    [
        &id_of("usr", [0xff; 16]),
        &message,
        "2026-01-05T12:00:00.007Z",
        "2026-01-05T12:00:00+23:59[UTC]",
        &key,
        "arn:aws:sts::123456789012:assumed-role/pairly-support/jo@example.com",
        "arn:aws:iam::123456789012:user/ops/jo",
        "\"01J8-abc.def:1_2\"",
        "2001:db8:1:2:3::4",
        "::ffff:192.0.2.77",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
});

fn identifier(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for prefix in ["usr", "ses", "cal", "msg", ""] {
        let bytes = bytes_of(prefix, &text);
        assert_eq!(bytes.is_some(), is_id(prefix, &text));
        if let Some(bytes) = bytes {
            assert_eq!(id_of(prefix, bytes), text, "one spelling");
        }
    }
    if let Some(place) = message_at(&text) {
        let key = place.sk.strip_prefix("msg#").expect("a message");
        let key = bytes_of("msg", &format!("msg_{key}")).expect("a key");
        assert_eq!(message_id(&place.pk, key).as_deref(), Some(&*text));
    }
    if let Some(time) = Time::parse(&text)
        && SHOWN.contains(&time.ms())
    {
        assert_eq!(Time::parse(&time.to_string()), Some(time), "{text}");
        let _ = (time.http(), time.date());
    }
    match PublicKey::parse(&text) {
        Ok(key) => assert_eq!(key.text(), text),
        Err(error) => assert_eq!(error.fault().code, "INVALID_KEY"),
    }
    if let Some(principal) = Principal::parse(&text) {
        assert_eq!(principal.arn, text);
        let session = &principal.session_name;
        assert!(!session.is_empty() && !session.contains(['/', '*']));
    }
    if let Ok(key) = key_of(&text) {
        assert_eq!(key_of(key).ok(), Some(key));
        assert!(key.is_ascii() && (8..=255).contains(&key.len()));
    }
    let place = address_prefix(&text);
    let known = place == "unknown" || place.ends_with("/24") || place.ends_with("/48");
    assert!(known && place != text, "{text}: {place}");
    assert_eq!(counted(&text) == "unknown", place == "unknown");
}
