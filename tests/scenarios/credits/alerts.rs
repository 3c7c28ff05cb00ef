//! What a person is told of the own credits.

use local::cloud::{Kind as Fault, Rule};
use serde_json::{Value, json};
use world::{Person, World};

use super::Purse;

async fn told(person: &mut Person, kind: &str) -> Vec<Value> {
    let frames = person.got(kind).await;
    frames
        .into_iter()
        .map(|mut frame| frame["data"].take())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_low_balance_is_told_once_on_crossing_and_again_only_after_recovery() {
    let world = World::new().await;
    let mut ann = world.person_with("Ann", 11).await;
    let ben = world.person("Ben").await;
    let purse = Purse::of(&ann).await;
    ann.comes_online().await;
    let low = |available: i64| json!({ "available": available, "threshold": 10 });
    ann.says("to the threshold").to(&ben).await.ok();
    assert!(told(&mut ann, "credits.low").await.is_empty());
    ann.says("below it").to(&ben).await.ok();
    assert_eq!(told(&mut ann, "credits.low").await, [low(9)]);
    ann.says("further below").to(&ben).await.ok();
    assert!(purse.is_paid(1, 1).await.expect("paid"), "9 are too few");
    ann.says("still below").to(&ben).await.ok();
    assert_eq!(told(&mut ann, "credits.low").await.len(), 1);
    assert!(purse.is_paid(2, 2).await.expect("paid"), "10 again");
    assert_eq!(told(&mut ann, "credits.low").await.len(), 1);
    ann.says("below once more").to(&ben).await.ok();
    assert_eq!(told(&mut ann, "credits.low").await, [low(9), low(9)]);
}

#[tokio::test(start_paused = true)]
async fn everybody_chooses_the_own_threshold() {
    let world = World::new().await;
    let mut ann = world.person_with("Ann", 50).await;
    let ben = world.person("Ben").await;
    ann.comes_online().await;
    let path = "/api/v2/credits/alerts";
    let set = ann.call("PUT", path, Some(json!({ "threshold": 49 })));
    assert_eq!(set.await.expect(200), json!({ "low_threshold": 49 }));
    let balance = ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(balance["low_threshold"], 49);
    ann.says("at the threshold").to(&ben).await.ok();
    ann.says("below it").to(&ben).await.ok();
    let low = json!({ "available": 48, "threshold": 49 });
    assert_eq!(told(&mut ann, "credits.low").await, [low]);
    for wrong in [json!(-1), json!(10_001), json!("7"), Value::Null] {
        let refused = ann.call("PUT", path, Some(json!({ "threshold": wrong })));
        refused.await.refused(422, "VALIDATION_FAILED");
    }
    for edge in [0, 10_000] {
        let set = ann.call("PUT", path, Some(json!({ "threshold": edge })));
        assert_eq!(set.await.ok()["low_threshold"], edge);
    }
}

#[tokio::test(start_paused = true)]
async fn a_threshold_set_among_messages_is_kept_and_loses_none() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let body = Some(json!({ "threshold": 77 }));
    let other = ann.elsewhere().await;
    let set = other.call("PUT", "/api/v2/credits/alerts", body);
    let (sent, set) = tokio::join!(ann.says("meanwhile").to(&ben), set);
    sent.ok();
    set.ok();
    let balance = ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(
        (&balance["available"], &balance["low_threshold"]),
        (&json!(99), &json!(77))
    );
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_told_at_most_once_in_two_seconds_and_the_last_one_is() {
    let world = World::unlimited().await.punctual();
    let mut ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    ann.comes_online().await;
    let phone = &mut ann.elsewhere().await;
    phone.comes_online().await;
    for n in 0..10 {
        purse.is_paid(1, n).await.expect("paid");
        world.settles().await;
    }
    let available = |frames: &[Value]| -> Vec<Value> {
        frames
            .iter()
            .map(|data| data["available"].clone())
            .collect()
    };
    assert_eq!(available(&told(&mut ann, "credits.changed").await), [101]);
    world.passes(3).await;
    assert_eq!(
        available(&told(&mut ann, "credits.changed").await),
        [101, 110]
    );
    world.passes(60).await;
    assert_eq!(
        available(&told(&mut ann, "credits.changed").await),
        [101, 110]
    );
    assert_eq!(available(&told(phone, "credits.changed").await), [101, 110]);
    for n in 10..20 {
        purse.is_paid(1, n).await.expect("paid");
        world.passes(1).await;
    }
    world.passes(3).await;
    let frames = available(&told(&mut ann, "credits.changed").await);
    assert!((6..=9).contains(&frames.len()), "{frames:?}");
    assert_eq!(frames.last(), Some(&json!(120)));
}

#[tokio::test(start_paused = true)]
async fn the_last_balance_is_told_whatever_fails() {
    for kind in [
        Fault::BeforeEffect,
        Fault::AfterEffect,
        Fault::Conflict,
        Fault::EndHandler,
    ] {
        for nth in 1..40 {
            let world = World::unlimited().await;
            let mut ann = world.person("Ann").await;
            let purse = Purse::of(&ann).await;
            ann.comes_online().await;
            let faults = world.local.cloud().faults();
            faults.count_from_zero();
            faults.add(Rule {
                function: Some("tell_balance".to_owned()),
                operation: None,
                nth,
                kind,
            });
            for n in 0..4 {
                purse.is_paid(1, n).await.expect("paid");
                world.settles().await;
            }
            world.passes(200).await;
            let fired = faults.fired() > 0;
            faults.clear();
            let frames = told(&mut ann, "credits.changed").await;
            let last = frames.last().map(|data| data["available"].clone());
            assert_eq!(last, Some(json!(104)), "{kind:?} {nth}: {frames:?}");
            if !fired {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn credits_that_arrive_are_told_and_the_price_of_a_message_is_not_told_twice() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let purse = Purse::of(&ann).await;
    ann.comes_online().await;
    ann.says("hi").to(&ben).await.ok();
    assert!(told(&mut ann, "credits.changed").await.is_empty());
    purse.is_paid(40, 1).await.expect("paid");
    let changed = told(&mut ann, "credits.changed").await;
    let newest = ann.get("/api/v2/credits/transactions?limit=1").await.ok();
    let transaction = &newest["transactions"][0]["transaction_id"];
    let expected = json!({
        "available": 139, "held": 0, "transaction_id": transaction, "kind": "purchase",
    });
    assert_eq!(changed, [expected]);
}
