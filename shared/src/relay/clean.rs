//! What follows from a change of a device: frames for all devices, and the end of its sockets.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::device::Device;
use crate::accounts::sessions;
use crate::aws::dynamo::Tables;
use crate::aws::sockets::Sockets;
use crate::error::{Result, UNAVAILABLE};
use crate::id::derived;
use crate::realtime::{Connection, Fact, Push, post};
use crate::time::Time;

/// Close code: the device was revoked (spec realtime.md, *Closing*).
const REVOKED: u16 = 4003;

/// Body of the queue `devices`: a device whose sockets have to close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedDevice {
    /// `usr_…`
    pub user_id: String,
    /// `dev_…`
    pub device_id: String,
}

/// The job of a change that revokes a device, told once.
pub fn revocation_of(old: Option<&Device>, new: Option<&Device>) -> Option<RevokedDevice> {
    let new = new.filter(|new| !new.is_active())?;
    old.is_none_or(Device::is_active).then(|| RevokedDevice {
        user_id: new.user_id.clone(),
        device_id: new.device_id.clone(),
    })
}

/// What a change of a device tells all devices of its person; nothing when only something was
/// bound to it, or when the row of a revoked one went.
pub fn facts_of(old: Option<&Device>, new: Option<&Device>, now: Time) -> Option<Fact> {
    let new = new?;
    let change = match old {
        None => "registered",
        Some(old) if old.status != new.status => "revoked",
        Some(old) if old.name != new.name => "renamed",
        Some(_) => return None,
    };
    let rev = new.rev.to_string();
    Some(Fact {
        id: derived(&["device.changed", &new.device_id, &rev]),
        kind: "device.changed",
        user_id: new.user_id.clone(),
        except_slot: None,
        seq: None,
        at: new.revoked_at.unwrap_or(now),
        data: json!({ "device_id": new.device_id, "change": change }),
    })
}

/// Ends the connections of a revoked device and proves by counting that nothing is left of it.
///
/// # Errors
/// 503 when something is left or a service does not answer; doing it again is harmless.
pub async fn clean(
    tables: &Tables,
    sockets: &Sockets,
    job: &RevokedDevice,
    now: Time,
) -> Result<()> {
    let away = connections(tables, job, now).await?;
    if !away.is_empty() {
        let farewell = Push::farewell(&job.user_id, &away, REVOKED, now);
        post(tables, sockets, &farewell, now).await?;
    }
    let sessions = sessions::live(tables, &job.user_id, now).await?;
    let bound = |device: Option<&str>| device == Some(job.device_id.as_str());
    let left = connections(tables, job, now).await?.len()
        + sessions
            .iter()
            .filter(|one| bound(one.device_id.as_deref()))
            .count();
    match left {
        0 => Ok(()),
        _ => Err(UNAVAILABLE.because("something of a revoked device is left")),
    }
}

async fn connections(tables: &Tables, job: &RevokedDevice, now: Time) -> Result<Vec<Connection>> {
    let mut found = Connection::of_user_now(tables, &job.user_id, now).await?;
    found.retain(|one| one.slot == job.device_id);
    Ok(found)
}
