//! What is pushed: ids only, in the shape of each platform.

use serde_json::{Map, Value, json};

use super::notice::Told;
use super::row::Notification;
use crate::aws::push::{Missive, PushApp};
use crate::time::{DAY_MS, SECOND_MS, Time};

/// How loud a push is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    /// Wakes the phone at once.
    Ring,
    /// The app hears it, the person does not.
    Quiet,
    /// Shown to the person.
    Alert,
}

impl Tone {
    fn of(trigger: &str) -> Self {
        match trigger {
            Told::RING => Self::Ring,
            Told::STOP => Self::Quiet,
            _ => Self::Alert,
        }
    }
}

/// The ids of a row as texts, with its trigger as their type.
fn data(row: &Notification) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("type".into(), json!(row.trigger));
    let ids = row.payload.as_ref().and_then(Value::as_object);
    for (name, value) in ids.into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(_) => drop(data.insert(name.clone(), value.clone())),
            other => drop(data.insert(name.clone(), json!(other.to_string()))),
        }
    }
    data
}

/// Names of the texts in the app that an alert shows: pushes carry none themselves.
fn shown(trigger: &str) -> (String, String) {
    (format!("{trigger}.title"), format!("{trigger}.message"))
}

/// What APNs gets.
fn apple(row: &Notification, app: PushApp, tone: Tone) -> Value {
    let mut all = data(row);
    let (title, message) = shown(&row.trigger);
    let alert = json!({ "title-loc-key": title, "loc-key": message });
    let aps = match (app, tone) {
        (PushApp::ApnsVoip, _) => json!({}),
        (_, Tone::Quiet) => json!({ "content-available": 1 }),
        (_, Tone::Ring) => json!({
            "alert": alert, "sound": "default", "interruption-level": "time-sensitive",
        }),
        (_, Tone::Alert) => json!({ "alert": alert, "sound": "default" }),
    };
    all.insert("aps".into(), aps);
    Value::Object(all)
}

/// What FCM gets (HTTP v1).
fn google(row: &Notification, tone: Tone, seconds: i64) -> Value {
    let (title, message) = shown(&row.trigger);
    let mut android = json!({
        "priority": if tone == Tone::Alert { "normal" } else { "high" },
        "ttl": format!("{seconds}s"),
    });
    if tone == Tone::Alert {
        android["notification"] = json!({ "title_loc_key": title, "body_loc_key": message });
    }
    json!({ "fcmV1Message": { "message": { "data": data(row), "android": android } } })
}

/// The platform in an ARN of a platform application, such as `APNS_VOIP_SANDBOX`.
fn platform(app_arn: &str) -> &str {
    let (_, rest) = app_arn.split_once(":app/").unwrap_or_default();
    rest.split('/').next().unwrap_or_default()
}

/// The push of a row through a platform application to an endpoint. It expires with the row,
/// rather a second early than late.
pub fn missive(
    (app, app_arn): (PushApp, &str),
    endpoint_arn: &str,
    row: &Notification,
    now: Time,
) -> Missive {
    let tone = Tone::of(&row.trigger);
    let left = row.valid_until.map_or(DAY_MS, |until| until.since(now));
    let seconds = (left / SECOND_MS).max(0);
    let platform = platform(app_arn);
    let (content, kind) = match app {
        PushApp::Fcm => (google(row, tone, seconds), "FCM"),
        PushApp::Apns | PushApp::ApnsVoip => (apple(row, app, tone), platform),
    };
    let mut attributes = vec![(format!("AWS.SNS.MOBILE.{kind}.TTL"), seconds.to_string())];
    if app != PushApp::Fcm {
        let (push_type, priority) = match (app, tone) {
            (PushApp::ApnsVoip, _) => ("voip", "10"),
            // Apple takes background pushes with this priority only.
            (_, Tone::Quiet) => ("background", "5"),
            _ => ("alert", "10"),
        };
        let mut header = |name: &str, value: &str| {
            attributes.push((format!("AWS.SNS.MOBILE.APNS.{name}"), value.to_owned()));
        };
        header("PUSH_TYPE", push_type);
        header("PRIORITY", priority);
        let call = row.payload.as_ref().and_then(|ids| ids["call_id"].as_str());
        // A later push about the same call takes the place of an earlier one on the screen.
        if let (Some(call), false) = (call, app == PushApp::ApnsVoip || tone == Tone::Quiet) {
            header("COLLAPSE_ID", call);
        }
    }
    let message = json!({ "default": row.trigger, platform: content.to_string() });
    Missive {
        endpoint_arn: endpoint_arn.to_owned(),
        message: message.to_string(),
        attributes,
    }
}

#[cfg(test)]
mod tests;
