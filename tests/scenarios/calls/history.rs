//! What remains of calls: lists, figures, quality and ratings.

use serde_json::{Value, json};
use world::{Person, World};

use super::{Talk, friends};

async fn ids(person: &Person, query: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v2/calls/history?{query}{cursor}");
        let page = person.get(&path).await.ok();
        for call in page["calls"].as_array().expect("calls") {
            all.push(call["id"].as_str().expect("an id").to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_history_is_newest_first_in_pages_and_by_kind() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = friends(&world, 500).await;
    let mut made: Vec<(String, &str)> = Vec::new();
    for round in 0..3 {
        let talk = Talk::between(&ann, &ben, "audio").await;
        talk.lasts(&mut [&mut ann, &mut ben], 65).await;
        talk.ends(&ann).await.ok();
        made.push((talk.id, "talked"));
        let missed = Talk::rings(&ann, &ben, "video").await;
        match round {
            0 => world.passes(46).await,
            _ => drop(missed.ends(&ann).await.ok()),
        }
        made.push((missed.id, "missed"));
        let declined = Talk::rings(&ben, &ann, "audio").await;
        declined.rejects(&ann, "declined").await.ok();
        made.push((declined.id, "back"));
    }
    made.reverse();
    let of = |kinds: &[&str]| {
        let kept = made.iter().filter(|one| kinds.contains(&one.1));
        kept.map(|one| one.0.clone()).collect::<Vec<_>>()
    };
    for limit in ["limit=1", "limit=2", "limit=100"] {
        let list = |filter: &str| format!("{limit}&filter={filter}");
        assert_eq!(
            ids(&ben, &list("all")).await,
            of(&["talked", "missed", "back"])
        );
        assert_eq!(
            ids(&ben, &list("incoming")).await,
            of(&["talked", "missed"])
        );
        assert_eq!(ids(&ben, &list("outgoing")).await, of(&["back"]));
        assert_eq!(ids(&ben, &list("missed")).await, of(&["missed"]));
        assert!(
            ids(&ann, &list("missed")).await.is_empty(),
            "declined is not missed"
        );
    }
    let page = ben.get("/api/v2/calls/history?limit=1").await.ok();
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let foreign = ann
        .get(&format!("/api/v2/calls/history?limit=1&cursor={cursor}"))
        .await;
    foreign.refused(400, "INVALID_CURSOR");
}

#[tokio::test(start_paused = true)]
async fn the_figures_equal_a_recount_and_the_billing_rule() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = friends(&world, 500).await;
    for seconds in [1, 61, 119] {
        let talk = Talk::between(&ann, &ben, "audio").await;
        talk.lasts(&mut [&mut ann, &mut ben], seconds).await;
        talk.ends(&ben).await.ok();
    }
    let missed = Talk::rings(&ann, &ben, "audio").await;
    world.passes(46).await;
    let back = Talk::between(&ben, &ann, "video").await;
    world.passes(10).await;
    let running = ben.get("/api/v2/calls/stats").await.ok();
    assert_eq!(
        running["outgoing_answered"], 1,
        "a running call counts as far as it is"
    );
    back.ends(&ann).await.ok();
    assert_eq!(missed.seen(&ann).await["status"], "missed");
    let stats = ann.get("/api/v2/calls/stats").await.ok();
    let wanted = json!({
        "outgoing_calls": 4, "outgoing_answered": 3, "incoming_calls": 1, "incoming_answered": 1,
        "missed_calls": 0, "total_minutes": 1 + 2 + 2 + 1, "total_credits_spent": 25,
    });
    assert_eq!(stats, wanted);
    let stats = ben.get("/api/v2/calls/stats").await.ok();
    let wanted = json!({
        "outgoing_calls": 1, "outgoing_answered": 1, "incoming_calls": 4, "incoming_answered": 3,
        "missed_calls": 1, "total_minutes": 6, "total_credits_spent": 10,
    });
    assert_eq!(stats, wanted);
    let listed = ann.get("/api/v2/calls/history?limit=100").await.ok();
    let sum = |name: &str| -> i64 {
        let calls = listed["calls"].as_array().expect("calls");
        calls
            .iter()
            .map(|call| call[name].as_i64().unwrap_or_default())
            .sum()
    };
    assert_eq!(sum("credits_spent"), 25);
}

fn sample(loss: f64, rtt: i64) -> Value {
    json!({ "rtt_ms": rtt, "jitter_ms": 3, "loss_percent": loss, "bitrate_kbps": 40 })
}

#[tokio::test(start_paused = true)]
async fn a_call_keeps_the_worse_of_both_medians() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let hers = talk.post(&ann, "stats", sample(0.2, 40)).await.ok();
    assert_eq!(hers["quality"], "excellent");
    talk.post(&ann, "stats", sample(0.2, 40))
        .await
        .refused(429, "RATE_LIMITED");
    let his = talk.post(&ben, "stats", sample(4.0, 40)).await.ok();
    assert_eq!(his["quality"], "fair");
    for _ in 0..2 {
        world.passes(10).await;
        talk.is_alive(&mut ann).await;
        talk.post(&ben, "stats", sample(2.0, 200)).await.ok();
    }
    assert_eq!(talk.seen(&ann).await["call_quality"], "good");
    for person in [&mut ann, &mut ben] {
        let told = person.got("call.quality").await.pop().expect("told");
        assert_eq!(told["data"]["call_quality"], "good");
    }
    talk.ends(&ben).await.ok();
    talk.post(&ann, "stats", sample(0.0, 1))
        .await
        .refused(410, "CALL_ENDED");
}

#[tokio::test(start_paused = true)]
async fn each_side_rates_a_call_once_within_a_day_of_its_end() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let rating = json!({ "rating": 4, "reason": "<b>fine</b>" });
    talk.post(&ann, "feedback", rating.clone())
        .await
        .refused(409, "CALL_STATE_CONFLICT");
    talk.ends(&ben).await.ok();
    for person in [&ann, &ben, &ann] {
        talk.post(person, "feedback", rating.clone())
            .await
            .expect(204);
    }
    talk.post(&ann, "feedback", json!({ "rating": 6 }))
        .await
        .refused(422, "VALIDATION_FAILED");
    let rows = world.rows("data", &talk.id, "feedback#").await;
    assert_eq!(rows.len(), 2);
    world.passes(86_400).await;
    let late = talk.post(&ann.elsewhere().await, "feedback", rating).await;
    late.refused(409, "CALL_STATE_CONFLICT");
}
