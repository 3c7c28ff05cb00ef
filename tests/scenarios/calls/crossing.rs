//! Two at once: answers, rings, hang-ups; people who are busy.

use futures_util::future::join_all;
use serde_json::json;
use world::World;

use super::billing::{amounts, balance};
use super::phone::meet;
use super::{Talk, dials, friends};

#[tokio::test(start_paused = true)]
async fn of_devices_that_answer_at_once_one_wins() {
    let world = World::unlimited().await;
    let (ann, ben) = friends(&world, 100).await;
    let mut devices = vec![
        ben.elsewhere().await,
        ben.elsewhere().await,
        ben.elsewhere().await,
    ];
    devices.push(ben);
    let talk = Talk::rings(&ann, &devices[3], "audio").await;
    let answers = join_all(devices.iter().map(|device| talk.accepts(device))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    for lost in answers.into_iter().filter(|answer| answer.status != 200) {
        lost.refused(409, "ANSWERED_ELSEWHERE");
    }
    assert_eq!(amounts(&ann, "call_hold").await, [25], "exactly one hold");
    assert_eq!(balance(&ann).await, (75, 25));
}

#[tokio::test(start_paused = true)]
async fn who_ring_each_other_end_in_one_call_with_one_payer() {
    for ann_is_first in [true, false] {
        let world = World::unlimited().await;
        let (ann, ben) = friends(&world, 100).await;
        let (first, second) = if ann_is_first {
            (&ann, &ben)
        } else {
            (&ben, &ann)
        };
        let talk = Talk::rings(first, second, "audio").await;
        let refused = dials(second, first, "audio", "crossing-1").await;
        let refused = refused.refused(409, "CALL_GLARE");
        assert_eq!(refused["details"]["call_id"], talk.id.as_str());
        talk.accepts(second).await.ok();
        talk.connects(first).await.ok();
        talk.connects(second).await.ok();
        world.passes(5).await;
        talk.ends(second).await.ok();
        assert_eq!(amounts(first, "call_charge").await, [5]);
        assert!(amounts(second, "call_charge").await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_ring_each_other_at_the_same_instant_end_in_one_call() {
    for seed in 1..=8 {
        let world = World::with(seed, &[("RATE_LIMIT_ENABLED", "false")]).await;
        let (ann, ben) = friends(&world, 100).await;
        let (hers, his) = tokio::join!(
            dials(&ann, &ben, "audio", "same-time-1"),
            dials(&ben, &ann, "audio", "same-time-2"),
        );
        let (won, lost) = if hers.status == 201 {
            (hers, his)
        } else {
            (his, hers)
        };
        let won = won.expect(201);
        let lost = lost.refused(409, "CALL_GLARE");
        assert_eq!(lost["details"]["call_id"], won["id"], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_busy_are_left_alone_but_learn_who_rang() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = friends(&world, 101).await;
    let mut cleo = world.person("Cleo").await;
    meet(&mut ann, &mut cleo).await;
    meet(&mut ben, &mut cleo).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    dials(&ann, &cleo, "audio", "busy-line-1")
        .await
        .refused(409, "CALLER_BUSY");
    dials(&ben, &cleo, "audio", "busy-line-2")
        .await
        .refused(409, "CALLER_BUSY");
    dials(&cleo, &ben, "audio", "busy-line-3")
        .await
        .refused(409, "CALLEE_BUSY");
    let missed = ben.waits(|frame| frame["type"] == "call.missed").await;
    assert_eq!(missed["data"]["caller_id"], cleo.id.as_str());
    assert!(
        ben.got("call.incoming")
            .await
            .iter()
            .all(|frame| { frame["data"]["caller"]["user_id"] != cleo.id.as_str() })
    );
    let entry = cleo.get("/api/v2/calls/history").await.ok()["calls"][0].clone();
    assert_eq!(
        (&entry["status"], &entry["ended_reason"]),
        (&json!("rejected"), &json!("busy"))
    );
    dials(&cleo, &ben, "audio", "busy-line-3")
        .await
        .refused(409, "CALLEE_BUSY");
    let list = cleo.get("/api/v2/calls/history").await.ok();
    assert_eq!(
        list["calls"].as_array().map(Vec::len),
        Some(1),
        "a repeat is no second entry"
    );
    talk.ends(&ann).await.ok();
    dials(&cleo, &ben, "audio", "busy-line-3").await.expect(201);
    let stats = ben.get("/api/v2/calls/stats").await.ok();
    assert_eq!(
        (&stats["missed_calls"], &stats["incoming_calls"]),
        (&json!(1), &json!(3))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_ended_blocks_no_longer_than_it_lasts() {
    let world = World::unlimited().await.punctual();
    super::no_timers(&world);
    super::no_sweep(&world);
    let (ann, ben) = friends(&world, 100).await;
    let lost = Talk::rings(&ann, &ben, "audio").await;
    world.passes(44).await;
    dials(&ann, &ben, "audio", "stale-line-1")
        .await
        .refused(409, "CALLER_BUSY");
    world.passes(2).await;
    let next = Talk::between(&ann, &ben, "audio").await;
    assert_eq!(lost.seen(&ann).await["status"], "missed");
    // Both vanish without a word.
    world.passes(119).await;
    dials(&ben, &ann, "audio", "stale-line-2")
        .await
        .refused(409, "CALLER_BUSY");
    world.passes(3).await;
    let last = Talk::rings(&ben, &ann, "audio").await;
    let seen = next.seen(&ann).await;
    assert_eq!(
        (&seen["ended_reason"], &seen["credits_spent"]),
        (&json!("peer_lost"), &json!(5))
    );
    assert_eq!(
        balance(&ann).await,
        (95, 0),
        "settled before the next call begins"
    );
    assert_eq!(last.seen(&ann).await["status"], "ringing");
}

#[tokio::test(start_paused = true)]
async fn both_hang_up_at_once_and_again_and_it_is_settled_once() {
    let world = World::unlimited().await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    world.passes(30).await;
    let people = [&ann, &ben, &ann, &ben, &ann];
    let answers = join_all(people.map(|person| talk.ends(person))).await;
    let first = answers[0].body.clone();
    assert_eq!(first["credits_spent"], 5);
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["ended_reason"], first["ended_reason"]);
        assert_eq!(answer.body["duration_seconds"], first["duration_seconds"]);
    }
    assert_eq!(talk.ends(&ann).await.ok(), first);
    assert_eq!(amounts(&ann, "call_charge").await, [5]);
    assert_eq!(balance(&ann).await, (95, 0));
}
