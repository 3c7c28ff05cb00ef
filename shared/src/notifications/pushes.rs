//! Which phones an event reaches, by which way.

use super::notice::{Notice, Told};
use super::row::{Notification, State};
use super::target::{Platform, PushTarget};
use super::{Forgotten, PushJob};
use crate::aws::dynamo::Tables;
use crate::aws::push::PushApp;
use crate::config::PushApps;
use crate::error::Result;
use crate::time::Time;
use crate::worker;

impl PushTarget {
    /// The way to this phone for what a trigger tells, among those that are switched on.
    pub fn way(&self, apps: &PushApps, trigger: &str) -> Option<PushApp> {
        let rings = trigger == Told::RING && self.voip.is_some();
        let ways = match self.platform {
            Platform::Ios if rings => [PushApp::ApnsVoip, PushApp::Apns],
            Platform::Ios => [PushApp::Apns; 2],
            Platform::Android => [PushApp::Fcm; 2],
        };
        let on = ways.into_iter().find(|app| apps.arn(*app).is_some());
        on.filter(|_| self.enabled)
    }
}

impl Notification {
    /// Whether the phone has got it, or may still get it from an attempt that has begun. An attempt
    /// that begins later finds that it is not true any more.
    fn may_arrive(&self) -> bool {
        match self.status {
            State::Sent | State::Read => true,
            State::Pending => self.claims > 0,
            State::Failed => false,
        }
    }
}

/// The pushes that a notice causes: one for each phone that it is meant for.
///
/// # Errors
/// 503 when the table does not answer.
pub(super) async fn pushes_of(
    tables: &Tables,
    apps: &PushApps,
    notice: &Notice,
    now: Time,
) -> Result<Vec<Notification>> {
    let mut rows = Vec::new();
    for target in PushTarget::of_user(tables, &notice.user_id).await? {
        let is_on = target.way(apps, notice.told.trigger()).is_some();
        if is_on && is_meant(tables, notice, &target).await? {
            rows.push(Notification::push(notice, &target, now));
        }
    }
    Ok(rows)
}

/// Whether a phone is told. That a call rings no more concerns the ones that ring, but not the one
/// that answered.
async fn is_meant(tables: &Tables, notice: &Notice, target: &PushTarget) -> Result<bool> {
    let Told::CallCancelled { device_id, .. } = &notice.told else {
        return Ok(true);
    };
    if device_id.is_some() && target.device_id == *device_id {
        return Ok(false);
    }
    let ring = ring_of(tables, &notice.user_id, &notice.event, &target.target_id).await?;
    Ok(ring.is_some_and(|ring| ring.may_arrive()))
}

/// The push that rang a phone for a call.
pub(super) async fn ring_of(
    tables: &Tables,
    user_id: &str,
    call_id: &str,
    target_id: &str,
) -> Result<Option<Notification>> {
    let id = Notification::push_id(user_id, (call_id, Told::RING), target_id);
    let key = Notification::key_of(user_id, &id);
    tables.get_consistent(&key).await
}

/// The endpoints that a change of a target leaves behind.
///
/// # Errors
/// 500 when an image does not have the shape of a target.
pub fn forgotten(change: &worker::Change) -> Result<Vec<PushJob>> {
    let (Some(old), new) = change.of::<PushTarget>()? else {
        return Ok(Vec::new());
    };
    let held = |hash: &str| new.as_ref().is_some_and(|new| new.holds(hash));
    let left = old.addresses().filter(|address| !held(&address.hash));
    let job = left.filter_map(|address| {
        Some(PushJob::Forget(Forgotten {
            endpoint_arn: address.endpoint_arn.clone()?,
            hash: address.hash.clone(),
        }))
    });
    Ok(job.collect())
}
