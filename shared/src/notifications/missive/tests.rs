use super::*;
use crate::accounts::Sealed;
use crate::calls::CallType;
use crate::notifications::{Address, Notice, Platform, PushTarget};

const NOW: Time = Time(1_767_614_400_000);

fn target() -> PushTarget {
    PushTarget {
        user_id: "usr_01J00000000000000000000001".into(),
        target_id: "ptg_01J00000000000000000000001".into(),
        device_id: None,
        platform: Platform::Ios,
        address: Address {
            token: Sealed(vec![1]),
            hash: "a".into(),
            endpoint_arn: None,
            is_ready: false,
        },
        voip: None,
        timezone: "UTC".into(),
        app_version: "1".into(),
        enabled: true,
        last_seen_at: NOW,
        created_at: NOW,
        rev: 1,
    }
}

fn row(told: Told) -> Notification {
    let notice = Notice {
        user_id: "usr_01J00000000000000000000001".into(),
        event: "cal_1".into(),
        told,
        at: NOW.ms(),
    };
    Notification::push(&notice, &target(), NOW)
}

fn ring() -> Notification {
    row(Told::CallIncoming {
        call_id: "cal_1".into(),
        caller_id: "usr_2".into(),
        call_type: CallType::Video,
        until: NOW.plus(45_000).ms(),
    })
}

fn stop() -> Notification {
    row(Told::CallCancelled {
        call_id: "cal_1".into(),
        reason: "answered_elsewhere".into(),
        device_id: Some("dev_1".into()),
    })
}

fn miss() -> Notification {
    row(Told::CallMissed {
        call_id: "cal_1".into(),
        caller_id: "usr_2".into(),
        video: true,
    })
}

/// What a platform gets, and the attributes.
fn pushed(app: PushApp, place: &str, row: &Notification, at: Time) -> (Value, Vec<String>) {
    let arn = format!("arn:aws:sns:us-east-1:000000000000:app/{place}/pairly");
    let missive = missive((app, &arn), "arn:endpoint", row, at);
    let all: Value = serde_json::from_str(&missive.message).expect("JSON");
    assert_eq!(all["default"], row.trigger.as_str());
    let text = all[place].as_str().expect("a text for the platform");
    let attributes = missive.attributes.iter();
    let attributes = attributes.map(|(name, value)| {
        let name = name.strip_prefix("AWS.SNS.MOBILE.").expect("a prefix");
        format!("{name}={value}")
    });
    (
        serde_json::from_str(text).expect("JSON"),
        attributes.collect(),
    )
}

#[test]
fn a_ring_is_a_voip_push_that_ends_with_the_ringing() {
    let at = NOW.plus(1_500);
    let (message, attributes) = pushed(PushApp::ApnsVoip, "APNS_VOIP_SANDBOX", &ring(), at);
    assert_eq!(
        message,
        json!({
            "aps": {}, "type": "call.incoming", "call_id": "cal_1", "caller_id": "usr_2",
            "call_type": "video", "ring_expires_at": NOW.plus(45_000),
        })
    );
    let wanted = [
        "APNS_VOIP_SANDBOX.TTL=43",
        "APNS.PUSH_TYPE=voip",
        "APNS.PRIORITY=10",
    ];
    assert_eq!(attributes, wanted, "43.5 seconds are left");
    let (_, late) = pushed(PushApp::ApnsVoip, "APNS_VOIP", &ring(), NOW.plus(60_000));
    assert_eq!(late[0], "APNS_VOIP.TTL=0");
}

#[test]
fn without_voip_a_ring_is_a_loud_alert_whose_words_are_in_the_app() {
    let (message, attributes) = pushed(PushApp::Apns, "APNS", &ring(), NOW);
    let alert = json!({
        "title-loc-key": "call.incoming.title", "loc-key": "call.incoming.message",
    });
    assert_eq!(message["aps"]["alert"], alert);
    let wanted = [
        "APNS.TTL=45",
        "APNS.PUSH_TYPE=alert",
        "APNS.PRIORITY=10",
        "APNS.COLLAPSE_ID=cal_1",
    ];
    assert_eq!(attributes, wanted);
}

#[test]
fn that_a_call_rings_no_more_is_heard_by_the_app_alone() {
    let (message, attributes) = pushed(PushApp::Apns, "APNS", &stop(), NOW);
    assert_eq!(
        message,
        json!({
            "aps": { "content-available": 1 }, "type": "call.cancelled", "call_id": "cal_1",
            "reason": "answered_elsewhere", "device_id": "dev_1",
        })
    );
    let wanted = [
        "APNS.TTL=60",
        "APNS.PUSH_TYPE=background",
        "APNS.PRIORITY=5",
    ];
    assert_eq!(attributes, wanted);
    let (message, attributes) = pushed(PushApp::Fcm, "GCM", &stop(), NOW);
    let message = &message["fcmV1Message"]["message"];
    assert_eq!(
        message["android"],
        json!({ "priority": "high", "ttl": "60s" })
    );
    assert_eq!(attributes, ["FCM.TTL=60"]);
}

#[test]
fn a_missed_call_is_shown_for_a_day() {
    let (message, attributes) = pushed(PushApp::Fcm, "GCM", &miss(), NOW);
    let message = &message["fcmV1Message"]["message"];
    assert_eq!(
        message["data"],
        json!({ "type": "call.missed", "call_id": "cal_1", "caller_id": "usr_2" })
    );
    let shown = json!({
        "title_loc_key": "call.missed.title", "body_loc_key": "call.missed.message",
    });
    assert_eq!(message["android"]["notification"], shown);
    assert_eq!(attributes, ["FCM.TTL=86400"]);
    let (message, _) = pushed(PushApp::Apns, "APNS", &miss(), NOW);
    assert_eq!(message["aps"]["sound"], "default");
}

#[test]
fn one_event_is_one_row_for_each_phone_and_trigger() {
    let (one, again, other) = (ring(), ring(), miss());
    assert_eq!(one.id, again.id);
    assert_ne!(one.id, other.id);
    let named = Notification::push_id(
        &one.user_id,
        ("cal_1", Told::RING),
        "ptg_01J00000000000000000000001",
    );
    assert_eq!(one.id, named);
    assert_eq!(one.valid_until, Some(NOW.plus(45_000)));
    let row = crate::table::row_of(&one).expect("a row");
    assert!(crate::table::item_bytes(&row) <= 960);
}
