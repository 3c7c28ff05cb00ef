//! Keys of devices: Ed25519 (RFC 8032), strictly verified.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::crypto;
use crate::error::{INVALID_KEY, Result};

/// What every signature of the handshake begins with.
const CONTEXT: &[u8] = b"pairly-ws-v1\0";

/// A public key that proves something: no point of small order, and the one spelling of its point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 32 bytes in base64url.
    ///
    /// # Errors
    /// 422 `INVALID_KEY`.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = crypto::decode(text).ok_or(INVALID_KEY)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| INVALID_KEY)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| INVALID_KEY)?;
        // Another spelling of a known key would be a second key for the uniqueness row.
        let spelled = key.to_edwards().compress().to_bytes() == bytes;
        if key.is_weak() || !spelled {
            return Err(INVALID_KEY.into());
        }
        Ok(Self(key))
    }

    /// base64url, as it was given.
    pub fn text(&self) -> String {
        crypto::encode(self.0.as_bytes())
    }

    /// Whether the signature, 64 bytes in base64url, is this key's over the statement.
    pub fn signed(&self, statement: &Statement<'_>, signature: &str) -> bool {
        let bytes = crypto::decode(signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        bytes.is_some_and(|bytes| {
            let signature = Signature::from_bytes(&bytes);
            self.0.verify_strict(&statement.bytes(), &signature).is_ok()
        })
    }
}

/// What a device signs to open a socket.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Id of the connection, as the challenge named it.
    pub connection_id: &'a str,
    /// Nonce of the challenge, in base64url.
    pub nonce: &'a str,
    /// `dev_…`
    pub device_id: &'a str,
    /// Client's clock, epoch milliseconds.
    pub ts: i64,
}

impl Statement<'_> {
    /// The signed bytes: context, a zero byte, then each part as the text that travels in frames.
    /// Nonce and device id have one length each, and only the last part is a number, so no two
    /// statements have the same bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let ts = self.ts.to_string();
        let parts = [self.connection_id, self.nonce, self.device_id, &ts];
        [CONTEXT, parts.concat().as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn code(bytes: &[u8]) -> Option<&'static str> {
        let parsed = PublicKey::parse(&crypto::encode(bytes));
        parsed.err().map(|error| error.fault().code)
    }

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
        (0..text.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn every_point_of_small_order_is_refused() {
        let small = [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        ];
        for point in small {
            assert_eq!(code(&hex(point)), Some("INVALID_KEY"), "{point}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in [vec![], vec![1; 31], vec![1; 33], vec![2; 32]] {
            assert_eq!(code(&wrong), Some("INVALID_KEY"), "{wrong:?}");
        }
        // y = p + 1, another spelling of the point with y = 1.
        let other = hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        assert_eq!(code(&other), Some("INVALID_KEY"));
        assert!(PublicKey::parse("not base64!").is_err());
    }

    #[test]
    fn a_signature_is_bound_to_every_part_of_the_statement() {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::parse(&crypto::encode(secret.verifying_key().as_bytes()));
        let key = key.expect("a key");
        let statement = Statement {
            connection_id: "abc=",
            nonce: "n",
            device_id: "dev_1",
            ts: 5,
        };
        let signature = crypto::encode(&secret.sign(&statement.bytes()).to_bytes());
        assert!(key.signed(&statement, &signature));
        let (mut a, mut b, mut c, mut d) = (statement, statement, statement, statement);
        a.connection_id = "abd=";
        b.nonce = "m";
        c.device_id = "dev_2";
        d.ts = 6;
        for other in [a, b, c, d] {
            assert!(!key.signed(&other, &signature), "{other:?}");
        }
        let stranger = SigningKey::from_bytes(&[8; 32]).sign(&statement.bytes());
        assert!(!key.signed(&statement, &crypto::encode(&stranger.to_bytes())));
        for broken in ["", "AAAA", "not base64!"] {
            assert!(!key.signed(&statement, broken));
        }
    }
}
