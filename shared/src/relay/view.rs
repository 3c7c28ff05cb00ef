//! Devices as their person sees them.

use schemars::JsonSchema;
use serde::Serialize;

use super::device::{DEVICES_MAX, Device, DeviceName, DeviceType, Standing};
use crate::aws::dynamo::Tables;
use crate::error::Result;
use crate::http::Me;
use crate::http::limit::Activity;
use crate::table::{Name, Query};
use crate::time::Time;

/// Devices that were touched last and may be revoked; older revoked ones are not listed.
const RECENT_MAX: usize = 20;

/// One device as its person sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeviceView {
    /// `dev_…`
    pub device_id: String,
    /// Its name.
    pub name: String,
    /// What kind of client it is.
    #[serde(rename = "type")]
    pub kind: DeviceType,
    /// Whether it may still be used.
    pub status: Standing,
    /// Name of its key.
    pub key_id: String,
    /// Last use, by the minute; its registration before the first.
    pub last_activity: Time,
    /// How far it has the stream of the relay.
    pub acked_seq: i64,
    /// How many events of the stream it lacks.
    pub behind: i64,
    /// Whether the session that asks is bound to it.
    pub current: bool,
    /// Registration.
    pub created_at: Time,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Time>,
}

impl DeviceView {
    /// As the caller sees it.
    pub fn of(device: &Device, me: &Me, activity: Option<&Activity>) -> Self {
        let used = activity.and_then(|activity| activity.of_slot(&device.device_id));
        Self {
            device_id: device.device_id.clone(),
            name: device.name.clone(),
            kind: device.kind,
            status: device.status,
            key_id: device.key_id(),
            last_activity: used.unwrap_or(device.created_at).max(device.created_at),
            // There is no stream before the relay carries events: every device has all of it.
            acked_seq: 0,
            behind: 0,
            current: me.device_id.as_deref() == Some(&*device.device_id),
            created_at: device.created_at,
            revoked_at: device.revoked_at,
        }
    }
}

/// All active devices of the caller and the newest revoked ones, newest first.
///
/// # Errors
/// 503 when a table does not answer.
pub async fn list(tables: &Tables, me: &Me, now: Time) -> Result<Vec<DeviceView>> {
    let partition = || Query::of(Name::Data, &me.user_id);
    let names = partition().prefix(DeviceName::PREFIX).consistent();
    let names: Vec<DeviceName> = tables.query(names.limit(2 * DEVICES_MAX as usize)).await?;
    let keys: Vec<_> = names
        .iter()
        .map(|name| Device::key_of(&me.user_id, &name.device_id))
        .collect();
    let mut devices: Vec<Device> = tables.get_many(&keys).await?;
    let recent = partition().prefix(Device::PREFIX).backward();
    let recent: Vec<Device> = tables.query(recent.limit(RECENT_MAX)).await?;
    let kept = |one: &Device| one.expires.is_none_or(|end| end > now.seconds());
    let revoked = recent.into_iter().filter(|one| !one.is_active());
    devices.retain(Device::is_active);
    devices.extend(revoked.filter(kept));
    devices.sort_by(|a, b| b.device_id.cmp(&a.device_id));
    let activity: Option<Activity> = tables.get(&Activity::key_of(&me.user_id)).await?;
    let view = |one: &Device| DeviceView::of(one, me, activity.as_ref());
    Ok(devices.iter().map(view).collect())
}
