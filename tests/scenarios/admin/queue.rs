//! The moderation queue (spec admin.md, scenarios 7 and 8).

use serde_json::{Value, json};
use shared::Time;
use shared::aws::dynamo::Tables;
use shared::moderation::{Finding, ModerationItem, Severity, Subject};
use world::{Administrator, Answer, World};

use super::rows;

/// What they let pass and show to a moderator.
pub const NUMBER: &str = "call me at +1 202 555 0142";
const QUEUE: &str = "/api/admin/moderation/queue";

pub fn about(message: &Value) -> String {
    ModerationItem::id_of(Subject::Message, message["id"].as_str().expect("an id"))
}

pub async fn claims(who: &Administrator, item_id: &str) -> Answer {
    let path = format!("/api/admin/moderation/{item_id}/claim");
    who.post(&path, json!({})).await
}

pub async fn resolves(who: &Administrator, item_id: &str, resolution: &str) -> Answer {
    let path = format!("/api/admin/moderation/{item_id}/resolve");
    let body = json!({ "resolution": resolution, "reason": "looked at it" });
    who.post(&path, body).await
}

async fn releases(who: &Administrator, item_id: &str) -> Answer {
    let path = format!("/api/admin/moderation/{item_id}/release");
    who.post(&path, json!({})).await
}

pub async fn queue(who: &Administrator, query: &str) -> Value {
    who.get(&format!("{QUEUE}?{query}")).await.ok()
}

pub fn ids(queue: &Value) -> Vec<String> {
    let items = queue["items"].as_array().expect("items").iter();
    items
        .map(|item| item["item_id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Puts something into the queue as reports will.
pub async fn queued(world: &World, target: &str, severity: Severity) -> String {
    let rule = "reported";
    let finding = Finding { rule, severity };
    let item = ModerationItem::open(Subject::User, target.to_owned(), &[finding], world.now());
    let tables = Tables::of(&world.local.env("local"));
    tables.commit(item.commit()).await.expect("an item");
    item.item_id
}

/// A flagged message's item and two moderators.
async fn flagged(world: &World) -> (String, Administrator, Administrator) {
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let sent = ann.says(NUMBER).to(&ben).await.ok();
    world.settles().await;
    let (one, other) = (
        world.admin("moderator-1").await,
        world.admin("admin-1").await,
    );
    (about(&sent), one, other)
}

/// Scenario 7.
#[tokio::test(start_paused = true)]
async fn two_moderators_claim_one_item_and_one_gets_it() {
    let world = World::new().await;
    let (item, one, other) = flagged(&world).await;
    let until = world.now().plus(15 * 60_000);
    let (first, second) = tokio::join!(claims(&one, &item), claims(&other, &item));
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
    let at = Time::parse(told.as_str().expect("a time")).expect("a time");
    assert!(at.since(until).abs() < 1_000);
    let refused = lost.refused(409, "CLAIMED_BY_OTHER");
    assert_eq!(refused["details"], json!({ "until": told }));
    for answer in [
        claims(loser, &item).await,
        resolves(loser, &item, "block").await,
        releases(loser, &item).await,
    ] {
        answer.refused(409, "CLAIMED_BY_OTHER");
    }
    let shown = queue(loser, "").await["items"][0].clone();
    assert_eq!(shown["state"], "claimed");
    assert_eq!(shown["claimed_by"], json!(winner.id().await));
}

/// Scenario 7: after 15 minutes, and after the decision.
#[tokio::test(start_paused = true)]
async fn a_claim_lapses_and_an_item_is_decided_once() {
    let world = World::new().await;
    let (item, one, other) = flagged(&world).await;
    claims(&one, &item).await.ok();
    world.passes(60).await;
    // A claim of one's own begins anew.
    claims(&one, &item).await.ok();
    world.passes(15 * 60 - 1).await;
    claims(&other, &item).await.refused(409, "CLAIMED_BY_OTHER");
    world.passes(2).await;
    claims(&other, &item).await.ok();
    claims(&one, &item).await.refused(409, "CLAIMED_BY_OTHER");
    let back = releases(&other, &item).await.ok();
    assert_eq!(back["state"], "open");
    assert!(back["claimed_by"].is_null());
    let done = resolves(&one, &item, "dismiss").await.ok();
    assert_eq!(done, json!({ "state": "resolved", "effects": [] }));
    resolves(&one, &item, "dismiss")
        .await
        .refused(409, "ITEM_RESOLVED");
    claims(&other, &item).await.refused(409, "ITEM_RESOLVED");
    assert!(ids(&queue(&other, "").await).is_empty());
    let decided = queue(&other, "state=resolved").await;
    assert_eq!(decided["items"][0]["resolution"], "dismiss");
    for unknown in [format!("mod_{}", "0".repeat(26)), "nonsense".to_owned()] {
        claims(&one, &unknown).await.refused(404, "ITEM_NOT_FOUND");
        resolves(&one, &unknown, "flag")
            .await
            .refused(404, "ITEM_NOT_FOUND");
    }
    let log = world.admin("admin-2").await;
    let found = rows(&log, &format!("target={item}")).await;
    let of = |outcome: &'static str| {
        let found = found.iter().filter(move |row| row["outcome"] == outcome);
        let found: Vec<_> = found.map(|row| row["action"].clone()).collect();
        move |action: &str| found.iter().filter(|one| *one == action).count()
    };
    let steps = [
        "claim_moderation_item",
        "release_moderation_item",
        "resolve_moderation_item",
    ];
    assert_eq!(steps.map(of("done")), [3, 1, 1]);
    assert_eq!(steps.map(of("failed")), [3, 0, 1], "and what was refused");
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
    let hours = |item: &Value| {
        let time = |name: &str| Time::parse(item[name].as_str().expect("text")).expect("a time");
        time("due_at").since(time("created_at")) / 3_600_000
    };
    let items = shown["items"].as_array().expect("items");
    assert_eq!(
        items.iter().map(hours).collect::<Vec<_>>(),
        [1, 24, 24, 24, 24]
    );
    assert_eq!(
        shown["counts"],
        json!({ "open": 5, "claimed": 0, "by_kind": { "user": 5 } })
    );
    assert_eq!(shown["oldest_due_at"], shown["items"][0]["due_at"]);
}

/// Scenario 8: a further reason raises the item that is there.
#[tokio::test(start_paused = true)]
async fn a_further_reason_raises_an_item_and_a_claim_leaves_it_in_place() {
    let world = World::new().await;
    let moderator = world.admin("moderator-1").await;
    let spam = queued(&world, "usr_spam", Severity::Spam).await;
    let scam = queued(&world, "usr_scam", Severity::Scam).await;
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
    claims(&moderator, &scam).await.ok();
    let shown = queue(&moderator, "").await;
    assert_eq!(ids(&shown), [spam.clone(), scam.clone()]);
    assert_eq!(shown["items"][0]["priority"], 100);
    assert_eq!(
        shown["items"][0]["reasons"],
        json!(["reported", "underage"])
    );
    assert_eq!(
        shown["counts"],
        json!({ "open": 1, "claimed": 1, "by_kind": { "user": 2 } })
    );
    for (filter, wanted) in [
        ("state=claimed", vec![scam.clone()]),
        ("state=open", vec![spam.clone()]),
        ("kind=message", vec![]),
        ("kind=user", vec![spam, scam]),
    ] {
        assert_eq!(ids(&queue(&moderator, filter).await), wanted, "{filter}");
    }
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
        json!({ "claims": 0, "approvals": 0, "overdue": 0 })
    );
    world.passes(600).await;
    assert_eq!(state(&other).await, ItemState::Open);
    world.passes(86_400).await;
    let late = world.runs("expire_claims").await;
    assert_eq!(late["overdue"], 2, "a day is over: {late}");
}
