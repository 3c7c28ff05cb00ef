//! A call rings the receiver's phones at once, with ids only, and stops everywhere.

use serde_json::{Value, json};
use world::{Person, World};

use super::{android, heard, iphone, pushes, registers, rows, told};
use crate::scenarios::calls::phone::meet;
use crate::scenarios::calls::{Talk, dials};
use crate::scenarios::relay::devices::bound;

/// Two people who may call each other; nobody is online.
pub async fn apart(world: &World) -> (Person, Person) {
    let mut ann = world.person_with("Ann", 500).await;
    let mut ben = world.person("Ben").await;
    meet(&mut ann, &mut ben).await;
    (ann, ben)
}

/// A call that rings and is given up.
pub async fn rings_in_vain(from: &Person, to: &Person) {
    let talk = Talk::rings(from, to, "audio").await;
    from.world.settles().await;
    talk.ends(from).await.ok();
    from.world.settles().await;
}

fn both(token: &str, kinds: &[&str]) -> Vec<(String, String)> {
    let all = kinds.iter();
    all.map(|kind| (token.to_owned(), (*kind).to_owned()))
        .collect()
}

/// The time to live that a push has at its provider, seconds.
fn seconds(push: &Value, name: &str) -> i64 {
    let name = format!("AWS.SNS.MOBILE.{name}.TTL");
    let text = push["payload"]["attributes"][name].as_str();
    text.expect("a time to live").parse().expect("seconds")
}

#[tokio::test(start_paused = true)]
async fn every_phone_rings_at_once_with_ids_only_until_the_ringing_ends() {
    let world = World::new().await.punctual();
    let (ann, ben) = apart(&world).await;
    registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
    registers(&ben, android("android-of-ben")).await;
    registers(&ann, android("android-of-ann")).await;
    let talk = Talk::rings(&ann, &ben, "video").await;
    world.settles().await;
    let (seen, all) = (talk.seen(&ben).await, pushes(&world));
    let ids = json!({
        "type": "call.incoming", "call_id": talk.id, "caller_id": ann.id, "call_type": "video",
        "ring_expires_at": seen["ring_expires_at"],
    });
    assert_eq!(all.len(), 2, "{all:?}");
    let to = |token: &str| all.iter().find(|push| push["to"] == token).expect("a push");
    let (voip, google) = (to("voip-of-ben"), to("android-of-ben"));
    for push in [voip, google] {
        assert_eq!(told(push), ids);
        assert!(!push.to_string().contains("Ann"), "no names: {push}");
    }
    assert_eq!(voip["payload"]["platform"], "APNS_VOIP");
    assert!((40..=45).contains(&seconds(voip, "APNS_VOIP")), "{voip}");
    let attributes = &voip["payload"]["attributes"];
    assert_eq!(attributes["AWS.SNS.MOBILE.APNS.PUSH_TYPE"], "voip");
    assert_eq!(attributes["AWS.SNS.MOBILE.APNS.PRIORITY"], "10");
    assert_eq!(google["payload"]["platform"], "GCM");
    assert!((40..=45).contains(&seconds(google, "FCM")), "{google}");
    let message = &google["payload"]["message"]["fcmV1Message"]["message"];
    assert_eq!(message["android"]["priority"], "high");
}

#[tokio::test(start_paused = true)]
async fn every_ring_is_recorded() {
    let world = World::new().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
    registers(&ben, android("android-of-ben")).await;
    Talk::rings(&ann, &ben, "audio").await;
    let rows = rows(&world, &ben, "call.incoming").await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        let row = serde_json::to_value(row).expect("a row");
        assert_eq!(
            (&row["status"], &row["detail"]),
            (&json!("sent"), &json!("sent"))
        );
        assert_eq!(
            (&row["claims"], &row["retry_count"]),
            (&json!(1), &json!(0))
        );
        assert_eq!(row["metadata"], json!({ "why": "default" }));
        assert!(row["provider_message_id"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_silences_the_other_phones_that_ring() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    let (phone, id) = bound(&ben, "Phone", 1).await;
    registers(&phone, android("phone-that-answers")).await;
    registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    // It has not rung, so nothing has to stop.
    registers(&ben, android("phone-of-later")).await;
    talk.accepts(&phone).await.ok();
    world.settles().await;
    assert_eq!(heard(&world).len(), 3, "{:?}", heard(&world));
    let stop = pushes(&world).pop().expect("a push");
    assert_eq!(stop["to"], "iphone-of-ben", "not by the way that rings");
    assert_eq!(
        told(&stop),
        json!({
            "type": "call.cancelled", "call_id": talk.id, "reason": "answered_elsewhere",
            "device_id": id,
        })
    );
    let attributes = &stop["payload"]["attributes"];
    assert_eq!(attributes["AWS.SNS.MOBILE.APNS.PUSH_TYPE"], "background");
    assert_eq!(attributes["AWS.SNS.MOBILE.APNS.PRIORITY"], "5");
    assert_eq!(
        stop["payload"]["message"]["aps"],
        json!({ "content-available": 1 }),
        "nobody sees or hears it"
    );
}

#[tokio::test(start_paused = true)]
async fn declining_cancelling_and_time_stop_the_ringing() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    let token = "android-of-ben";
    registers(&ben, android(token)).await;
    let reason = |world: &World| {
        let all = pushes(world);
        let mut stops = all
            .iter()
            .map(told)
            .filter(|ids| ids["type"] == "call.cancelled");
        stops.next_back().expect("a stop")["reason"].clone()
    };
    let talk = Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    talk.rejects(&ben, "declined").await.ok();
    world.settles().await;
    assert_eq!(reason(&world), "declined_elsewhere");
    let declined = ["call.cancelled", "call.incoming"];
    assert_eq!(
        heard(&world),
        both(token, &declined),
        "and it is not missed"
    );
    world.passes(1).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    talk.ends(&ann).await.ok();
    world.settles().await;
    assert_eq!(reason(&world), "cancelled_by_caller");
    world.passes(1).await;
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(50).await;
    assert_eq!(reason(&world), "invite_timeout");
    let count = |kind: &str| heard(&world).iter().filter(|one| one.1 == kind).count();
    assert_eq!(count("call.incoming"), 3);
    assert_eq!(count("call.cancelled"), 3);
    assert_eq!(count("call.missed"), 2);
    let missed = pushes(&world)
        .into_iter()
        .rfind(|push| told(push)["type"] == "call.missed");
    let missed = &missed.expect("a push")["payload"]["message"]["fcmV1Message"]["message"];
    let shown = &missed["android"]["notification"];
    assert_eq!(
        shown["title_loc_key"], "call.missed.title",
        "the app has the words"
    );
}

#[tokio::test(start_paused = true)]
async fn a_busy_person_learns_of_the_other_call_on_the_phone() {
    let world = World::unlimited().await;
    let (ann, mut ben) = apart(&world).await;
    let mut cleo = world.person("Cleo").await;
    meet(&mut cleo, &mut ben).await;
    registers(&ben, android("android-of-ben")).await;
    Talk::between(&ann, &ben, "audio").await;
    let refused = dials(&cleo, &ben, "audio", "call-of-cleo").await;
    refused.refused(409, "CALLEE_BUSY");
    world.settles().await;
    let missed: Vec<_> = pushes(&world)
        .iter()
        .map(told)
        .filter(|ids| ids["type"] == "call.missed")
        .collect();
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0]["caller_id"], cleo.id.as_str());
}

#[tokio::test(start_paused = true)]
async fn the_inbox_says_who_was_not_pushed_to() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    for with_phone in [false, true] {
        if with_phone {
            registers(&ben, android("android-of-ben")).await;
        }
        world.passes(1).await;
        rings_in_vain(&ann, &ben).await;
    }
    let entries = world.rows("data", &ben.id, "inbox#").await;
    let skipped: Vec<bool> = entries
        .iter()
        .map(|row| format!("{:?}", row.get("metadata")).contains("no_target"))
        .collect();
    assert_eq!(skipped, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn who_has_no_phone_costs_nothing_more() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    registers(&ann, android("android-of-ann")).await;
    world.settles().await;
    world.local.cloud().meter().reset();
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.ends(&ann).await.ok();
    world.settles().await;
    let lines = world.local.cloud().meter().take();
    let pushing = ["plan_notifications", "deliver_push"];
    let found = lines
        .iter()
        .find(|line| pushing.contains(&line.function.as_str()));
    assert!(found.is_none(), "{found:?}");
    let sent = lines.iter().find(|line| line.table == "queue/pushes");
    assert!(sent.is_none(), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_ring_costs_seven_write_units_a_phone() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    // The first push makes the endpoint.
    rings_in_vain(&ann, &ben).await;
    world.local.cloud().meter().reset();
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    let lines = world.local.cloud().meter().take();
    let pushing = ["plan_notifications", "deliver_push"];
    let pushing = lines
        .iter()
        .filter(|line| pushing.contains(&line.function.as_str()));
    let units: f64 = pushing.map(|line| line.write).sum();
    assert!(units > 0.0 && units <= 7.0, "{units}");
}

#[tokio::test(start_paused = true)]
async fn who_is_banned_is_not_pushed_to() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, android("android-of-ben")).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    let rang = pushes(&world).len();
    let admin = world.admin("super_admin-1").await;
    let path = format!("/api/admin/users/{}/ban", ben.id);
    let banned = admin.post(&path, json!({ "reason": "a scenario" })).await;
    assert!(banned.status < 300, "{}", banned.body);
    talk.ends(&ann).await;
    world.passes(60).await;
    assert_eq!((rang, pushes(&world).len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn without_platform_applications_nothing_is_pushed_or_kept_for_it() {
    let off = ["PUSH_APNS_ARN", "PUSH_APNS_VOIP_ARN", "PUSH_FCM_ARN"].map(|name| (name, ""));
    let world = World::with(1, &off).await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
    registers(&ben, android("android-of-ben")).await;
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(50).await;
    assert!(pushes(&world).is_empty());
    for trigger in ["call.incoming", "call.cancelled", "call.missed"] {
        assert!(rows(&world, &ben, trigger).await.is_empty(), "{trigger}");
    }
    let health = world.call("GET", "/api/health", None).await.ok();
    assert_eq!(health["checks"]["push"]["status"], "not_configured");
    let world = World::new().await;
    let health = world.call("GET", "/api/health", None).await.ok();
    assert_eq!(health["checks"]["push"]["status"], "healthy");
}
