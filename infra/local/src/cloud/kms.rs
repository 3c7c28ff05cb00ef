//! KMS as the SDK speaks it, with a local master key: AES-256-GCM, the encryption context bound.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::grants::{ACCOUNT, REGION};
use super::store::Store;
use super::wire::{Response, Service, parse};
use super::{Cloud, random_bytes};

const SERVICE: Service = Service::Kms;
/// The keys that exist.
const KEYS: &[&str] = &["data"];
/// Layout of a ciphertext: this, the key's name with its length, the nonce, the sealed bytes.
const VERSION: u8 = 1;
/// Largest plaintext that KMS encrypts, bytes.
const PLAINTEXT_BYTES_MAX: usize = 4_096;
/// Largest data key, bytes.
const KEY_BYTES_MAX: u64 = 1_024;

impl Store {
    /// Makes the master keys that do not exist yet.
    pub fn make_keys(&self) -> rusqlite::Result<()> {
        for name in KEYS {
            let place = format!("kms:{name}");
            if self.get(&place)?.is_none() {
                self.put(&place, &BASE64.encode(random_bytes::<32>()))?;
            }
        }
        Ok(())
    }

    fn master_key(&self, name: &str) -> Option<Vec<u8>> {
        let text = self.get(&format!("kms:{name}")).ok()??;
        BASE64.decode(text).ok()
    }
}

impl Cloud {
    /// Answers an operation by the second part of its target, such as `Decrypt`.
    pub(super) fn kms(&self, function: &str, operation: &str, body: &[u8]) -> Response {
        self.try_kms(function, operation, body)
            .unwrap_or_else(|refused| refused)
    }

    fn try_kms(&self, function: &str, operation: &str, body: &[u8]) -> Result<Response, Response> {
        let body = parse(SERVICE, body)?;
        let (action, name) = match operation {
            "GenerateDataKey" => ("kms:GenerateDataKey", "KMS.GenerateDataKey"),
            "Encrypt" => ("kms:Encrypt", "KMS.Encrypt"),
            "Decrypt" => ("kms:Decrypt", "KMS.Decrypt"),
            "DescribeKey" => ("kms:DescribeKey", "KMS.DescribeKey"),
            _ => return Err(SERVICE.unknown(operation)),
        };
        let sealed = bytes(&body["CiphertextBlob"]);
        let key = match (body["KeyId"].as_str(), Sealed::read(&sealed)) {
            (Some(id), _) => key_name(id).to_owned(),
            (None, Some(sealed)) => sealed.key.to_owned(),
            (None, None) => return Err(invalid_ciphertext()),
        };
        let resource = format!("key/{key}");
        self.0
            .grants
            .check(function, SERVICE, &[(action, resource.clone())])?;
        let Some(master) = self.store().master_key(&key) else {
            let message = format!("Key '{key}' does not exist");
            return Err(SERVICE.error(400, "NotFoundException", &message));
        };
        self.0
            .meter
            .add((function, name), &resource, None, (0.0, 0.0));
        let context = context(&body["EncryptionContext"]);
        match operation {
            "GenerateDataKey" => data_key(&key, &master, &context, &body),
            "Encrypt" => encrypt(&key, &master, &context, &bytes(&body["Plaintext"])),
            "Decrypt" => decrypt(&key, &master, &context, &sealed),
            _ => Ok(SERVICE.ok(&json!({ "KeyMetadata": {
                "KeyId": key, "Arn": arn(&key), "Enabled": true, "KeyState": "Enabled",
                "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT",
            } }))),
        }
    }
}

fn data_key(key: &str, master: &[u8], aad: &[u8], body: &Value) -> Result<Response, Response> {
    let length = match (body["KeySpec"].as_str(), body["NumberOfBytes"].as_u64()) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes @ 1..=KEY_BYTES_MAX)) => usize::try_from(bytes).unwrap_or(32),
        _ => return Err(SERVICE.error(400, "ValidationException", "KeySpec or NumberOfBytes")),
    };
    let plain = random_bytes::<1_024>()
        .into_iter()
        .take(length)
        .collect::<Vec<_>>();
    Ok(SERVICE.ok(&json!({
        "KeyId": arn(key),
        "Plaintext": BASE64.encode(&plain),
        "CiphertextBlob": BASE64.encode(seal(key, master, aad, &plain)?),
    })))
}

fn encrypt(key: &str, master: &[u8], aad: &[u8], plain: &[u8]) -> Result<Response, Response> {
    if plain.is_empty() || plain.len() > PLAINTEXT_BYTES_MAX {
        return Err(SERVICE.error(
            400,
            "ValidationException",
            "Plaintext must have 1–4096 bytes",
        ));
    }
    Ok(SERVICE.ok(&json!({
        "KeyId": arn(key),
        "CiphertextBlob": BASE64.encode(seal(key, master, aad, plain)?),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    })))
}

fn decrypt(key: &str, master: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Response, Response> {
    let sealed = Sealed::read(sealed).ok_or_else(invalid_ciphertext)?;
    if sealed.key != key {
        let message = "The key of the ciphertext is another one";
        return Err(SERVICE.error(400, "IncorrectKeyException", message));
    }
    let nonce = Nonce::assume_unique_for_key(sealed.nonce);
    let mut bytes = sealed.bytes.to_vec();
    let plain = cipher(master)?
        .open_in_place(nonce, Aad::from(aad), &mut bytes)
        .map_err(|_| invalid_ciphertext())?;
    Ok(SERVICE.ok(&json!({
        "KeyId": arn(key),
        "Plaintext": BASE64.encode(plain),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    })))
}

struct Sealed<'a> {
    key: &'a str,
    nonce: [u8; NONCE_LEN],
    bytes: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn read(from: &'a [u8]) -> Option<Self> {
        let (&[version, length], rest) = from.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_at_checked(usize::from(length))?;
        let (nonce, bytes) = rest.split_first_chunk::<NONCE_LEN>()?;
        let key = std::str::from_utf8(key).ok()?;
        (version == VERSION).then_some(Self {
            key,
            nonce: *nonce,
            bytes,
        })
    }
}

fn seal(key: &str, master: &[u8], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Response> {
    let nonce = random_bytes::<NONCE_LEN>();
    let mut bytes = plain.to_vec();
    cipher(master)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut bytes,
        )
        .map_err(|_| SERVICE.error(500, "KMSInternalException", "sealing failed"))?;
    let length = u8::try_from(key.len()).unwrap_or(u8::MAX);
    Ok([&[VERSION, length], key.as_bytes(), &nonce, &bytes].concat())
}

fn cipher(master: &[u8]) -> Result<LessSafeKey, Response> {
    UnboundKey::new(&AES_256_GCM, master)
        .map(LessSafeKey::new)
        .map_err(|_| SERVICE.error(500, "KMSInternalException", "the master key is damaged"))
}

/// The encryption context in one spelling: sorted, each part after its length.
fn context(value: &Value) -> Vec<u8> {
    let pairs: BTreeMap<String, String> = serde_json::from_value(value.clone()).unwrap_or_default();
    let mut bytes = Vec::new();
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}

/// `data` of `alias/pairly-data`, of an ARN of it, or of `data`.
fn key_name(id: &str) -> &str {
    super::tables::short(id.rsplit('/').next().unwrap_or(id))
}

fn arn(key: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}")
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64
        .decode(value.as_str().unwrap_or_default())
        .unwrap_or_default()
}

fn invalid_ciphertext() -> Response {
    SERVICE.error(
        400,
        "InvalidCiphertextException",
        "The ciphertext is invalid",
    )
}
