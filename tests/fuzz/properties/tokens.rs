//! Tokens: what is accepted is letter by letter what was issued.

use std::sync::LazyLock;

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use shared::accounts::refresh::RefreshToken;
use shared::accounts::social::provider::Provider;
use shared::accounts::social::token::{Keys, Wanted};
use shared::accounts::token::{
    AUDIENCE, Claims, ISSUER, KeyState, PrivateKey, PrivateKeys, PublicKey, PublicKeys, Signer,
    Verifier,
};
use shared::crypto::{decode, encode};
use shared::error::{INVALID_CURSOR, OAUTH_FAILED, TOKEN_EXPIRED, TOKEN_INVALID};
use shared::id::id_of;
use shared::page::Cursors;
use shared::realtime::Ticket;
use shared::time::Time;

use super::Target;

/// When everything happens: a Monday noon.
const NOW: Time = Time(1_767_614_400_000);
/// The beginning of a PKCS #8 document of an Ed25519 key (RFC 8410 §7); the seed follows.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Access tokens (RFC 9068).
pub const ACCESS_TOKEN: Target = Target {
    name: "access_token",
    samples: || &ACCESS.samples,
    holds: access_token,
};
/// Refresh tokens.
pub const REFRESH_TOKEN: Target = Target {
    name: "refresh_token",
    samples: || &REFRESH,
    holds: refresh_token,
};
/// ID tokens of providers (OpenID Connect Core 1.0 §2).
pub const ID_TOKEN: Target = Target {
    name: "id_token",
    samples: || &IDENTITIES,
    holds: id_token,
};
/// Cursors of lists.
pub const CURSOR: Target = Target {
    name: "cursor",
    samples: || &CURSORS,
    holds: cursor,
};
/// Tickets of sockets, and everything else that is random bytes as text.
pub const TICKET: Target = Target {
    name: "ticket",
    samples: || &TICKETS,
    holds: ticket,
};

struct Access {
    verifier: Verifier,
    good: String,
    old: String,
    samples: Vec<Vec<u8>>,
}

fn signer(seed: u8) -> Signer {
    let document = [&PKCS8[..], &[seed; 32]].concat();
    // 48 bytes need no padding, so the two alphabets are all that differs.
    let pkcs8 = encode(&document).replace('-', "+").replace('_', "/");
    let key = PrivateKey {
        kid: "key-1".to_owned(),
        pkcs8,
        not_before: Time(0),
    };
    let keys = PrivateKeys {
        keys: vec![key],
        next: None,
    };
    Signer::of(&keys, NOW).expect("a signer")
}

static ACCESS: LazyLock<Access> = LazyLock::new(|| {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: id_of("usr", [1; 16]),
        sid: id_of("ses", [2; 16]),
        iat: NOW.seconds(),
        exp: NOW.seconds() + 1_800,
        jti: "token-1".to_owned(),
        generation: 1,
        aal: 1,
        auth_time: NOW.seconds(),
    };
    let foreign = Claims {
        aud: "somebody".to_owned(),
        ..claims.clone()
    };
    let expired = Claims {
        exp: NOW.seconds() - 60,
        ..claims.clone()
    };
    let sign = |seed: u8, claims: &Claims| signer(seed).sign(claims).expect("a token");
    let (good, old) = (sign(7, &claims), sign(7, &expired));
    let payload = good.split('.').nth(1).expect("claims");
    let header = |header: Value| encode(header.to_string().as_bytes());
    let none = header(json!({ "alg": "none", "typ": "at+jwt", "kid": "key-1" }));
    let hmac = header(json!({ "alg": "HS256", "typ": "at+jwt", "kid": "key-1" }));
    let samples = [
        good.clone(),
        old.clone(),
        sign(8, &claims),
        sign(7, &foreign),
        format!("{none}.{payload}."),
        format!("{hmac}.{payload}.{}", encode(&[0; 32])),
    ];
    let public = SigningKey::from_bytes(&[7; 32]).verifying_key();
    let key = PublicKey {
        kid: "key-1".to_owned(),
        x: encode(public.as_bytes()),
        state: KeyState::Current,
        not_before: Time(0),
        retire_at: None,
    };
    let set = PublicKeys {
        keys: vec![key],
        version: 1,
    };
    Access {
        verifier: Verifier::of(&set).expect("a verifier"),
        samples: samples.map(String::into_bytes).to_vec(),
        good,
        old,
    }
});

fn access_token(input: &[u8]) {
    let token = String::from_utf8_lossy(input);
    match ACCESS.verifier.verify(&token, NOW) {
        Ok(claims) => {
            assert_eq!(
                token, ACCESS.good,
                "a token that was not issued is accepted"
            );
            assert_eq!(claims.iss, ISSUER);
        }
        Err(error) if error.is(&TOKEN_EXPIRED) => assert_eq!(token, ACCESS.old),
        Err(error) => {
            assert!(error.is(&TOKEN_INVALID), "{error}");
            assert_ne!(token, ACCESS.good);
        }
    }
}

const SECRET: &[u8] = &[9; 32];

static REFRESH: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let session = id_of("ses", [2; 16]);
    let write = |generation, secret| RefreshToken::write(&session, generation, secret);
    let all = [
        write(1, SECRET),
        write(i64::MAX, SECRET),
        write(1, &[8; 32]),
    ];
    all.map(String::into_bytes).to_vec()
});

fn refresh_token(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Some(token) = RefreshToken::parse(&text) else {
        return;
    };
    let ours = RefreshToken::write(&token.session_id, token.generation, SECRET);
    assert_eq!(token.is_authentic(SECRET), ours == text, "{text}");
    assert!(RefreshToken::parse(&ours).is_some_and(|again| again.is_authentic(SECRET)));
}

/// Modulus of the key that signed the samples; its other half was never kept.
const MODULUS: &str = "\
    xf3vB9Z-pKxxGIGKxHjqBfLlVCEjTg36B6uitOwSuF-d1uU36X7vXl1Bz3NnWCAH3wMlueo99qipTlAP\
    hMJvPELJe2cDaIMrircTwIOLeoKIeKjaqfDoonkVSuvBJFebGuJRGo_QjnBRcr7ko5ybMjJzlYE2RBS2\
    CTbmQAoLNxLGBf1zajOeiR2IeVIorn71EVctjPbtUyZP3W-PPCixSET4YqbWkTt5Ijmwxd6z2tP83mbc\
    JWuw7IlobVkk_WLRKUt1H6yfK78MlAf0daqXseiCBjxazwEFKZ0JLFVK_GzHXuKmHY5s8HxShvXZEOsL\
    Jefnp2sXfYudffYn82sx-Q";
const SIGNED: &str = include_str!("../corpus/id_token/signed");

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    Keys::of(&json!({ "keys": [
        { "kty": "RSA", "use": "sig", "kid": "google-1", "n": MODULUS, "e": "AQAB" },
    ] }))
});

static IDENTITIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (header, rest) = SIGNED.split_once('.').expect("a token");
    let none = encode(br#"{"alg":"none","kid":"google-1"}"#);
    let hmac = encode(br#"{"alg":"HS256","kid":"google-1"}"#);
    let unsigned = rest.split('.').next().expect("claims");
    vec![
        SIGNED.into(),
        include_bytes!("../corpus/id_token/another_audience").to_vec(),
        include_bytes!("../corpus/id_token/another_nonce").to_vec(),
        include_bytes!("../corpus/id_token/old").to_vec(),
        format!("{none}.{unsigned}.").into(),
        format!("{hmac}.{rest}").into(),
        format!("{header}.{unsigned}.").into(),
    ]
});

fn id_token(input: &[u8]) {
    let token = String::from_utf8_lossy(input);
    let wanted = Wanted {
        provider: Provider::Google,
        client_id: "pairly-web",
        nonce: "the-nonce",
        now: NOW,
    };
    match KEYS.read(&token, &wanted) {
        Ok(claims) => {
            assert_eq!(token, SIGNED, "a token that was not signed is accepted");
            assert!(claims.is_email_verified());
            let another = Wanted {
                nonce: "",
                ..wanted
            };
            assert!(KEYS.read(&token, &another).is_err());
        }
        Err(error) => {
            assert!(error.is(&OAUTH_FAILED), "{error}");
            assert_ne!(token, SIGNED);
        }
    }
}

/// Places at which a text is cut in two.
const JOINTS_MAX: usize = 24;

fn cursors() -> Cursors {
    Cursors::new(&[7; 32])
}

static CURSORS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let seal = |position: Value, at: Time| cursors().seal("usr_a", "list", "all", at, &position);
    let old = NOW.plus(-shared::page::CURSOR_TTL_MS);
    let all = [
        seal(json!({ "at": 42, "key": "msg#1" }), NOW),
        seal(json!("x".repeat(600)), NOW),
        seal(json!(null), old),
    ];
    all.map(String::into_bytes).to_vec()
});

fn cursor(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let open = |caller: &str, route: &str, filters: &str, cursor: &str| {
        let opened = cursors().open::<Value>(caller, route, filters, NOW, cursor);
        opened.map_err(|error| assert!(error.is(&INVALID_CURSOR), "{error}"))
    };
    let ours = CURSORS[..2].iter().any(|known| known == input);
    assert_eq!(open("usr_a", "list", "all", &text).is_ok(), ours, "{text}");
    // Of three texts each joint is bound, not only their sequence.
    let mut parts = text.split('\u{1f}');
    let [a, b, c] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let sealed = cursors().seal(a, b, c, NOW, &json!(1));
    if sealed.len() <= shared::page::CURSOR_CHARS_MAX {
        assert_eq!(open(a, b, c, &sealed), Ok(json!(1)));
    }
    let whole = [a, b, c].concat();
    let joints = (0..=whole.len()).filter(|at| whole.is_char_boundary(*at));
    for at in joints.take(JOINTS_MAX) {
        let (left, right) = whole.split_at(at);
        for other in [[left, right, ""], [left, "", right], ["", left, right]] {
            let [x, y, z] = other;
            assert_eq!(open(x, y, z, &sealed).is_ok(), other == [a, b, c]);
        }
    }
}

static TICKETS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| vec![encode(&[7; 32]).into(), encode(&[0xfb; 33]).into()]);

fn ticket(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(bytes) = decode(&text) {
        // One spelling per secret.
        assert_eq!(encode(&bytes), text);
        assert!(!Ticket::key_of(&bytes).pk.contains(&*text) || text.is_empty());
    }
    assert_eq!(decode(&encode(input)).as_deref(), Some(input));
}
