//! The moderation queue (spec admin.md, scenarios 7 and 8; messaging.md, scenario 22).

use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::moderation::{Finding, ModerationItem, Severity, Subject};
use world::{Administrator, Answer, World};

use super::rows;

/// What the detectors hold back, from new accounts.
const REQUEST: &str = "can you lend me 50 euros please";
/// What they let pass and show to a moderator.
const NUMBER: &str = "call me at +1 202 555 0142";
const QUEUE: &str = "/api/admin/moderation/queue";

fn about(message: &Value) -> String {
    ModerationItem::id_of(Subject::Message, message["id"].as_str().expect("an id"))
}

async fn claims(who: &Administrator, item_id: &str) -> Answer {
    let path = format!("/api/admin/moderation/{item_id}/claim");
    who.post(&path, json!({})).await
}

async fn resolves(who: &Administrator, item_id: &str, resolution: &str) -> Answer {
    let path = format!("/api/admin/moderation/{item_id}/resolve");
    let body = json!({ "resolution": resolution, "reason": "looked at it" });
    who.post(&path, body).await
}

async fn queue(who: &Administrator, query: &str) -> Value {
    who.get(&format!("{QUEUE}?{query}")).await.ok()
}

fn ids(queue: &Value) -> Vec<String> {
    let items = queue["items"].as_array().expect("items").iter();
    items
        .map(|item| item["item_id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Puts something into the queue as reports will.
async fn queued(world: &World, target: &str, severity: Severity) -> String {
    let rule = "reported";
    let finding = Finding { rule, severity };
    let item = ModerationItem::open(Subject::User, target.to_owned(), &[finding], world.now());
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(item.commit()).await.expect("an item");
    item.item_id
}

/// Scenario 7.
#[tokio::test(start_paused = true)]
async fn two_moderators_claim_one_item_and_one_gets_it() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says(NUMBER).to(&ben).await.ok();
    world.settles().await;
    let item = about(&sent);
    let (one, other) = (
        world.admin("moderator-1").await,
        world.admin("admin-1").await,
    );
    let (first, second) = tokio::join!(claims(&one, &item), claims(&other, &item));
    let until = world.now().plus(15 * 60_000);
    let one_won = first.status == 200;
    let (won, lost) = if one_won {
        (first, second)
    } else {
        (second, first)
    };
    let (winner, loser) = if one_won {
        (&one, &other)
    } else {
        (&other, &one)
    };
    let told = won.ok()["claim_until"].clone();
    let told = shared::Time::parse(told.as_str().expect("a time")).expect("a time");
    assert!(until.since(told).abs() < 1_000);
    let refused = lost.refused(409, "CLAIMED_BY_OTHER");
    assert_eq!(refused["details"], json!({ "until": told }));
    let release = format!("/api/admin/moderation/{item}/release");
    for answer in [
        claims(loser, &item).await,
        resolves(loser, &item, "block").await,
        loser.post(&release, json!({})).await,
    ] {
        answer.refused(409, "CLAIMED_BY_OTHER");
    }
    let shown = queue(loser, "").await["items"][0].clone();
    assert_eq!(
        (&shown["state"], &shown["claimed_by"]),
        (&json!("claimed"), &json!(winner.id().await))
    );
    // A claim of one's own begins anew; after 15 minutes the other may, swept or not.
    world.passes(60).await;
    claims(winner, &item).await.ok();
    world.passes(15 * 60 - 1).await;
    claims(loser, &item).await.refused(409, "CLAIMED_BY_OTHER");
    world.passes(1).await;
    claims(loser, &item).await.ok();
    claims(winner, &item).await.refused(409, "CLAIMED_BY_OTHER");
    let back = loser.post(&release, json!({})).await.ok();
    assert_eq!(
        (&back["state"], &back["claimed_by"]),
        (&json!("open"), &Value::Null)
    );
    let done = resolves(winner, &item, "dismiss").await.ok();
    assert_eq!(done, json!({ "state": "resolved", "effects": [] }));
    resolves(winner, &item, "dismiss")
        .await
        .refused(409, "ITEM_RESOLVED");
    claims(loser, &item).await.refused(409, "ITEM_RESOLVED");
    assert!(ids(&queue(loser, "").await).is_empty());
    let decided = queue(loser, "state=resolved").await;
    assert_eq!(decided["items"][0]["resolution"], "dismiss");
    for unknown in [format!("mod_{}", "0".repeat(26)), "nonsense".to_owned()] {
        claims(&one, &unknown).await.refused(404, "ITEM_NOT_FOUND");
        resolves(&one, &unknown, "flag")
            .await
            .refused(404, "ITEM_NOT_FOUND");
    }
    // The reader of the log sees every step: claims, releases and the decision.
    let log = world.admin("admin-2").await;
    let found = rows(&log, &format!("target={item}")).await;
    let of = |action: &str| found.iter().filter(|row| row["action"] == action).count();
    assert_eq!(
        [of("claim_moderation_item"), of("release_moderation_item")],
        [3, 1]
    );
    assert_eq!(of("resolve_moderation_item"), 1);
}

/// Scenario 8.
#[tokio::test(start_paused = true)]
async fn the_queue_is_in_the_order_of_priority_and_age() {
    let world = World::new().await;
    let moderator = world.admin("moderator-1").await;
    let old = queued(&world, "usr_old", Severity::Review).await;
    world.passes(11 * 3_600).await;
    let spam = queued(&world, "usr_spam", Severity::Spam).await;
    let scam = queued(&world, "usr_scam", Severity::Scam).await;
    world.passes(60).await;
    let late = queued(&world, "usr_late", Severity::Scam).await;
    let danger = queued(&world, "usr_danger", Severity::Danger).await;
    let shown = queue(&moderator, "").await;
    // Twenty points and eleven hours are more than thirty points.
    assert_eq!(
        ids(&shown),
        [&danger, &scam, &late, &old, &spam].map(Clone::clone)
    );
    let priorities: Vec<_> = shown["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["priority"].as_i64().expect("a number"))
        .collect();
    assert_eq!(priorities, [100, 80, 80, 31, 30]);
    let hours = |at: usize| {
        let time = |name: &str| {
            let text = shown["items"][at][name]
                .as_str()
                .expect("a time")
                .to_owned();
            shared::Time::parse(&text).expect("a time")
        };
        time("due_at").since(time("created_at")) / 3_600_000
    };
    assert_eq!([0, 1, 2, 3, 4].map(hours), [1, 24, 24, 24, 24]);
    assert_eq!(
        shown["counts"],
        json!({ "open": 5, "claimed": 0, "by_kind": { "user": 5 } })
    );
    assert_eq!(shown["oldest_due_at"], shown["items"][0]["due_at"]);
    // One more reason raises the item that is there.
    let tables = Tables::of(&world.local.env("local"));
    let known: Option<ModerationItem> = tables
        .get_consistent(&ModerationItem::key_of(&spam))
        .await
        .expect("an answer");
    let worse = Finding {
        rule: "underage",
        severity: Severity::Danger,
    };
    let raised = known.expect("an item").joined(&[worse], world.now());
    tables.commit(raised.commit()).await.expect("a change");
    // A claimed item stays where it is, and both states can be asked for.
    claims(&moderator, &scam).await.ok();
    let shown = queue(&moderator, "").await;
    assert_eq!(
        ids(&shown),
        [&spam, &danger, &scam, &late, &old].map(Clone::clone)
    );
    assert_eq!(
        shown["items"][0]["reasons"],
        json!(["reported", "underage"])
    );
    assert_eq!(
        shown["counts"],
        json!({ "open": 4, "claimed": 1, "by_kind": { "user": 5 } })
    );
    assert_eq!(
        ids(&queue(&moderator, "state=claimed").await),
        [scam.clone()]
    );
    assert_eq!(ids(&queue(&moderator, "state=open").await).len(), 4);
    assert!(ids(&queue(&moderator, "kind=message").await).is_empty());
    assert_eq!(ids(&queue(&moderator, "kind=user").await).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn pages_of_the_queue_are_gapless() {
    let world = World::unlimited().await;
    let moderator = world.admin("moderator-1").await;
    let severities = [Severity::Spam, Severity::Scam, Severity::Review];
    let mut all = Vec::new();
    for n in 0..120 {
        all.push(queued(&world, &format!("usr_{n}"), severities[n % 3]).await);
    }
    for item in all.iter().step_by(10) {
        claims(&moderator, item).await.ok();
    }
    let (mut walked, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = queue(&moderator, &cursor).await;
        assert_eq!(page["counts"].is_null(), !cursor.is_empty());
        sizes.push(ids(&page).len());
        walked.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("cursor={next}"),
            None => break,
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    walked.sort();
    all.sort();
    assert_eq!(walked, all);
    let refused = moderator.get(&format!("{QUEUE}?kind=user&{cursor}")).await;
    refused.refused(400, "INVALID_CURSOR");
}

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
    let log = world.admin("admin-2").await;
    let found = rows(&log, &format!("target={}", about(&again))).await;
    assert_eq!(found.len(), 1);
    for (field, value) in [
        (
            "before",
            json!({ "state": "open", "moderation_status": "pending" }),
        ),
        (
            "after",
            json!({
                "state": "resolved", "resolution": "block", "moderation_status": "blocked",
            }),
        ),
        ("reason", json!("looked at it")),
        ("severity", json!("warning")),
        ("target_type", json!("moderation_item")),
    ] {
        assert_eq!(found[0][field], value, "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_author_is_warned_or_banned_with_the_decision() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    let first = ann.says(NUMBER).to(&ben).await.ok();
    ben.sees(NUMBER).await;
    let (moderator, admin) = (
        world.admin("moderator-1").await,
        world.admin("admin-1").await,
    );
    let warned = resolves(&moderator, &about(&first), "warn").await.ok();
    assert_eq!(warned["effects"], json!(["user.warned"]));
    let told = ann.waits(|frame| frame["type"] == "account.action").await;
    assert_eq!(told["data"], json!({ "kind": "warned", "reason": "rules" }));
    assert_eq!(ben.reads(&ann).await[0]["content"], NUMBER);
    world.settles().await;
    let mails = world.mails_to(&ann.email);
    assert_eq!(mails[0]["subject"], "A warning about your account");
    let second = ann.says(REQUEST).to(&ben).await.ok();
    world.settles().await;
    let item = about(&second);
    let path = format!("/api/admin/moderation/{item}/resolve");
    let until = world.now().plus(7 * 86_400_000);
    let body = json!({ "resolution": "ban", "until": until, "reason": "money again" });
    let refused = moderator.post(&path, body.clone()).await;
    let refused = refused.refused(403, "PERMISSION_DENIED");
    assert_eq!(refused["details"]["permission"], "users.action");
    let wrong = json!({ "resolution": "block", "until": until, "reason": "money again" });
    admin
        .post(&path, wrong)
        .await
        .refused(422, "VALIDATION_FAILED");
    ann.get("/api/v2/user").await.ok();
    let done = admin.post(&path, body).await.ok();
    assert_eq!(
        done["effects"],
        json!([
            "message.blocked",
            "message.refunded",
            "user.banned",
            "user.sessions_ended"
        ])
    );
    let refused = ann.get("/api/v2/user").await.refused(403, "USER_BANNED");
    assert_eq!(refused["details"], json!({ "until": until }));
    world.passes(5).await;
    assert_eq!(ann.is_closed().await, 4014);
    assert!(ben.got("message.new").await.is_empty());
    let person = admin
        .get(&format!("/api/admin/users/{}", ann.id))
        .await
        .ok();
    assert_eq!(
        person["wallet"]["available"], 99,
        "the blocked one was paid back"
    );
    assert_eq!(person["account"]["warnings"], 1);
    let log = world.admin("admin-2").await;
    let found = rows(&log, &format!("target={item}")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["after"]["user_status"], "banned");
    assert_eq!(found[0]["after"]["moderation_status"], "blocked");
    let denied = rows(&log, "action=resolve_moderation_item&severity=warning").await;
    let outcomes: Vec<_> = denied.iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(outcomes, ["done", "denied", "done"]);
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

/// Claims that lapse go back by themselves.
#[tokio::test(start_paused = true)]
async fn lapsed_claims_are_freed() {
    let world = World::new().await;
    let moderator = world.admin("moderator-1").await;
    let (one, other) = (
        queued(&world, "usr_a", Severity::Spam).await,
        queued(&world, "usr_b", Severity::Spam).await,
    );
    claims(&moderator, &one).await.ok();
    world.passes(600).await;
    claims(&moderator, &other).await.ok();
    world.passes(601).await;
    let state = async |item: &str| {
        let rows = world.rows("data", item, "item").await;
        let row = rows.first().expect("a row").clone();
        shared::table::item_of::<ModerationItem>(row)
            .expect("an item")
            .state
    };
    use shared::moderation::ItemState;
    assert_eq!(state(&one).await, ItemState::Open);
    assert_eq!(state(&other).await, ItemState::Claimed);
    assert_eq!(
        world.runs("expire_claims").await,
        json!({ "claims": 0, "approvals": 0 })
    );
    world.passes(300).await;
    assert_eq!(state(&other).await, ItemState::Open);
}
