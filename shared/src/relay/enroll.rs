//! Registering a device: by itself, or as a part of signing in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::device::{
    DEVICES_MAX, Device, DeviceCount, DeviceKey, DeviceName, DeviceType, Standing,
};
use super::key::PublicKey;
use crate::accounts;
use crate::aws::cipher::Cipher;
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{DEVICE_LIMIT, DEVICE_NAME_TAKEN, KEY_REUSED, Result, UNAVAILABLE};
use crate::http::{Created, Me, Once};
use crate::id::Ids;
use crate::relay::DeviceView;
use crate::table::Commit;
use crate::time::Time;

/// Tries when other devices of the person come or go at once.
pub(super) const RACES_MAX: u32 = 6;

/// A device that wants to be known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewDevice {
    /// Unique among the person's devices, whatever its case.
    #[schemars(length(min = 1, max = 64), extend("x-text" = "name"))]
    pub name: String,
    /// `ios`, `android`, `web`, `desktop` or `bot`.
    #[serde(rename = "type")]
    #[schemars(length(max = 64))]
    pub kind: String,
    /// Ed25519 public key, 32 bytes in base64url.
    #[schemars(length(max = 256))]
    pub public_key: String,
}

/// What registering comes to.
#[derive(Debug)]
pub struct Enrolled {
    /// The device; the one that has the key already, if it is active.
    pub device: Device,
    /// Whether it is new.
    pub is_new: bool,
}

impl Enrolled {
    /// The writes that make it the device of a session that begins with them. One that is refused
    /// met another change of the person's devices: enrol again.
    pub fn bind(&self) -> Commit {
        match self.is_new {
            true => self.device.create(),
            false => self.device.bind(),
        }
    }
}

/// The active device that has this key.
async fn enrolled(tables: &Tables, user_id: &str, key: &PublicKey) -> Result<Option<Enrolled>> {
    let place = DeviceKey::key_of(user_id, key);
    let Some(used) = tables.get_consistent::<DeviceKey>(&place).await? else {
        return Ok(None);
    };
    let place = Device::key_of(user_id, &used.device_id);
    let device: Option<Device> = tables.get_consistent(&place).await?;
    let device = device.filter(Device::is_active).ok_or(KEY_REUSED)?;
    Ok(Some(Enrolled {
        device,
        is_new: false,
    }))
}

/// Decides which device of a person this is. Writes nothing: its writes go with the caller's, so
/// that a sign-in and its device are one transaction.
///
/// # Errors
/// 422 `DEVICE_TYPE`, `INVALID_KEY`; 409 `KEY_REUSED`, `DEVICE_NAME_TAKEN`, `DEVICE_LIMIT` {max}.
pub async fn enroll(
    tables: &Tables,
    user_id: &str,
    new: &NewDevice,
    ids: &Ids,
    now: Time,
) -> Result<Enrolled> {
    let (kind, key) = (
        DeviceType::parse(&new.kind)?,
        PublicKey::parse(&new.public_key)?,
    );
    if let Some(enrolled) = enrolled(tables, user_id, &key).await? {
        return Ok(enrolled);
    }
    let name = DeviceName::key_of(user_id, &new.name);
    if tables.get_consistent::<DeviceName>(&name).await?.is_some() {
        // Perhaps by the same device, whose equal request came in between.
        let own = enrolled(tables, user_id, &key).await?;
        return own.ok_or_else(|| DEVICE_NAME_TAKEN.into());
    }
    let count: Option<DeviceCount> = tables.get_consistent(&DeviceCount::key_of(user_id)).await?;
    if count.is_some_and(|count| count.active >= DEVICES_MAX) {
        return Err(DEVICE_LIMIT.with(json!({ "max": DEVICES_MAX })));
    }
    let device = Device {
        user_id: user_id.to_owned(),
        device_id: ids.new_id("dev"),
        name: new.name.clone(),
        kind,
        public_key: key.text(),
        key_created_at: now,
        status: Standing::Active,
        rev: 1,
        created_at: now,
        revoked_at: None,
        expires: None,
    };
    Ok(Enrolled {
        device,
        is_new: true,
    })
}

/// Registers a device of the caller and mails them.
///
/// # Errors
/// As [`enroll`].
pub async fn register(
    tables: &Tables,
    cipher: &Cipher,
    once: &Once,
    me: &Me,
    new: &NewDevice,
    (ids, now): (&Ids, Time),
) -> Result<Created<DeviceView>> {
    for _ in 0..RACES_MAX {
        let enrolled = enroll(tables, &me.user_id, new, ids, now).await?;
        let answer = Created(DeviceView::of(&enrolled.device, me, None));
        let commit = match enrolled.is_new {
            true => {
                let notice = accounts::device_notice(tables, cipher, &enrolled.device, now).await?;
                enrolled.bind().with(notice)
            }
            false => Commit::new(),
        };
        match once.commit(tables, commit, answer).await {
            Ok(answer) => return Ok(answer),
            // Another device came in between: what it took is told by reading again.
            Err(Missed::Refused(refused)) if refused.key.pk == me.user_id => {}
            Err(missed) => return Err(missed.into()),
        }
    }
    Err(UNAVAILABLE.because("too many devices at once"))
}
