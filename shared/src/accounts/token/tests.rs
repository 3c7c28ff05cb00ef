use serde_json::{Value, json};

use super::*;
use crate::accounts::keys;

const NOW: Time = Time(1_700_000_000_000);

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: "usr_01J00000000000000000000000".into(),
        sid: "ses_01J00000000000000000000000".into(),
        iat: NOW.seconds(),
        exp: NOW.seconds() + ACCESS_SECONDS,
        jti: "01J00000000000000000000000".into(),
        generation: 1,
        aal: 1,
        auth_time: NOW.seconds(),
    }
}

struct Pair {
    private: PrivateKeys,
    signer: Signer,
    verifier: Verifier,
}

fn pair() -> Pair {
    pair_of([1; 32])
}

fn pair_of(seed: [u8; 32]) -> Pair {
    let (private, public) = keys::first("key-1", seed, NOW).expect("keys");
    let signer = Signer::of(&private, NOW).expect("signer");
    Pair {
        private,
        signer,
        verifier: Verifier::of(&public).expect("verifier"),
    }
}

/// A token with any header and claims, signed with the right key.
fn forge(pair: &Pair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &pair.signer.key, Algorithm::EdDSA);
    format!("{message}.{}", signature.expect("signed"))
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "key-1" })
}

fn code(pair: &Pair, token: &str, now: Time) -> Result<(), &'static str> {
    pair.verifier
        .verify(token, now)
        .map(|_| ())
        .map_err(|error| error.fault().code)
}

#[test]
fn a_signed_token_counts_until_five_seconds_after_its_end() {
    let pair = pair();
    let token = pair.signer.sign(&claims()).expect("token");
    assert_eq!(pair.verifier.verify(&token, NOW).expect("claims"), claims());
    let end = Time((NOW.seconds() + ACCESS_SECONDS) * 1_000);
    assert_eq!(code(&pair, &token, end.plus(5_000)), Ok(()));
    assert_eq!(code(&pair, &token, end.plus(5_001)), Err("TOKEN_EXPIRED"));
    assert_eq!(
        code(&pair, &forge(&pair, &header(), &json!(claims())), NOW),
        Ok(())
    );
}

#[test]
fn headers_other_than_ours_are_refused() {
    let pair = pair();
    let body = json!(claims());
    for (name, value) in [
        ("jku", json!("https://evil.test")),
        ("x5u", json!("https://evil.test")),
        ("jwk", json!({ "kty": "OKP" })),
        ("jwk", Value::Null),
        ("crit", json!(["exp"])),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("typ", json!("JWT")),
        ("kid", json!("key-2")),
        ("kid", Value::Null),
    ] {
        let mut head = header();
        head[name] = value;
        assert_eq!(
            code(&pair, &forge(&pair, &head, &body), NOW),
            Err("TOKEN_INVALID"),
            "{head}"
        );
    }
}

#[test]
fn every_claim_is_required_and_exact() {
    let pair = pair();
    let names = json!(claims())
        .as_object()
        .expect("object")
        .keys()
        .cloned()
        .collect::<Vec<_>>();
    assert_eq!(names.len(), 10);
    for name in names {
        let mut body = json!(claims());
        body.as_object_mut().expect("object").remove(&name);
        assert_eq!(
            code(&pair, &forge(&pair, &header(), &body), NOW),
            Err("TOKEN_INVALID")
        );
        body[&name] = json!(["other", AUDIENCE, ISSUER]);
        assert_eq!(
            code(&pair, &forge(&pair, &header(), &body), NOW),
            Err("TOKEN_INVALID")
        );
    }
    for (name, value) in [
        ("iss", json!("x")),
        ("aud", json!("x")),
        ("aal", json!(3)),
        ("gen", json!(0)),
    ] {
        let mut body = json!(claims());
        body[name] = value;
        assert_eq!(
            code(&pair, &forge(&pair, &header(), &body), NOW),
            Err("TOKEN_INVALID")
        );
    }
}

#[test]
fn foreign_and_broken_signatures_are_refused() {
    let pair = pair();
    let token = pair.signer.sign(&claims()).expect("token");
    let (message, signature) = token.rsplit_once('.').expect("parts");
    let foreign = pair_of([2; 32]).signer.sign(&claims()).expect("token");
    for broken in [
        foreign,
        message.to_owned(),
        format!("{message}."),
        format!("{message}.AAAA"),
        format!("{message}.{signature}.x"),
        format!("x{token}"),
        String::new(),
        "....".to_owned(),
        "x".repeat(TOKEN_BYTES_MAX + 1),
    ] {
        assert_eq!(code(&pair, &broken, NOW), Err("TOKEN_INVALID"), "{broken}");
    }
    // HS256 keyed with the public key, the classic confusion.
    let head = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "key-1" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&json!(claims())));
    let key = EncodingKey::from_secret(pair.private.keys[0].pkcs8.as_bytes());
    let mac = jsonwebtoken::crypto::sign(text.as_bytes(), &key, Algorithm::HS256).expect("mac");
    assert_eq!(
        code(&pair, &format!("{text}.{mac}"), NOW),
        Err("TOKEN_INVALID")
    );
}

#[test]
fn the_newest_key_that_has_begun_signs() {
    let (mut set, _) = keys::first("old", [1; 32], NOW).expect("keys");
    let (next, _) = keys::first("new", [2; 32], NOW.plus(1)).expect("keys");
    set.keys.extend(next.keys);
    assert_eq!(Signer::of(&set, NOW).expect("signer").kid, "old");
    assert_eq!(Signer::of(&set, NOW.plus(1)).expect("signer").kid, "new");
    assert!(Signer::of(&set, NOW.plus(-1)).is_err());
}

#[test]
fn a_retired_key_counts_no_more() {
    let (private, mut public) = keys::first("key-1", [1; 32], NOW).expect("keys");
    public.keys[0].retire_at = Some(NOW.plus(10));
    let token = Signer::of(&private, NOW)
        .expect("signer")
        .sign(&claims())
        .expect("token");
    let verifier = Verifier::of(&public).expect("verifier");
    assert!(verifier.verify(&token, NOW.plus(9)).is_ok());
    assert!(
        verifier
            .verify(&token, NOW.plus(10))
            .is_err_and(|e| e.is(&TOKEN_INVALID))
    );
}
