//! Signed permissions that clients use on S3 themselves: forms to upload, links to download.
//!
//! The SDK does not offer forms, and links are signed here too, because a page of messages needs
//! hundreds of them. The rules are those of the *Amazon S3 API Reference*: "Authenticating
//! Requests: Browser-Based Uploads Using POST (AWS Signature Version 4)", its "POST Policy", and
//! "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".

use std::collections::BTreeMap;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Keys;
use super::objects::Named;
use crate::crypto::{hex, hmac, sha256};
use crate::env::Env;
use crate::error::Result;
use crate::function::{Grant, Take};
use crate::time::{SECOND_MS, Time};

/// The only way to sign.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How long a form may be posted, seconds.
pub const FORM_SECONDS: i64 = 300;
/// Links of one such period are equal, so that clients may keep what they have loaded, seconds.
const LINK_PERIOD_SECONDS: i64 = 300;
/// How long a link works at least, seconds.
pub const LINK_SECONDS_MIN: i64 = 900;

/// Signs for S3 in one region with an instance's credentials.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The credentials.
    pub keys: Keys,
    /// Such as `us-east-1`.
    pub region: String,
}

/// `20260131T090000Z`, as signatures write an instant.
pub fn stamp(at: Time) -> String {
    let text = at.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    let digits: String = seconds.chars().filter(|c| !"-:".contains(*c)).collect();
    format!("{digits}Z")
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3) and those of `keep`.
pub fn encode(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-._~".contains(letter) || keep.contains(letter) {
            out.push(letter);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Signer {
    /// The signer of this instance.
    pub fn of(env: &Env) -> Self {
        Self {
            keys: env.keys().clone(),
            region: env.config().region.clone(),
        }
    }

    fn scope(&self, stamp: &str) -> String {
        let date = stamp.split('T').next().unwrap_or_default();
        format!("{date}/{}/s3/aws4_request", self.region)
    }

    /// Signs a text under the key of the day ("Signing Key" of the reference).
    pub fn sign(&self, stamp: &str, text: &str) -> String {
        let mut key = format!("AWS4{}", self.keys.secret).into_bytes();
        for part in self.scope(stamp).split('/') {
            key = hmac(&key, part.as_bytes()).to_vec();
        }
        hex(&hmac(&key, text.as_bytes()))
    }

    /// The query of a link: parameters of the signature and `more`, then the signature.
    pub fn query(&self, link: &Link<'_>, more: &[(&str, &str)]) -> String {
        let (date, expires) = (stamp(link.at), link.seconds.to_string());
        let credential = format!("{}/{}", self.keys.id, self.scope(&date));
        let mut pairs: BTreeMap<&str, &str> = more.iter().copied().collect();
        pairs.extend([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", "host"),
        ]);
        if let Some(token) = &self.keys.token {
            pairs.insert("X-Amz-Security-Token", token);
        }
        let pair = |(name, value): (&&str, &&str)| format!("{name}={}", encode(value, ""));
        let query = pairs.iter().map(pair).collect::<Vec<_>>().join("&");
        let (path, host) = (encode(link.path, "/"), link.host);
        let canonical = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let hash = hex(&sha256(&[canonical.as_bytes()]));
        let text = format!("{ALGORITHM}\n{date}\n{}\n{hash}", self.scope(&date));
        format!("{query}&X-Amz-Signature={}", self.sign(&date, &text))
    }
}

/// What a link leads to.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Host, with the port if it is not the scheme's.
    pub host: &'a str,
    /// Path, not encoded.
    pub path: &'a str,
    /// From when it works.
    pub at: Time,
    /// For how long, seconds.
    pub seconds: i64,
}

/// What a form permits.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// The exact key.
    pub key: &'a str,
    /// The exact media type.
    pub content_type: &'a str,
    /// Most bytes.
    pub bytes_max: u64,
}

/// A form: its fields come first, in any order, and the file last, as the field `file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where to post it as `multipart/form-data`.
    pub url: String,
    /// The fields besides `file`.
    pub fields: BTreeMap<String, String>,
}

/// The capability to let clients write into one bucket.
#[derive(Clone, Debug)]
pub struct Forms<B> {
    signer: Signer,
    bucket: String,
    url: String,
    name: PhantomData<fn() -> B>,
}

impl<B: Named> Forms<B> {
    /// A form that works until `FORM_SECONDS` from now.
    pub fn form(&self, upload: &Upload<'_>, now: Time) -> Form {
        let (date, keys) = (stamp(now), &self.signer.keys);
        let mut fields = BTreeMap::from([
            ("key", upload.key.to_owned()),
            ("Content-Type", upload.content_type.to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            (
                "x-amz-credential",
                format!("{}/{}", keys.id, self.signer.scope(&date)),
            ),
            ("x-amz-date", date.clone()),
        ]);
        if let Some(token) = &keys.token {
            fields.insert("x-amz-security-token", token.clone());
        }
        let mut conditions = vec![
            json!({ "bucket": self.bucket }),
            json!(["content-length-range", 1, upload.bytes_max]),
        ];
        conditions.extend(fields.iter().map(|(name, value)| json!({ *name: value })));
        let expiration = now.plus(FORM_SECONDS * SECOND_MS);
        let policy = json!({ "expiration": expiration, "conditions": conditions });
        let policy = STANDARD.encode(policy.to_string());
        fields.insert("x-amz-signature", self.signer.sign(&date, &policy));
        fields.insert("policy", policy);
        let fields = fields.into_iter();
        Form {
            url: self.url.clone(),
            fields: fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}

/// The capability to let clients read from one bucket.
#[derive(Clone, Debug)]
pub struct Links<B> {
    signer: Signer,
    url: String,
    host: String,
    below: String,
    name: PhantomData<fn() -> B>,
}

impl<B: Named> Links<B> {
    /// The links of this instance.
    pub fn of(env: &Env) -> Self {
        let url = env.config().bucket_url(B::NAME);
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let (host, below) = rest.split_once('/').unwrap_or((rest, ""));
        let below = if below.is_empty() {
            String::new()
        } else {
            format!("/{below}")
        };
        let (host, signer) = (host.to_owned(), Signer::of(env));
        Self {
            signer,
            url,
            host,
            below,
            name: PhantomData,
        }
    }

    /// A link to an object that works for 15 to 20 minutes, under the name if one is given.
    pub fn link(&self, key: &str, file_name: Option<&str>, now: Time) -> String {
        let path = format!("{}/{key}", self.below);
        let at =
            Time(now.seconds().div_euclid(LINK_PERIOD_SECONDS) * LINK_PERIOD_SECONDS * SECOND_MS);
        let link = Link {
            host: &self.host,
            path: &path,
            at,
            seconds: LINK_PERIOD_SECONDS + LINK_SECONDS_MIN,
        };
        // RFC 6266 with the extended notation of RFC 8187: any name, and nothing to break out of.
        let attachment =
            file_name.map(|name| format!("attachment; filename*=UTF-8''{}", encode(name, "")));
        let more = attachment
            .as_deref()
            .map(|text| ("response-content-disposition", text));
        let query = self.signer.query(&link, more.as_slice());
        format!("{}/{}?{query}", self.url, encode(key, "/"))
    }
}

impl<B: Named, C: Send> Take<C> for Forms<B> {
    const GRANTS: &'static [&'static [Grant]] = &[B::WRITE];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self {
            signer: Signer::of(env),
            bucket: env.config().bucket(B::NAME),
            url: env.config().bucket_url(B::NAME),
            name: PhantomData,
        })
    }
}

impl<B: Named, C: Send> Take<C> for Links<B> {
    const GRANTS: &'static [&'static [Grant]] = &[B::READ];

    async fn take(env: &Env, _: &mut C) -> Result<Self> {
        Ok(Self::of(env))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            token: None,
        };
        let region = "us-east-1".into();
        Signer { keys, region }
    }

    #[test]
    fn a_link_has_the_signature_of_the_reference() {
        let link = Link {
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            at: Time::parse("2013-05-24T00:00:00Z").unwrap(),
            seconds: 86_400,
        };
        let query = signer().query(&link, &[]);
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(query.ends_with(signature), "{query}");
        assert!(query.contains("X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1"));
    }

    #[test]
    fn a_policy_permits_exactly_one_object_of_one_type_and_a_bounded_size() {
        let forms: Forms<super::super::objects::Media> = Forms {
            signer: signer(),
            bucket: "pairly-media".into(),
            url: "https://pairly-media.s3.us-east-1.amazonaws.com".into(),
            name: PhantomData,
        };
        let upload = Upload {
            key: "incoming/a/b",
            content_type: "image/png",
            bytes_max: 10,
        };
        let form = forms.form(&upload, Time::parse("2026-01-05T12:00:00Z").unwrap());
        let policy = STANDARD.decode(&form.fields["policy"]).unwrap();
        let policy: serde_json::Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2026-01-05T12:05:00.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        for wanted in [
            json!({ "bucket": "pairly-media" }),
            json!({ "key": "incoming/a/b" }),
            json!({ "Content-Type": "image/png" }),
            json!(["content-length-range", 1, 10]),
            json!({ "x-amz-date": "20260105T120000Z" }),
        ] {
            assert!(conditions.contains(&wanted), "{wanted}");
        }
        assert_eq!(conditions.len(), 7);
    }
}
