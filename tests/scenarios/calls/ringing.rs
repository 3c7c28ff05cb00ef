//! Ringing begins at all devices at once, and always stops.

use serde_json::{Value, json};
use world::{Person, World};

use super::{Talk, dials, friends};

/// What a device does that was woken by a push, or opened by hand: it looks before it rings.
async fn would_ring(talk: &Talk, device: &Person) -> bool {
    let call = talk.seen(device).await;
    let until = shared::Time::parse(call["ring_expires_at"].as_str().expect("a time"));
    call["status"] == "ringing" && device.world.now() < until.expect("a time")
}

/// Three devices of Ben: two are online, one is asleep.
struct Devices {
    phone: Person,
    laptop: Person,
    asleep: Person,
}

impl Devices {
    async fn of(ben: Person) -> Self {
        let mut laptop = ben.elsewhere().await;
        laptop.comes_online().await;
        let asleep = ben.elsewhere().await;
        Self {
            phone: ben,
            laptop,
            asleep,
        }
    }

    /// The devices that are online have heard the call.
    async fn ring(&mut self) {
        for device in [&mut self.phone, &mut self.laptop] {
            device.waits(|frame| frame["type"] == "call.incoming").await;
        }
    }

    /// Every device is silent, whether it was told or looks for itself.
    async fn are_silent(&mut self, talk: &Talk, told: &[(&str, &str)]) {
        let mut frames = Vec::new();
        for device in [&mut self.phone, &mut self.laptop] {
            let of = |kind: &str| kind.to_owned();
            for kind in ["call.cancelled", "call.missed", "call.ended"].map(of) {
                for frame in device.got(&kind).await {
                    let reason = frame["data"]["reason"].as_str().unwrap_or_default();
                    frames.push((kind.clone(), reason.to_owned()));
                }
            }
        }
        let wanted: Vec<_> = told
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        assert_eq!(frames, wanted);
        for device in [&self.phone, &self.laptop, &self.asleep] {
            assert!(!would_ring(talk, device).await);
        }
    }
}

async fn ringing(world: &World) -> (Person, Devices, Talk) {
    let (ann, ben) = friends(world, 100).await;
    let mut devices = Devices::of(ben).await;
    let talk = Talk::rings(&ann, &devices.phone, "audio").await;
    devices.ring().await;
    assert!(
        would_ring(&talk, &devices.asleep).await,
        "woken in time, it rings"
    );
    (ann, devices, talk)
}

#[tokio::test(start_paused = true)]
async fn a_call_rings_at_all_devices_and_costs_nothing_yet() {
    let world = World::new().await.punctual();
    let (ann, ben) = friends(&world, 100).await;
    let answer = dials(&ann, &ben, "video", "first-call").await.expect(201);
    assert_eq!(answer["status"], "ringing");
    assert_eq!(
        (&answer["rate_per_minute"], &answer["max_seconds"]),
        (&json!(10), &json!(14_400))
    );
    assert_eq!(
        (&answer["affordable_minutes"], &answer["credits_spent"]),
        (&json!(10), &json!(0))
    );
    assert_eq!(answer["duration_seconds"], 0);
    assert!(answer["ice_servers"][0]["credential"].is_string());
    let expires = shared::Time::parse(answer["ring_expires_at"].as_str().expect("a time"));
    let left = expires.expect("a time").since(world.now());
    assert!((44_000..=45_000).contains(&left), "{left}");
    ann.has_credits(100).await;
    let again = dials(&ann, &ben, "video", "first-call").await.expect(201);
    assert_eq!(
        again["id"], answer["id"],
        "a repeated request is the same call"
    );
    dials(&ann, &ben, "audio", "first-call")
        .await
        .refused(422, "IDEMPOTENCY_KEY_REUSED");
    let body = json!({ "receiver_id": ben.id, "call_type": "audio" });
    let bare = ann.post("/api/v2/calls/initiate", body).await;
    bare.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
}

#[tokio::test(start_paused = true)]
async fn an_answer_silences_the_other_devices() {
    let world = World::new().await;
    let (_ann, mut devices, talk) = ringing(&world).await;
    talk.accepts(&devices.phone).await.ok();
    devices
        .are_silent(&talk, &[("call.cancelled", "answered_elsewhere")])
        .await;
    talk.accepts(&devices.laptop)
        .await
        .refused(409, "ANSWERED_ELSEWHERE");
    talk.accepts(&devices.asleep)
        .await
        .refused(409, "ANSWERED_ELSEWHERE");
    let again = talk.accepts(&devices.phone).await.ok();
    assert_eq!(
        again["status"], "accepted",
        "the device that answered may ask again"
    );
    let conflict = talk.rejects(&devices.laptop, "busy").await;
    let details = conflict.refused(409, "CALL_STATE_CONFLICT")["details"].clone();
    assert_eq!(details, json!({ "status": "accepted" }));
}

#[tokio::test(start_paused = true)]
async fn declining_silences_all_devices_and_tells_the_caller_why() {
    for reason in ["declined", "busy", "unavailable"] {
        let world = World::new().await;
        let (mut ann, mut devices, talk) = ringing(&world).await;
        let answer = talk.rejects(&devices.laptop, reason).await.ok();
        assert_eq!(answer, json!({ "success": true, "status": "rejected" }));
        let told = ann.waits(|frame| frame["type"] == "call.rejected").await;
        assert_eq!(told["data"]["reason"], reason);
        let silent = ("call.cancelled", "declined_elsewhere");
        devices.are_silent(&talk, &[silent, silent]).await;
        talk.rejects(&devices.phone, reason)
            .await
            .refused(410, "CALL_ENDED");
        talk.accepts(&devices.phone)
            .await
            .refused(410, "CALL_ENDED");
        ann.has_credits(100).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_silences_all_devices() {
    let world = World::new().await;
    let (ann, mut devices, talk) = ringing(&world).await;
    let answer = talk.ends(&ann).await.ok();
    assert_eq!(
        (&answer["status"], &answer["ended_reason"]),
        (&json!("cancelled"), &json!("cancelled_by_caller"))
    );
    let silent = ("call.cancelled", "cancelled_by_caller");
    devices.are_silent(&talk, &[silent, silent]).await;
    let missed = devices
        .phone
        .get("/api/v2/calls/history?filter=missed")
        .await
        .ok();
    assert_eq!(
        missed["calls"][0]["id"],
        talk.id.as_str(),
        "a missed entry stays"
    );
    ann.has_credits(100).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_for_45_seconds() {
    let world = World::new().await.punctual();
    let (mut ann, mut devices, talk) = ringing(&world).await;
    world.passes(43).await;
    assert!(would_ring(&talk, &devices.asleep).await);
    world.passes(3).await;
    assert_eq!(ann.got("call.missed").await.len(), 1);
    devices
        .are_silent(&talk, &[("call.missed", ""), ("call.missed", "")])
        .await;
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["ended_reason"]),
        (&json!("missed"), &json!("invite_timeout"))
    );
    assert_eq!(seen["ended_at"], seen["ring_expires_at"]);
    // A push that comes after 50 seconds wakes a device that stays silent.
    assert!(!would_ring(&talk, &devices.asleep).await);
}

#[tokio::test(start_paused = true)]
async fn without_any_timer_and_sweep_a_call_still_stops_ringing_in_time() {
    let world = World::new().await;
    super::no_timers(&world);
    super::no_sweep(&world);
    let (ann, devices, talk) = ringing(&world).await;
    world.passes(46).await;
    for person in [&ann, &devices.phone, &devices.laptop, &devices.asleep] {
        let seen = talk.seen(person).await;
        assert_eq!(
            seen["status"], "missed",
            "read without anything having been written"
        );
    }
    let refused = talk
        .accepts(&devices.phone)
        .await
        .refused(410, "CALL_ENDED");
    assert_eq!(refused["details"]["status"], "missed");
    talk.rejects(&devices.phone, "busy")
        .await
        .refused(410, "CALL_ENDED");
    assert_eq!(
        talk.ends(&ann).await.ok()["status"],
        "missed",
        "an end tells the stored result"
    );
    ann.has_credits(100).await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_rings_is_told_to_the_caller_once() {
    let world = World::new().await;
    let (mut ann, devices, talk) = ringing(&world).await;
    for device in [&devices.phone, &devices.laptop] {
        let answer = talk.post(device, "ringing", json!({})).await.ok();
        assert_eq!(answer, json!({ "status": "ringing" }));
    }
    assert_eq!(ann.got("call.ringing").await.len(), 1);
    talk.post(&ann, "ringing", json!({}))
        .await
        .refused(404, "CALL_NOT_FOUND");
    talk.connects(&devices.phone)
        .await
        .refused(409, "CALL_STATE_CONFLICT");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_opened_after_the_answer_finds_the_call_running() {
    let world = World::new().await;
    let (_ann, mut devices, talk) = ringing(&world).await;
    talk.accepts(&devices.phone).await.ok();
    devices.asleep.comes_online().await;
    let state = devices.asleep.asks("sync.resume", json!({})).await;
    let calls = state["data"]["calls"].as_array().expect("calls").clone();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&calls[0]["id"], &calls[0]["status"]),
        (&json!(talk.id), &json!("accepted"))
    );
    assert!(devices.asleep.got("call.incoming").await.is_empty());
    talk.ends(&devices.asleep).await.ok();
    let state: Value = devices.asleep.asks("sync.resume", json!({})).await;
    assert_eq!(state["data"]["calls"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn only_who_was_written_to_may_ring_and_nobody_learns_more() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    dials(&ann, &ben, "audio", "stranger-1")
        .await
        .refused(403, "CALL_NOT_ALLOWED");
    ann.says("please").to(&ben).await.ok();
    dials(&ann, &ben, "audio", "stranger-2")
        .await
        .refused(403, "CALL_NOT_ALLOWED");
    dials(&ann, &ann, "audio", "stranger-3")
        .await
        .refused(422, "CANNOT_TARGET_SELF");
    let mut nobody = ben.elsewhere().await;
    nobody.id = format!("usr_{}", "0".repeat(26));
    let missing = dials(&ann, &nobody, "audio", "stranger-4").await;
    let block = json!({ "user_id": ann.id });
    ben.post("/api/v2/blocks", block).await.expect(201);
    let blocked = dials(&ann, &ben, "audio", "stranger-5").await;
    assert_eq!(blocked.comparable(), missing.comparable());
    missing.refused(404, "USER_NOT_FOUND");
    dials(&ben, &ann, "audio", "stranger-6")
        .await
        .refused(403, "BLOCKED");
}

#[tokio::test(start_paused = true)]
async fn who_rings_too_often_is_refused_and_that_counts() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let rings = async |nth: i64| dials(&ann, &ben, "audio", &format!("too-often-{nth}")).await;
    for nth in 0..6 {
        let id = rings(nth).await.expect(201)["id"].clone();
        let id = id.as_str().expect("an id").to_owned();
        Talk { id }.ends(&ann).await.ok();
    }
    for nth in 6..11 {
        assert!(world.rows("live", &ann.id, "flag#").await.is_empty());
        rings(nth).await.refused(429, "RATE_LIMITED");
    }
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 1);
    world.passes(20).await;
    rings(11).await.expect(201);
}
