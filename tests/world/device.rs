//! Devices: a key of their own, and what they sign.

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use shared::crypto;
use shared::relay::Statement;

use crate::{Answer, Person};

/// The secret of a device.
#[derive(Clone, Debug)]
pub struct DeviceSecret(SigningKey);

impl DeviceSecret {
    /// The key of a number; the same number is the same key.
    pub fn new(number: u64) -> Self {
        let seed = crypto::sha256(&[b"device", &number.to_be_bytes()]);
        Self(SigningKey::from_bytes(&seed))
    }

    /// The public key as it is registered.
    pub fn public_key(&self) -> String {
        crypto::encode(self.0.verifying_key().as_bytes())
    }

    /// The signature of a statement as it is sent.
    pub fn signs(&self, statement: &Statement<'_>) -> String {
        crypto::encode(&self.0.sign(&statement.bytes()).to_bytes())
    }

    /// The device as a client describes it.
    pub fn described(&self, name: &str) -> Value {
        json!({ "name": name, "type": "ios", "public_key": self.public_key() })
    }
}

impl Person {
    /// Registers a device under the key of a number.
    pub async fn registers(&self, name: &str, number: u64) -> Answer {
        let device = DeviceSecret::new(number).described(name);
        self.post("/api/v2/devices", device).await
    }
}
