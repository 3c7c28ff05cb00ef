//! Measures against people (spec admin.md, *Ban*; realtime.md, scenario 3).

use local::cloud::{Kind, Rule};
use serde_json::{Value, json};
use shared::Time;
use world::{Administrator, Answer, Person, World, text_to};

use super::rows;
use crate::scenarios::calls::{Talk, friends};

/// How long bans last here, seconds: an access token outlives it.
const SPAN: i64 = 600;
const TRANSACTION: &str = "DynamoDB.TransactWriteItems";
const WHY: &str = "asked for money";

async fn bans(admin: &Administrator, who: &Person, until: Option<Time>) -> Answer {
    let path = format!("/api/admin/users/{}/ban", who.id);
    admin
        .post(&path, json!({ "until": until, "reason": WHY }))
        .await
}

async fn signs_in(who: &Person) -> Answer {
    let body = json!({ "email": who.email, "password": who.password });
    let path = "/api/v2/auth/login";
    who.world.call("POST", path, Some(body)).await
}

async fn status(admin: &Administrator, who: &Person) -> Value {
    let person = admin.get(&format!("/api/admin/users/{}", who.id)).await;
    person.ok()["account"]["status"].clone()
}

/// Scenario 9, and scenario 3 of realtime.md.
#[tokio::test(start_paused = true)]
async fn a_ban_ends_sockets_and_sessions_at_once() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    let mut phone = ann.elsewhere().await;
    ann.comes_online().await;
    phone.comes_online().await;
    let admin = world.admin("admin-1").await;
    let until = world.now().plus(SPAN * 1_000);
    world.local.hold_streams(true);
    let told = bans(&admin, &ann, Some(until)).await.ok();
    assert_eq!(told, json!({ "status": "banned", "until": until }));
    // Before anything has told the sockets, a frame is refused already.
    let refused = ann.asks("ping", json!({})).await;
    assert_eq!(refused["data"]["code"], "USER_BANNED");
    assert_eq!(refused["data"]["close_code"], 4014);
    world.local.hold_streams(false);
    world.passes(5).await;
    let said = phone.waits(|frame| frame["type"] == "account.action").await;
    let action = json!({ "kind": "banned", "reason": "rules", "until": until });
    assert_eq!(said["data"], action);
    assert_eq!(phone.is_closed().await, 4014);
    assert_eq!(ann.is_closed().await, 4014);
    for session in [&ann, &phone] {
        let refused = session
            .get("/api/v2/user")
            .await
            .refused(403, "USER_BANNED");
        assert_eq!(refused["details"], json!({ "until": until }));
    }
    let refused = signs_in(&ann).await.refused(403, "USER_BANNED");
    assert_eq!(refused["details"], json!({ "until": until }));
    assert_eq!(world.rows("live", &ann.id, "conn#").await.len(), 0);
    assert_eq!(status(&admin, &ann).await, "banned");
}

/// Scenario 9: a running call ends and is settled.
#[tokio::test(start_paused = true)]
async fn a_ban_ends_and_settles_the_running_call() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    let admin = world.admin("admin-1").await;
    bans(&admin, &ben, None).await.ok();
    world.passes(5).await;
    assert_eq!(ben.is_closed().await, 4014);
    let told = ann.waits(|frame| frame["type"] == "call.ended").await;
    assert_eq!(told["data"]["credits_spent"], 10);
    let seen = talk.seen(&ann).await;
    assert_eq!(
        (&seen["status"], &seen["billed_minutes"]),
        (&json!("ended"), &json!(2))
    );
    ann.has_credits(90).await;
    let wallet = ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(wallet["held"], 0);
}

/// Scenario 9: the automatic lift.
#[tokio::test(start_paused = true)]
async fn a_ban_ends_at_its_time() {
    let world = World::new().await.punctual();
    let (ann, mut ben) = world.two("Ann", "Ben").await;
    let admin = world.admin("admin-1").await;
    let until = world.now().plus(SPAN * 1_000);
    bans(&admin, &ann, Some(until)).await.ok();
    // To the last second it counts, and from its end on it does not, swept or not.
    let left = until.since(world.now()) / 1_000;
    world.passes(left - 1).await;
    signs_in(&ann).await.refused(403, "USER_BANNED");
    world.passes(2).await;
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    signs_in(&ann).await.ok();
    ben.says("welcome back").to(&ann).await.ok();
    world.passes(300).await;
    assert_eq!(status(&admin, &ann).await, "active");
    let account = &world.rows("data", &ann.id, "account").await[0];
    assert!(!account.contains_key("due_shard"));
    let mails = world.mails_to(&ann.email);
    let subjects = mails.iter().filter_map(|mail| mail["subject"].as_str());
    let subjects: Vec<_> = subjects
        .filter(|it| it.starts_with("Your account is"))
        .collect();
    assert_eq!(
        subjects,
        ["Your account is suspended", "Your account is open again"]
    );
    let log = world.admin("admin-2").await;
    assert_eq!(rows(&log, "action=ban_user").await.len(), 1);
    assert_eq!(world.runs("lift_bans").await, json!({ "lifted": 0 }));
}

#[tokio::test(start_paused = true)]
async fn who_is_banned_is_not_there_for_others() {
    let world = World::new().await;
    let (ann, mut ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    ben.says("hello").to(&ann).await.ok();
    let admin = world.admin("admin-1").await;
    bans(&admin, &ann, None).await.ok();
    let unknown = format!("usr_{}", "0".repeat(26));
    for (from, credits) in [(&ben, 99), (&cleo, 100)] {
        let send = |to: &str, id: &str| {
            from.post("/api/v2/messages/send", text_to(to, "are you there?", id))
        };
        let banned = send(&ann.id, "to-the-banned").await;
        let nobody = send(&unknown, "to-nobody").await;
        assert_eq!(banned.code(), Some("USER_NOT_FOUND"));
        assert_eq!(banned.comparable(), nobody.comparable());
        from.has_credits(credits).await;
    }
    for path in [
        "/api/v2/messages/conversation/{id}",
        "/api/v2/messages/conversation/{id}?after_seq=0",
    ] {
        let of = |id: &str| path.replace("{id}", id);
        let (banned, nobody) = (cleo.get(&of(&ann.id)).await, cleo.get(&of(&unknown)).await);
        assert_eq!(banned.code(), Some("USER_NOT_FOUND"));
        assert_eq!(banned.comparable(), nobody.comparable());
    }
    let block = |id: &str| json!({ "user_id": id });
    let banned = cleo.post("/api/v2/blocks", block(&ann.id)).await;
    let nobody = cleo.post("/api/v2/blocks", block(&unknown)).await;
    assert_eq!(banned.comparable(), nobody.comparable());
    // What was written stays readable, and can still be blocked.
    assert_eq!(ben.reads(&ann).await.len(), 1);
    ben.post("/api/v2/blocks", block(&ann.id)).await.expect(201);
    let lift = format!("/api/admin/users/{}/unban", ann.id);
    let lifted = admin.post(&lift, json!({ "reason": "a mistake" })).await;
    assert_eq!(lifted.ok(), json!({ "status": "active" }));
    cleo.says("are you there?").to(&ann).await.ok();
    signs_in(&ann).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_ban_is_changed_and_lifted_and_every_step_has_its_row() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let admin = world.admin("admin-1").await;
    let until = world.now().plus(SPAN * 1_000);
    bans(&admin, &ann, Some(until)).await.ok();
    let for_good = bans(&admin, &ann, None).await.ok();
    assert_eq!(for_good, json!({ "status": "banned", "until": null }));
    // The end of before counts no more.
    world.passes(2 * SPAN).await;
    for answer in [signs_in(&ann).await, ann.get("/api/v2/user").await] {
        let refused = answer.refused(403, "USER_BANNED");
        assert_eq!(refused["details"], json!({ "until": null }));
    }
    let path = format!("/api/admin/users/{}/unban", ann.id);
    for _ in 0..2 {
        let lifted = admin.post(&path, json!({ "reason": "appeal" })).await.ok();
        assert_eq!(lifted, json!({ "status": "active" }));
    }
    signs_in(&ann).await.ok();
    let log = world.admin("admin-2").await;
    let steps: Vec<Value> = rows(&log, &format!("target={}", ann.id))
        .await
        .iter()
        .rev()
        .map(|row| json!([row["action"], row["before"], row["after"], row["reason"]]))
        .collect();
    assert_eq!(
        steps,
        [
            json!(["ban_user",
                { "status": "active", "banned_until": null },
                { "status": "banned", "banned_until": until }, WHY]),
            json!(["ban_user", { "banned_until": until }, { "banned_until": null }, WHY]),
            json!(["unban_user", { "status": "banned" }, { "status": "active" }, "appeal"]),
            json!(["unban_user", {}, {}, "appeal"]),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_slips_in_beside_a_ban() {
    let world = World::unlimited().await;
    let admin = world.admin("admin-1").await;
    for name in ["Ann", "Ben", "Cleo"] {
        let who = world.person(name).await;
        let ask = || bans(&admin, &who, None);
        let (ban, one, other) = tokio::join!(ask(), signs_in(&who), signs_in(&who));
        assert_eq!(ban.ok()["status"], "banned");
        who.get("/api/v2/user").await.refused(403, "USER_BANNED");
        for answer in [one, other] {
            let Some(token) = answer.body["access_token"].as_str() else {
                answer.refused(403, "USER_BANNED");
                continue;
            };
            let bearer = format!("Bearer {token}");
            let headers = [("authorization", bearer.as_str())];
            let answer = world.call_with("GET", "/api/v2/user", None, &headers).await;
            answer.refused(403, "USER_BANNED");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_sessions_of_a_person_are_ended() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let phone = ann.elsewhere().await;
    ann.comes_online().await;
    let admin = world.admin("admin-1").await;
    let path = format!("/api/admin/users/{}/sessions/revoke", ann.id);
    let why = json!({ "reason": "the phone was stolen" });
    let ended = admin.post(&path, why.clone()).await.ok();
    assert_eq!(ended, json!({ "revoked": 2 }));
    world.passes(5).await;
    let said = ann.waits(|frame| frame["type"] == "account.action").await;
    assert_eq!(
        said["data"],
        json!({ "kind": "sessions_ended", "reason": "safety" })
    );
    assert_eq!(ann.is_closed().await, 4003);
    for session in [&ann, &phone] {
        session
            .get("/api/v2/user")
            .await
            .refused(401, "SESSION_REVOKED");
    }
    ben.get("/api/v2/user").await.ok();
    assert_eq!(admin.post(&path, why).await.ok(), json!({ "revoked": 0 }));
    signs_in(&ann).await.ok();
    let log = world.admin("admin-2").await;
    let found = rows(&log, "action=end_user_sessions").await;
    let ended: Vec<_> = found
        .iter()
        .map(|row| row["metadata"]["sessions_ended"].clone())
        .collect();
    assert_eq!(ended, [json!(0), json!(2)]);
    let mails = world.mails_to(&ann.email);
    let told = |mail: &&Value| mail["subject"] == "All your sessions were ended";
    assert_eq!(mails.iter().filter(told).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn measures_need_a_person_a_reason_a_future_and_the_permission() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let admin = world.admin("admin-1").await;
    let ban = format!("/api/admin/users/{}/ban", ann.id);
    let past = json!({ "until": world.now(), "reason": WHY });
    admin
        .post(&ban, past)
        .await
        .refused(422, "VALIDATION_FAILED");
    let unban = format!("/api/admin/users/{}/unban", ann.id);
    let sessions = format!("/api/admin/users/{}/sessions/revoke", ann.id);
    for path in [&ban, &unban, &sessions] {
        admin
            .post(path, json!({}))
            .await
            .refused(422, "REASON_REQUIRED");
        let nobody = path.replace(&ann.id, "usr_none");
        let answer = admin.post(&nobody, json!({ "reason": WHY })).await;
        answer.refused(404, "USER_NOT_FOUND");
        let moderator = world.admin("moderator-1").await;
        let answer = moderator.post(path, json!({ "reason": WHY })).await;
        let refused = answer.refused(403, "PERMISSION_DENIED");
        assert_eq!(refused["details"]["permission"], "users.action");
    }
    ann.get("/api/v2/user").await.ok();
    let silent = json!({ "reason": WHY, "notify": false });
    admin.post(&ban, silent).await.ok();
    world.settles().await;
    assert!(world.mails_to(&ann.email).is_empty());
}

/// A fault in the transaction leaves neither effect nor row; one after it leaves both, once.
#[tokio::test(start_paused = true)]
async fn a_ban_and_its_row_are_there_together_or_not_at_all() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let admin = world.admin("admin-1").await;
    let log = world.admin("admin-2").await;
    let path = format!("/api/admin/users/{}/ban", ann.id);
    let key = [("idempotency-key", "ban-key-0001")];
    let ask = || admin.call_with("POST", &path, Some(json!({ "reason": WHY })), &key);
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    for nth in 1..=20 {
        faults.add(Rule {
            function: Some("ban_user".to_owned()),
            operation: Some(TRANSACTION.to_owned()),
            nth,
            kind: Kind::BeforeEffect,
        });
    }
    assert!(ask().await.status >= 500);
    faults.clear();
    ann.get("/api/v2/user").await.ok();
    assert!(rows(&log, "action=ban_user").await.is_empty());
    faults.count_from_zero();
    world.dies_after("ban_user", TRANSACTION, 1);
    assert!(ask().await.status >= 500);
    faults.clear();
    ann.get("/api/v2/user").await.refused(403, "USER_BANNED");
    assert_eq!(
        ask().await.ok(),
        json!({ "status": "banned", "until": null })
    );
    assert_eq!(rows(&log, "action=ban_user").await.len(), 1);
}
