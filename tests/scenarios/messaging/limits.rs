//! Messages at once.

use world::World;

#[tokio::test(start_paused = true)]
async fn sixty_one_messages_at_once_are_one_too_many() {
    let world = World::new().await;
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
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..68 {
        let answer = ann.says(&format!("{n}")).to(&ben).await;
        assert_eq!(answer.status, if n < 60 { 200 } else { 429 });
    }
    assert_eq!(world.rows("live", &ann.id, "flag#").await.len(), 1);
    assert!(world.rows("live", &ben.id, "flag#").await.is_empty());
    ann.has_credits(40).await;
}
