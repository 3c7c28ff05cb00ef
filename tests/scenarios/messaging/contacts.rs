//! New contacts of a day, and who may write at all.

use serde_json::{Value, json};
use shared::Time;
use shared::accounts::account::Account;
use shared::aws::dynamo::Tables;
use shared::table::{Change, Commit};
use world::{Person, World, text_to};

const DAY: i64 = 86_400;

/// Writes to so many people who do not know the sender, until one is refused.
async fn meets(who: &Person, people: usize) -> (usize, Value) {
    for n in 0..people {
        let stranger = who.world.person_with("Stranger", 0).await;
        let text = format!("hi, you are number {n}");
        let body = text_to(&stranger.id, &text, &format!("{}-{n:04}", stranger.id));
        let answer = who.post("/api/v2/messages/send", body).await;
        if answer.status != 200 {
            return (
                n,
                answer.refused(403, "NEW_CONTACT_LIMIT")["details"].clone(),
            );
        }
    }
    (people, Value::Null)
}

/// Makes an account so many days older.
async fn joined_earlier(who: &Person, days: i64) {
    let tables = Tables::of(&who.world.local.env("local"));
    let at = who.world.now().plus(-days * DAY * 1_000);
    let changes = vec![Change::number("created_at", at.ms())];
    let commit = Commit::new().update::<Account>(Account::key_of(&who.id), changes, None);
    tables.commit(commit).await.expect("an account");
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_new_contact_of_a_day_waits_but_replies_pass() {
    let world = World::unlimited().await.punctual();
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.says("hello").to(&ann).await.ok();
    let began = world.now();
    let (met, details) = meets(&ann, 11).await;
    assert_eq!(met, 10);
    let resets_at = Time(began.seconds() * 1_000).plus(DAY * 1_000);
    assert_eq!(details, json!({ "limit": 10, "resets_at": resets_at }));
    ann.says("a reply").to(&ben).await.ok();
    ann.has_credits(89).await;
    world.passes(DAY - 1).await;
    let later = ann.elsewhere().await;
    assert_eq!(meets(&later, 1).await.0, 0);
    world.passes(1).await;
    assert_eq!(meets(&later, 11).await.0, 10);
}

#[tokio::test(start_paused = true)]
async fn forty_first_messages_at_once_reach_ten_people() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut strangers = Vec::new();
    for _ in 0..40 {
        strangers.push(world.person_with("Stranger", 0).await);
    }
    let calls = strangers.iter().enumerate().map(|(n, stranger)| {
        let body = text_to(&stranger.id, "hi", &format!("race-{n:04}"));
        ann.post("/api/v2/messages/send", body)
    });
    let mut passed = 0;
    for answer in futures_util::future::join_all(calls).await {
        passed += usize::from(answer.status == 200);
        assert!([200, 403, 503].contains(&answer.status), "{}", answer.body);
    }
    // Who came too late in the race may try again.
    passed += meets(&ann, 11).await.0;
    assert_eq!(passed, 10);
    ann.has_credits(90).await;
}

#[tokio::test(start_paused = true)]
async fn a_known_person_meets_twenty_and_a_trusted_one_thirty() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    world.has_policy("profile.auto_approve", 1).await;
    let (met, details) = meets(&ann, 21).await;
    assert_eq!((met, &details["limit"]), (20, &json!(20)));
    // 30, an address, a profile, and ten weeks: 70.
    joined_earlier(&ben, 70).await;
    let (met, details) = meets(&ben, 31).await;
    assert_eq!((met, &details["limit"]), (30, &json!(30)));
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_refusals_takes_the_extra_contacts_away() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    world.has_policy("profile.auto_approve", 1).await;
    joined_earlier(&ann, 70).await;
    let path = "/api/v2/credits/balance";
    for _ in 0..106 {
        ann.get(path).await;
    }
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 1);
    world.passes(120).await;
    let (met, details) = meets(&ann, 31).await;
    assert_eq!((met, &details["limit"]), (20, &json!(20)));
}

#[tokio::test(start_paused = true)]
async fn policies_may_ask_for_a_profile_and_a_match() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.says("hi").to(&ben).await.ok();
    world.has_policy("messaging.require_match", 1).await;
    ann.says("again").to(&ben).await.refused(403, "NOT_MATCHED");
    ben.says("a reply")
        .to(&ann)
        .await
        .refused(403, "NOT_MATCHED");
    world.has_policy("messaging.require_profile", 1).await;
    let refused = ann.says("again").to(&ben).await;
    let refused = refused.refused(403, "PROFILE_INCOMPLETE");
    let missing = json!(["gender", "intent", "bio", "photo"]);
    assert_eq!(refused["details"], json!({ "missing": missing }));
    let nobody = format!("usr_{}", "0".repeat(26));
    ann.post("/api/v2/messages/send", text_to(&nobody, "hi", "nobody-01"))
        .await
        .refused(404, "USER_NOT_FOUND");
    ann.has_credits(99).await;
    world.has_policy("messaging.require_match", 0).await;
    world.has_policy("messaging.require_profile", 0).await;
    ann.says("again").to(&ben).await.ok();
}
