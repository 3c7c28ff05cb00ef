//! The rows of a device and what each change of it writes.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::key::PublicKey;
use crate::crypto;
use crate::error::{DEVICE_LIMIT, DEVICE_NAME_TAKEN, DEVICE_TYPE, KEY_REUSED, Result, UNAVAILABLE};
use crate::table::{Change, Commit, Condition, Item, Key, Name, TTL_ATTRIBUTE, Value};
use crate::time::{DAY_MS, Time, millis};

/// Most active devices of a person.
pub const DEVICES_MAX: i64 = 10;
/// How long the row of a revoked device is kept, milliseconds.
const KEPT_MS: i64 = 30 * DAY_MS;
/// Bytes of a key's digest that name it.
const KEY_ID_BYTES: usize = 12;

/// What kind of client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceType {
    Ios,
    Android,
    Web,
    Desktop,
    Bot,
}

impl DeviceType {
    /// The type of this name.
    ///
    /// # Errors
    /// 422 `DEVICE_TYPE`.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "ios" => Self::Ios,
            "android" => Self::Android,
            "web" => Self::Web,
            "desktop" => Self::Desktop,
            "bot" => Self::Bot,
            _ => return Err(DEVICE_TYPE.into()),
        })
    }
}

/// Whether this is the sort key of a row of devices.
pub fn is_device_row(sk: &str) -> bool {
    [
        Device::PREFIX,
        DeviceName::PREFIX,
        DeviceKey::PREFIX,
        DeviceCount::SK,
    ]
    .iter()
    .any(|start| sk.starts_with(start))
}

/// Whether it may still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Yes.
    Active,
    /// Never again.
    Revoked,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// `usr_…`
    pub user_id: String,
    /// `dev_…`
    pub device_id: String,
    /// 1 to 64 characters, unique among the active ones of the person.
    pub name: String,
    /// What kind of client it is.
    #[serde(rename = "type")]
    pub kind: DeviceType,
    /// Ed25519, 32 bytes in base64url.
    pub public_key: String,
    /// Since when it has this key.
    #[serde(with = "millis")]
    pub key_created_at: Time,
    /// Whether it may still be used.
    pub status: Standing,
    /// Raised by every change and by everything that is bound to it.
    pub rev: i64,
    /// Registration.
    #[serde(with = "millis")]
    pub created_at: Time,
    /// End.
    #[serde(default, with = "millis::option")]
    pub revoked_at: Option<Time>,
    /// TTL, epoch seconds; only when revoked.
    #[serde(default)]
    pub expires: Option<i64>,
}

impl Item for Device {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Device";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id, &self.device_id)
    }
}

impl Device {
    /// Sort keys of all devices of a person begin so.
    pub const PREFIX: &'static str = "device#";

    /// Where a device lies.
    pub fn key_of(user_id: &str, device_id: &str) -> Key {
        Key::new(user_id, format!("{}{device_id}", Self::PREFIX))
    }

    /// Whether it may be used.
    pub fn is_active(&self) -> bool {
        self.status == Standing::Active
    }

    /// That a device is active at the very instant of a commit.
    pub fn stands() -> Condition {
        Condition::text("status", "active")
    }

    /// Name of its key: the start of the key's SHA-256, in base64url.
    pub fn key_id(&self) -> String {
        let digest = crypto::sha256(&[self.public_key.as_bytes()]);
        crypto::encode(&crypto::take::<KEY_ID_BYTES>(&digest))
    }

    /// Its key.
    ///
    /// # Errors
    /// 422 `INVALID_KEY`, which no commit leaves behind.
    pub fn verifier(&self) -> Result<PublicKey> {
        PublicKey::parse(&self.public_key)
    }

    /// It is still as it was read.
    fn same(&self) -> Condition {
        Condition::number("rev", self.rev)
    }

    /// The writes that register it.
    pub fn create(&self) -> Commit {
        let name = DeviceName::of(self);
        let key = DeviceKey {
            user_id: self.user_id.clone(),
            public_key: self.public_key.clone(),
            device_id: self.device_id.clone(),
        };
        let owner = DeviceOwner {
            device_id: self.device_id.clone(),
            user_id: self.user_id.clone(),
            expires: None,
        };
        Commit::new()
            .create(&key, &KEY_REUSED)
            .create(&name, &DEVICE_NAME_TAKEN)
            .with(DeviceCount::more(&self.user_id))
            .create(&owner, &UNAVAILABLE)
            .create(self, &UNAVAILABLE)
    }

    /// The write that goes with whatever is bound to it, such as a session: from now on a
    /// revocation that has not seen it must look again.
    pub fn bind(&self) -> Commit {
        let changes = vec![Change::number("rev", self.rev + 1)];
        let same = Condition::All(vec![Self::stands(), self.same()]);
        Commit::new().update::<Self>(self.key(), changes, Some((same, &UNAVAILABLE)))
    }

    /// It under another name, and the writes of that.
    pub fn rename(&self, name: &str) -> (Self, Commit) {
        let next = Self {
            name: name.to_owned(),
            rev: self.rev + 1,
            ..self.clone()
        };
        let changes = vec![
            Change::text("name", name),
            Change::number("rev", self.rev + 1),
        ];
        let same = Condition::All(vec![Self::stands(), self.same()]);
        let own = Commit::new().update::<Self>(self.key(), changes, Some((same, &UNAVAILABLE)));
        let (old, new) = (DeviceName::of(self), DeviceName::of(&next));
        if old.folded == new.folded {
            return (next, own);
        }
        let moved = own
            .create(&new, &DEVICE_NAME_TAKEN)
            .delete::<DeviceName>(old.key(), None);
        (next, moved)
    }

    /// The writes that end it: status, name, count.
    pub fn revoke(&self, now: Time) -> Commit {
        let kept = Change::number(TTL_ATTRIBUTE, now.plus(KEPT_MS).seconds());
        let changes = vec![
            Change::text("status", "revoked"),
            Change::number("rev", self.rev + 1),
            Change::number("revoked_at", now.ms()),
            kept.clone(),
        ];
        let same = Condition::All(vec![Self::stands(), self.same()]);
        Commit::new()
            .update::<Self>(self.key(), changes, Some((same, &UNAVAILABLE)))
            .delete::<DeviceName>(DeviceName::of(self).key(), None)
            .update::<DeviceOwner>(DeviceOwner::key_of(&self.device_id), vec![kept], None)
            .with(DeviceCount::less(&self.user_id))
    }
}

/// Whose a device is, for who has only its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceOwner {
    /// `dev_…`
    #[serde(rename = "pk")]
    pub device_id: String,
    /// `usr_…`
    pub user_id: String,
    /// TTL, epoch seconds; only when revoked.
    #[serde(default)]
    pub expires: Option<i64>,
}

impl DeviceOwner {
    /// Where the owner of a device lies.
    pub fn key_of(device_id: &str) -> Key {
        Key::new(device_id, "owner")
    }
}

impl Item for DeviceOwner {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Device owner";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.device_id)
    }
}

/// That a name is taken, and by which device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceName {
    /// `usr_…`
    pub user_id: String,
    /// Digest of the folded name.
    pub folded: String,
    /// `dev_…`
    pub device_id: String,
}

impl DeviceName {
    /// Sort keys of the names of all active devices begin so.
    pub const PREFIX: &'static str = "device-name#";

    fn of(device: &Device) -> Self {
        Self {
            user_id: device.user_id.clone(),
            folded: folded(&device.name),
            device_id: device.device_id.clone(),
        }
    }

    /// Where a name lies.
    pub fn key_of(user_id: &str, name: &str) -> Key {
        Key::new(user_id, format!("{}{}", Self::PREFIX, folded(name)))
    }
}

impl Item for DeviceName {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Device name";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(&self.user_id, format!("{}{}", Self::PREFIX, self.folded))
    }
}

/// Digest of a name without case: upper and then lower case makes `ß` equal `SS`.
fn folded(name: &str) -> String {
    let plain: String = name.nfkc().collect();
    let folded = plain.to_uppercase().to_lowercase();
    crypto::encode(&crypto::sha256(&[folded.as_bytes()]))
}

/// That a key was used, and by which device; kept when the device is revoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceKey {
    /// `usr_…`
    pub user_id: String,
    /// base64url.
    pub public_key: String,
    /// `dev_…`
    pub device_id: String,
}

impl DeviceKey {
    /// Sort keys of all keys begin so.
    pub const PREFIX: &'static str = "device-key#";

    /// Where a key lies.
    pub fn key_of(user_id: &str, key: &PublicKey) -> Key {
        Key::new(user_id, format!("{}{}", Self::PREFIX, key.text()))
    }
}

impl Item for DeviceKey {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Device key";
    crate::stored!();

    fn key(&self) -> Key {
        Key::new(
            &self.user_id,
            format!("{}{}", Self::PREFIX, self.public_key),
        )
    }
}

/// How many active devices a person has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceCount {
    /// `usr_…`
    #[serde(rename = "pk")]
    pub user_id: String,
    /// At most [`DEVICES_MAX`].
    #[serde(default)]
    pub active: i64,
}

impl Item for DeviceCount {
    const TABLE: Name = Name::Data;
    const KIND: &'static str = "Device count";
    crate::stored!();

    fn key(&self) -> Key {
        Self::key_of(&self.user_id)
    }
}

impl DeviceCount {
    /// Its sort key.
    pub const SK: &'static str = "devices";

    /// Where the count of a person lies.
    pub fn key_of(user_id: &str) -> Key {
        Key::new(user_id, Self::SK)
    }

    fn more(user_id: &str) -> Commit {
        let room = Condition::Any(vec![
            Condition::Absent,
            Condition::Below("active", Value::N(DEVICES_MAX.to_string())),
        ]);
        let one = vec![Change::Add("active".to_owned(), 1)];
        Commit::new().update::<Self>(Self::key_of(user_id), one, Some((room, &DEVICE_LIMIT)))
    }

    fn less(user_id: &str) -> Commit {
        let one = vec![Change::Add("active".to_owned(), -1)];
        let some = Condition::AtLeast("active", Value::N("1".to_owned()));
        Commit::new().update::<Self>(Self::key_of(user_id), one, Some((some, &UNAVAILABLE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_form() {
        for (one, other) in [
            ("iPhone", "IPHONE"),
            ("Straße", "STRASSE"),
            ("Cafe\u{301}", "CAFÉ"),
            ("ＰＣ", "pc"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("iPhone"), folded("iPhone 2"));
    }

    #[test]
    fn there_are_five_types() {
        for kind in ["ios", "android", "web", "desktop", "bot"] {
            assert_eq!(
                serde_json::to_value(DeviceType::parse(kind).expect("a type")).expect("text"),
                kind
            );
        }
        for wrong in ["toaster", "", "IOS"] {
            assert!(DeviceType::parse(wrong).is_err_and(|error| error.is(&DEVICE_TYPE)));
        }
    }
}
