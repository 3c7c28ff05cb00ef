//! Decisions about items of the moderation queue and what follows from them.

use serde_json::json;
use shared::moderation::Severity;
use world::World;

use super::queue::{NUMBER, about, ids, queue, queued, resolves};
use super::rows;

/// What the detectors hold back, from new accounts.
const REQUEST: &str = "can you lend me 50 euros please";

/// Scenario 22 of messaging.md.
#[tokio::test(start_paused = true)]
async fn a_held_message_is_let_go_or_blocked_from_the_queue() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    let held = ann.says(REQUEST).to(&ben).await.ok();
    let again = ann.says(&format!("{REQUEST}!")).to(&ben).await.ok();
    world.settles().await;
    assert_eq!(
        (&held["status"], &held["moderation_status"]),
        (&json!("sent"), &json!("pending"))
    );
    assert!(ben.got("message.new").await.is_empty());
    let unread = ben.get("/api/v2/messages/unread-count").await.ok();
    assert_eq!(unread["unread_count"], 0);
    ann.has_credits(98).await;
    let moderator = world.admin("moderator-1").await;
    let shown = queue(&moderator, "kind=message").await;
    assert_eq!(ids(&shown).len(), 2);
    let evidence = &shown["items"][0]["evidence"];
    assert_eq!(
        (&evidence["author_id"], &evidence["intact"]),
        (&json!(ann.id), &json!(true))
    );
    let flag = resolves(&moderator, &about(&held), "flag").await;
    flag.refused(422, "VALIDATION_FAILED");
    let done = resolves(&moderator, &about(&held), "approve").await.ok();
    assert_eq!(done["effects"], json!(["message.approved"]));
    assert_eq!(ben.sees(REQUEST).await["data"]["id"], held["id"]);
    let done = resolves(&moderator, &about(&again), "block").await.ok();
    assert_eq!(
        done["effects"],
        json!(["message.blocked", "message.refunded"])
    );
    world.settles().await;
    ann.has_credits(99).await;
    assert_eq!(ben.reads(&ann).await.len(), 1);
    assert_eq!(ann.reads(&ben).await[0]["status"], "failed");
}

#[tokio::test(start_paused = true)]
async fn an_author_is_warned_with_the_decision() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    let first = ann.says(NUMBER).to(&ben).await.ok();
    ben.sees(NUMBER).await;
    let moderator = world.admin("moderator-1").await;
    let warned = resolves(&moderator, &about(&first), "warn").await.ok();
    assert_eq!(warned["effects"], json!(["user.warned"]));
    let told = ann.waits(|frame| frame["type"] == "account.action").await;
    assert_eq!(told["data"], json!({ "kind": "warned", "reason": "rules" }));
    assert_eq!(ben.reads(&ann).await[0]["content"], NUMBER);
    world.settles().await;
    let mails = world.mails_to(&ann.email);
    assert_eq!(mails[0]["subject"], "A warning about your account");
}

#[tokio::test(start_paused = true)]
async fn banning_an_author_needs_a_permission_more() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says(REQUEST).to(&ben).await.ok();
    world.settles().await;
    let (moderator, admin) = (
        world.admin("moderator-1").await,
        world.admin("admin-1").await,
    );
    let path = format!("/api/admin/moderation/{}/resolve", about(&sent));
    let until = world.now().plus(7 * 86_400_000);
    let body = json!({ "resolution": "ban", "until": until, "reason": "asked for money" });
    let refused = moderator
        .post(&path, body)
        .await
        .refused(403, "PERMISSION_DENIED");
    assert_eq!(refused["details"]["permission"], "users.action");
    for wrong in [
        json!({ "resolution": "block", "until": until, "reason": "asked for money" }),
        json!({ "resolution": "ban", "until": world.now(), "reason": "asked for money" }),
    ] {
        admin
            .post(&path, wrong)
            .await
            .refused(422, "VALIDATION_FAILED");
    }
    ann.get("/api/v2/user").await.ok();
    assert_eq!(ann.reads(&ben).await[0]["moderation_status"], "pending");
    let found = rows(&admin, "action=resolve_moderation_item").await;
    let outcomes: Vec<_> = found.iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "failed", "denied"]);
}

/// Content, money, person, item and row are one transaction.
#[tokio::test(start_paused = true)]
async fn a_banned_author_loses_message_and_sessions_and_gets_the_price_back() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    let sent = ann.says(REQUEST).to(&ben).await.ok();
    world.settles().await;
    let admin = world.admin("admin-1").await;
    let path = format!("/api/admin/moderation/{}/resolve", about(&sent));
    let until = world.now().plus(7 * 86_400_000);
    let body = json!({ "resolution": "ban", "until": until, "reason": "asked for money" });
    let done = admin.post(&path, body).await.ok();
    let effects = json!([
        "message.blocked",
        "message.refunded",
        "user.banned",
        "user.sessions_ended"
    ]);
    assert_eq!(done["effects"], effects);
    let refused = ann.get("/api/v2/user").await.refused(403, "USER_BANNED");
    assert_eq!(refused["details"], json!({ "until": until }));
    world.passes(5).await;
    assert_eq!(ann.is_closed().await, 4014);
    assert!(ben.got("message.new").await.is_empty());
    let person = admin
        .get(&format!("/api/admin/users/{}", ann.id))
        .await
        .ok();
    assert_eq!(person["wallet"]["available"], 100);
    let found = rows(&admin, &format!("target={}", about(&sent))).await;
    assert_eq!(found.len(), 1);
    for (field, value) in [
        ("state", json!("resolved")),
        ("resolution", json!("ban")),
        ("moderation_status", json!("blocked")),
        ("user_status", json!("banned")),
        ("banned_until", json!(until)),
    ] {
        assert_eq!(found[0]["after"][field], value, "{field}");
    }
    assert_eq!(found[0]["metadata"]["effects"], effects);
}

#[tokio::test(start_paused = true)]
async fn a_person_of_the_queue_is_judged_and_what_does_not_fit_is_refused() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let admin = world.admin("admin-1").await;
    let item = queued(&world, &ann.id, Severity::Scam).await;
    for unfit in ["flag", "block", "remove"] {
        let answer = resolves(&admin, &item, unfit).await;
        let refused = answer.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["details"]["fields"][0]["field"], "/resolution");
    }
    let path = format!("/api/admin/moderation/{item}/resolve");
    let silent = json!({ "resolution": "ban" });
    admin
        .post(&path, silent)
        .await
        .refused(422, "REASON_REQUIRED");
    let done = resolves(&admin, &item, "ban").await.ok();
    assert_eq!(
        done["effects"],
        json!(["user.banned", "user.sessions_ended"])
    );
    ann.get("/api/v2/user").await.refused(403, "USER_BANNED");
    let other = queued(&world, &ben.id, Severity::Spam).await;
    assert_eq!(
        resolves(&admin, &other, "approve").await.ok()["effects"],
        json!([])
    );
    ben.get("/api/v2/user").await.ok();
}
