//! Flags of misuse (spec conventions.md §9), listed and cleared.

use serde_json::{Value, json};
use shared::aws::dynamo::Tables;
use shared::http::limit::{AbuseFlag, raise_flag};
use shared::moderation::{ModerationItem, Subject};
use world::{Administrator, World};

use super::effects;

const FLAGS: &str = "/api/admin/abuse-flags";
const DAY: i64 = 86_400;

async fn raised(world: &World, subject: &str, kind: &str, n: i64) -> String {
    let flag = AbuseFlag {
        subject: subject.to_owned(),
        flag_id: format!("flg_{n:026}"),
        kind: kind.to_owned(),
        weight: 1,
        evidence: "a scenario".to_owned(),
        created_at: world.now(),
        expires: world.now().seconds() + 30 * DAY,
    };
    let tables = Tables::of(&world.local.env("local"));
    raise_flag(&tables, &flag).await.expect("a flag");
    flag.flag_id
}

async fn listed(who: &Administrator, query: &str) -> Vec<Value> {
    let page = who.get(&format!("{FLAGS}?{query}")).await.ok();
    page["flags"].as_array().expect("flags").clone()
}

async fn slowed(world: &World, user_id: &str) -> bool {
    let sessions = world.rows("data", user_id, "session#").await;
    sessions.iter().any(|row| row.contains_key("slowed_until"))
}

#[tokio::test(start_paused = true)]
async fn flags_are_listed_by_subject_and_kind_and_walked_without_gaps() {
    let world = World::unlimited().await;
    let support = world.admin("support-1").await;
    let mut all = Vec::new();
    for n in 0..12 {
        let (subject, kind) = match n % 3 {
            0 => ("usr_a", "rate_abuse"),
            1 => ("usr_b", "rate_abuse"),
            _ => ("usr_a", "spam_link"),
        };
        all.push(raised(&world, subject, kind, n).await);
        // Some within the same millisecond.
        world.passes(n % 2).await;
    }
    assert_eq!(listed(&support, "").await.len(), 12);
    assert_eq!(listed(&support, "subject=usr_a").await.len(), 8);
    assert_eq!(listed(&support, "kind=rate_abuse").await.len(), 8);
    assert_eq!(
        listed(&support, "subject=usr_a&kind=spam_link").await.len(),
        4
    );
    for filter in ["", "subject=usr_a&", "kind=rate_abuse&"] {
        let whole = listed(&support, &format!("{filter}limit=500")).await;
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{FLAGS}?{filter}limit=1{cursor}");
            let page = support.get(&path).await.ok();
            walked.extend(page["flags"].as_array().expect("flags").clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked, whole, "{filter}");
        let times: Vec<_> = whole
            .iter()
            .map(|flag| flag["created_at"].as_str())
            .collect();
        assert!(times.is_sorted_by(|a, b| a >= b));
    }
    world.passes(31 * DAY).await;
    assert!(listed(&support, "").await.is_empty());
    assert!(listed(&support, "subject=usr_a").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cleared_flag_slows_nobody_any_more() {
    let world = World::new().await.punctual();
    let ann = world.person("Ann").await;
    ann.get("/api/v2/user").await.ok();
    let mut flags = Vec::new();
    for n in 0..3 {
        flags.push(raised(&world, &ann.id, "spam_link", n).await);
    }
    ann.get("/api/v2/user").await.ok();
    assert!(slowed(&world, &ann.id).await);
    let moderator = world.admin("moderator-1").await;
    let path = format!("{FLAGS}/{}/clear", flags[1]);
    moderator
        .post(&path, json!({}))
        .await
        .refused(422, "REASON_REQUIRED");
    let cleared = moderator
        .post(&path, json!({ "reason": "a misreading" }))
        .await;
    let cleared = cleared.ok();
    assert_eq!(
        (&cleared["flag_id"], &cleared["subject"]),
        (&json!(flags[1]), &json!(ann.id))
    );
    assert_eq!(
        cleared["expires_at"],
        json!(shared::Time(world.now().seconds() * 1_000))
    );
    assert!(!slowed(&world, &ann.id).await);
    ann.get("/api/v2/user").await.ok();
    assert!(!slowed(&world, &ann.id).await);
    for query in ["", &format!("subject={}", ann.id)] {
        let left = listed(&moderator, query).await;
        let left: Vec<_> = left.iter().map(|flag| flag["flag_id"].clone()).collect();
        assert_eq!(left, [json!(flags[2]), json!(flags[0])]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flag_is_cleared_once_with_one_row_and_stays_so() {
    let world = World::new().await;
    let moderator = world.admin("moderator-1").await;
    let flag = raised(&world, "usr_a", "spam_link", 1).await;
    let path = format!("{FLAGS}/{flag}/clear");
    moderator
        .post(&path, json!({}))
        .await
        .refused(422, "REASON_REQUIRED");
    let why = json!({ "reason": "a misreading" });
    moderator.post(&path, why.clone()).await.ok();
    // The same deed does not raise it again.
    raised(&world, "usr_a", "spam_link", 1).await;
    assert!(listed(&moderator, "").await.is_empty());
    for gone in [&*flag, &format!("flg_{}", "9".repeat(26)), "nonsense"] {
        let path = format!("{FLAGS}/{gone}/clear");
        moderator
            .post(&path, why.clone())
            .await
            .refused(404, "NOT_FOUND");
    }
    let log = world.admin("admin-1").await;
    let found = effects(&log, &format!("target={flag}")).await;
    assert_eq!(found.len(), 1);
    for (field, value) in [
        ("before", json!({ "live": true })),
        ("after", json!({ "live": false })),
        (
            "metadata",
            json!({ "subject": "usr_a", "kind": "spam_link" }),
        ),
        ("severity", json!("notice")),
    ] {
        assert_eq!(found[0][field], value, "{field}");
    }
}

/// Five refusals of one class write a flag that moderators see.
#[tokio::test(start_paused = true)]
async fn a_flag_of_the_limiter_is_listed() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    for _ in 0..110 {
        ann.get("/api/v2/user").await;
    }
    let moderator = world.admin("moderator-1").await;
    let found = listed(&moderator, "kind=rate_abuse").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["subject"], json!(ann.id));
    assert_eq!(
        listed(&moderator, &format!("subject={}", ann.id)).await,
        found
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_collects_six_flags_by_refusals_is_put_before_moderators() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    for raised in 0..6 {
        let flags = world.rows("live", &ann.id, "flag#").await.len();
        assert_eq!(flags, raised);
        let ann = ann.elsewhere().await;
        for n in 0..8 {
            let body = json!({ "user_id": format!("nobody-{n}") });
            ann.post("/api/v2/blocks", body).await;
        }
        world.passes(601).await;
    }
    let moderator = world.admin("moderator-1").await;
    let open = super::queue::queue(&moderator, "kind=user").await;
    let item = ModerationItem::id_of(Subject::User, &ann.id);
    assert_eq!(super::queue::ids(&open), [item]);
    // Once is enough.
    let report = world.runs("queue_flagged_users").await;
    assert_eq!(report, json!({ "opened": 0 }));
}
