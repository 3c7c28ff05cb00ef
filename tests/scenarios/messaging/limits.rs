//! Messages at once.

use serde_json::json;
use world::{Answer, Person, World};

#[tokio::test(start_paused = true)]
async fn sixty_one_messages_at_once_are_one_too_many() {
    let world = World::new().await.punctual();
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut ben = ben;
    for n in 0..60 {
        let answer = ann.says(&format!("{n}")).to(&ben).await;
        assert!(
            answer
                .header("ratelimit")
                .is_some_and(|text| text.starts_with("\"send\";r="))
        );
        answer.ok();
    }
    let refused = ann.says("too many").to(&ben).await;
    let wait: i64 = refused
        .header("retry-after")
        .and_then(|text| text.parse().ok())
        .expect("a wait");
    assert!(wait >= 1);
    let error = refused.refused(429, "RATE_LIMITED");
    assert_eq!(error["details"]["scope"], "send");
    ben.says("unaffected").to(&ann).await.ok();
    ann.has_credits(40).await;
    world.passes(wait).await;
    ann.says("now").to(&ben).await.ok();
}

#[tokio::test(start_paused = true)]
async fn five_refused_messages_raise_one_flag() {
    let world = World::new().await.punctual();
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..68 {
        let answer = ann.says(&format!("{n}")).to(&ben).await;
        assert_eq!(answer.status, if n < 60 { 200 } else { 429 });
    }
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 1);
    assert!(world.rows("live", &ben.id, "flag#").await.is_empty());
    ann.has_credits(40).await;
}

/// Five refusals of a class that has nothing to do with messages, in a window of their own.
async fn misbehaves(who: &Person) {
    for n in 0..8 {
        let body = json!({ "user_id": format!("nobody-{n}") });
        let answer = who.post("/api/v2/blocks", body).await;
        assert_eq!(answer.status, if n < 3 { 404 } else { 429 });
    }
    who.world.passes(601).await;
}

#[tokio::test(start_paused = true)]
async fn three_flags_halve_the_refill_of_limits_that_ride_too() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let policy = |answer: &Answer| answer.header("ratelimit-policy").map(str::to_owned);
    let plain = Some("\"send\";q=60;w=60".to_owned());
    let slow = Some("\"send\";q=60;w=120".to_owned());
    for _ in 0..3 {
        assert_eq!(policy(&ann.says("hi").to(&ben).await), plain);
        misbehaves(&ann).await;
    }
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 3);
    let (mut ann, mut ben) = (ann.elsewhere().await, ben.elsewhere().await);
    ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(policy(&ann.says("hi").to(&ben).await), slow);
    let mut sent = 0;
    while ann.says("hi").to(&ben).await.status == 200 {
        sent += 1;
    }
    assert_eq!(sent, 59);
    world.passes(1).await;
    ann.says("too early")
        .to(&ben)
        .await
        .refused(429, "RATE_LIMITED");
    world.passes(1).await;
    ann.says("after two seconds").to(&ben).await.ok();
    let path = format!("/api/v2/messages/conversation/{}", ann.id);
    let newest = ben.get(&path).await.ok()["messages"][0]["id"].clone();
    let mark = format!(
        "/api/v2/messages/mark-delivered/{}",
        newest.as_str().expect("an id")
    );
    let marked = ben.post(&mark, json!({})).await;
    assert_eq!(policy(&marked), Some("\"default\";q=100;w=100".to_owned()));
    assert_eq!(policy(&ben.says("unaffected").to(&ann).await), plain);
}

#[tokio::test(start_paused = true)]
async fn fifty_refusals_of_a_day_raise_a_flag_however_they_are_spread() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    // Four in each window of ten minutes are not enough for a flag of their own.
    for window in 0..13 {
        assert!(
            world.rows("live", &ann.id, "flag#").await.is_empty(),
            "{window}"
        );
        let ann = ann.elsewhere().await;
        for n in 0..7 {
            let body = json!({ "user_id": format!("nobody-{n}") });
            ann.post("/api/v2/blocks", body).await;
        }
        world.passes(601).await;
    }
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 1);
}
