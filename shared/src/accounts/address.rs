//! E-mail addresses: the form that counts, the keyed hash that finds them, and whose they are.
//!
//! | item | table | pk | sk |
//! |---|---|---|---|
//! | [`EmailOwner`] | data | `email#<keyed hash>` | `owner` |

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::lists;
use crate::crypto;
use crate::error::{Result, VALIDATION_FAILED};
use crate::table::{Item, Key, Name};
use crate::text;

/// An address in the form that counts: case-folded, without outer white space.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Email {
    /// Reads an address that must be able to receive mail.
    ///
    /// # Errors
    /// 422 `VALIDATION_FAILED` on the field `/email`.
    pub fn parse(text: &str) -> Result<Self> {
        let email = Self::fold(text);
        if text::is_email(&email.0) && email.0.is_ascii() {
            return Ok(email);
        }
        let row = json!({
            "field": "/email",
            "rule": "pattern",
            "message": "This is not an e-mail address.",
        });
        Err(VALIDATION_FAILED.with(json!({ "fields": [row] })))
    }

    /// Reads an address that is only looked up; nobody owns a malformed one.
    pub fn fold(text: &str) -> Self {
        Self(text::fold_email(text))
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// Whether its domain hands out throw-away mailboxes.
    pub fn is_disposable(&self) -> bool {
        lists::is_disposable(self.0.rsplit('@').next().unwrap_or_default())
    }

    /// The keyed hash under which it is found.
    pub fn hash(&self, key: &[u8; 32]) -> EmailHash {
        EmailHash(crypto::mac(key, &[b"email", self.0.as_bytes()]))
    }
}

/// Keyed hash of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailHash(pub [u8; 32]);

impl EmailHash {
    /// Partition of all that is known of an address, whether it has an account or not.
    pub fn partition(&self) -> String {
        format!("email#{}", crypto::encode(&self.0))
    }
}

/// Whose an address is: makes it unique.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmailOwner {
    /// `email#<keyed hash>`
    #[serde(rename = "pk")]
    pub partition: String,
    /// `usr_…`
    pub user_id: String,
}

impl Item for EmailOwner {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "E-mail owner";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.partition, "owner")
    }
}

impl EmailOwner {
    /// Where the owner of an address lies.
    pub fn key_of(hash: &EmailHash) -> Key {
        Key::new(hash.partition(), "owner")
    }
}

/// /24 of an IPv4 and /48 of an IPv6 address; `unknown` for anything else.
pub fn address_prefix(address: &str) -> String {
    match address
        .parse::<std::net::IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(std::net::IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(std::net::IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_in_any_case() {
        let hash = |text: &str| Email::parse(text).expect("address").hash(&[1; 32]);
        assert_eq!(hash(" Ann.Lee@Pairly.TEST "), hash("ann.lee@pairly.test"));
        assert_ne!(hash("ann@pairly.test"), hash("annn@pairly.test"));
        for wrong in [
            "",
            "ann",
            "ann@",
            "@pairly.test",
            "a@b",
            "ann@pairly.test\r\nBcc: x@y.z",
        ] {
            assert!(
                Email::parse(wrong).is_err_and(|e| e.is(&VALIDATION_FAILED)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_prefix_hides_the_machine() {
        assert_eq!(address_prefix("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(address_prefix("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(address_prefix("2001:db8:1:2:3::4"), "2001:db8:1::/48");
        assert_eq!(address_prefix("nonsense"), "unknown");
    }
}
