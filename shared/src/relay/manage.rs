//! Renaming and revoking devices, and asking whether one may be used.

use std::collections::HashMap;

use super::device::{Device, Standing};
use super::enroll::RACES_MAX;
use crate::accounts::{RevokeReason, sessions};
use crate::aws::dynamo::{Missed, Tables};
use crate::error::{DEVICE_NAME_TAKEN, DEVICE_NOT_FOUND, Result, UNAVAILABLE};
use crate::id::is_id;
use crate::table::Commit;
use crate::time::Time;

/// An active device of a person.
///
/// # Errors
/// 404 `DEVICE_NOT_FOUND`, alike for unknown, foreign and revoked ones.
pub async fn active(tables: &Tables, user_id: &str, device_id: &str) -> Result<Device> {
    if !is_id("dev", device_id) {
        return Err(DEVICE_NOT_FOUND.into());
    }
    let device: Option<Device> = tables
        .get_consistent(&Device::key_of(user_id, device_id))
        .await?;
    let device = device.filter(Device::is_active);
    device.ok_or_else(|| DEVICE_NOT_FOUND.into())
}

/// The names of devices of a person by id.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn names_of(
    tables: &Tables,
    user_id: &str,
    device_ids: &[String],
) -> Result<HashMap<String, String>> {
    let mut ids: Vec<_> = device_ids.iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<_> = ids
        .into_iter()
        .map(|id| Device::key_of(user_id, id))
        .collect();
    let devices: Vec<Device> = tables.get_many(&keys).await?;
    let named = devices.into_iter().map(|one| (one.device_id, one.name));
    Ok(named.collect())
}

/// Gives a device another name.
///
/// # Errors
/// 404 `DEVICE_NOT_FOUND`; 409 `DEVICE_NAME_TAKEN`.
pub async fn rename(tables: &Tables, user_id: &str, device_id: &str, name: &str) -> Result<Device> {
    for _ in 0..RACES_MAX {
        let device = active(tables, user_id, device_id).await?;
        if device.name == name {
            return Ok(device);
        }
        let (renamed, commit) = device.rename(name);
        match tables.commit(commit).await {
            Ok(()) => return Ok(renamed),
            Err(Missed::Refused(refused)) if *refused.fault == DEVICE_NAME_TAKEN => {
                return Err(DEVICE_NAME_TAKEN.into());
            }
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many changes of a device at once"))
}

/// Ends a device and every session that is bound to it, in one transaction; its sockets close
/// when the stream has told of it.
///
/// # Errors
/// 404 `DEVICE_NOT_FOUND`, also when it was revoked already.
pub async fn revoke(tables: &Tables, user_id: &str, device_id: &str, now: Time) -> Result<()> {
    for _ in 0..RACES_MAX {
        let device = active(tables, user_id, device_id).await?;
        let bound = sessions::live(tables, user_id, now).await?;
        let bound = bound
            .iter()
            .filter(|session| session.device_id.as_deref() == Some(device_id));
        let ended = bound.map(|session| session.revoke(RevokeReason::DeviceRevoked, now));
        let commit = ended.fold(device.revoke(now), Commit::with);
        match tables.commit(commit).await {
            Ok(()) => return Ok(()),
            // A session began or ended in between.
            Err(Missed::Refused(_)) => {}
            Err(Missed::Failed(error)) => return Err(error),
        }
    }
    Err(UNAVAILABLE.because("too many changes of a device at once"))
}

/// Whether a device was active when it was looked at.
///
/// # Errors
/// 503 when the table does not answer.
pub async fn is_active(tables: &Tables, user_id: &str, device_id: &str) -> Result<bool> {
    let place = Device::key_of(user_id, device_id);
    let device: Option<Device> = tables.get_consistent(&place).await?;
    Ok(device.is_some_and(|device| device.status == Standing::Active))
}
