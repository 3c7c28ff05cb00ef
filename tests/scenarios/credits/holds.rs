//! Reservations for what takes its time.

use local::cloud::{Kind as Fault, Rule};
use serde_json::{Value, json};
use shared::credits::{Booked, Claim, Hold, HoldState, Settled};
use shared::time::SECOND_MS;
use world::World;

use super::{Purse, rows};

/// Whatever is asked of a resolved hold, it answers with its first resolution.
async fn is_final(purse: &Purse, stored: &Hold, first: &Settled) {
    for again in [Claim::Used(30), Claim::Used(50), Claim::Abandoned] {
        let second = purse.settles(stored, again).await;
        let second = second.expect("the first resolution");
        assert!(!second.first);
        assert_eq!(
            (second.state, second.posted_amount),
            (HoldState::Posted, 30)
        );
        assert_eq!(second.transaction_id, first.transaction_id);
    }
    let voided = purse.book(|booking| booking.void(stored)).await;
    let Ok(Booked::Now(voided)) = voided else {
        panic!("not answered")
    };
    assert_eq!(
        (voided.state, voided.posted_amount),
        (HoldState::Posted, 30)
    );
}

#[tokio::test(start_paused = true)]
async fn hold_25_extend_25_post_30_charges_30_and_releases_20() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    let hold = purse.calls(25, 1).await.expect("reserved");
    assert_eq!(purse.balances().await, (75, 25, 0));
    let later = hold.expires_at.plus(300 * SECOND_MS);
    let grown = purse.book(|booking| booking.extend(&hold, 25, later)).await;
    let Ok(Booked::Now(hold)) = grown else {
        panic!("not extended")
    };
    assert_eq!(purse.balances().await, (50, 50, 0));
    let posted = purse.book(|booking| booking.post(&hold, 30)).await;
    let Ok(Booked::Now(first)) = posted else {
        panic!("not settled")
    };
    assert_eq!(
        (first.state, first.posted_amount, first.first),
        (HoldState::Posted, 30, true)
    );
    assert_eq!(purse.balances().await, (70, 0, 0));
    let stored = purse.hold(1).await;
    let settled = rows(&ann).await;
    is_final(&purse, &stored, &first).await;
    assert_eq!(rows(&ann).await, settled, "one charge and one release");
    let shown: Vec<_> = settled
        .iter()
        .map(|row| json!([row["kind"], row["amount"]]))
        .collect();
    let wanted = [
        json!(["adjustment", 100]),
        json!(["call_hold", 25]),
        json!(["call_hold_extend", 25]),
        json!(["call_charge", 30]),
        json!(["call_release", 20]),
    ];
    assert_eq!(shown, wanted);
    assert_eq!(settled[3]["transaction_id"], settled[4]["transaction_id"]);
    assert_eq!(purse.verifies().await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn who_settles_with_what_was_known_before_gets_the_first_resolution() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    let hold = purse.calls(25, 1).await.expect("reserved");
    let claims = [Claim::Used(10), Claim::Used(20), Claim::Abandoned];
    let resolve = |claim| purse.settles(&hold, claim);
    let all = futures_util::future::join_all(claims.map(resolve)).await;
    let all: Vec<_> = all.into_iter().map(|one| one.expect("resolved")).collect();
    assert_eq!(all.iter().filter(|one| one.first).count(), 1);
    assert!(
        all.iter()
            .all(|one| one.transaction_id == all[0].transaction_id)
    );
    let (available, held, _) = purse.balances().await;
    assert_eq!((available, held), (100 - all[0].posted_amount, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_owner_died_is_released_within_two_minutes_of_its_expiry() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    ann.comes_online().await;
    for call in 0..40 {
        purse.calls(2, call).await.expect("reserved");
    }
    let opened = world.now();
    let expires_at = purse.hold(39).await.expires_at;
    assert!(opened.plus(420 * SECOND_MS).since(expires_at) < SECOND_MS);
    world.passes(418).await;
    assert_eq!(purse.balances().await, (20, 80, 0), "not before");
    world.passes(121).await;
    assert!(world.now() <= expires_at.plus(120 * SECOND_MS));
    assert_eq!(purse.balances().await, (100, 0, 0));
    for call in 0..40 {
        let hold = purse.hold(call).await;
        assert_eq!(
            (hold.state, hold.posted_amount),
            (HoldState::Expired, Some(0))
        );
        assert!(
            hold.resolved_at
                .is_some_and(|at| at <= expires_at.plus(120 * SECOND_MS))
        );
    }
    let settled = rows(&ann).await.len();
    for _ in 0..2 {
        let again = world
            .local
            .run("expire_holds", json!({}))
            .await
            .expect("a run");
        assert_eq!(again, json!({ "settled": 0, "released": 0, "moot": 0 }));
    }
    assert_eq!(rows(&ann).await.len(), settled);
    assert_eq!(purse.verifies().await, Ok(81));
    assert_eq!(
        ann.got("credits.changed").await.last().expect("told")["data"]["held"],
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_says_how_many_holds_it_released() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    for call in 0..3 {
        purse.calls(10, call).await.expect("reserved");
    }
    let expires_at = purse.hold(2).await.expires_at;
    world
        .passes(expires_at.since(world.now()) / SECOND_MS)
        .await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(
            world
                .local
                .run("expire_holds", json!({}))
                .await
                .expect("a run"),
        );
        world.passes(1).await;
    }
    let released = |run: &Value| run["released"].as_i64();
    assert_eq!(told.iter().filter_map(released).sum::<i64>(), 3, "{told:?}");
    assert_eq!(purse.balances().await, (100, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_was_extended_is_left_alone_until_its_new_expiry() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    let hold = purse.calls(25, 1).await.expect("reserved");
    let later = hold.expires_at.plus(300 * SECOND_MS);
    purse
        .book(|booking| booking.extend(&hold, 25, later))
        .await
        .expect("extended");
    world.passes(600).await;
    assert_eq!(purse.balances().await, (50, 50, 0));
    world.passes(240).await;
    assert_eq!(purse.balances().await, (100, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_answers_is_settled_for_what_was_used() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    let hold = purse.calls(25, 1).await.expect("reserved");
    let settled = purse.settles(&hold, Claim::Used(15)).await;
    let settled = settled.expect("settled");
    assert_eq!(
        (settled.state, settled.posted_amount),
        (HoldState::Posted, 15)
    );
    world.passes(600).await;
    assert_eq!(purse.balances().await, (85, 0, 0));
    assert_eq!(purse.hold(1).await.state, HoldState::Posted);
}

#[tokio::test(start_paused = true)]
async fn expired_holds_are_released_once_whatever_fails() {
    let kinds = [
        Fault::BeforeEffect,
        Fault::AfterEffect,
        Fault::Conflict,
        Fault::EndHandler,
    ];
    for kind in kinds {
        for nth in 1..40 {
            let world = World::new().await;
            let ann = world.person("Ann").await;
            let purse = Purse::of(&ann).await;
            for call in 0..3 {
                purse.calls(10, call).await.expect("reserved");
            }
            world.passes(415).await;
            let faults = world.local.cloud().faults();
            faults.count_from_zero();
            faults.add(Rule {
                function: Some("expire_holds".to_owned()),
                operation: None,
                nth,
                kind,
            });
            world.passes(125).await;
            let fired = faults.fired() > 0;
            faults.clear();
            assert_eq!(purse.balances().await, (100, 0, 0), "{kind:?} {nth}");
            assert_eq!(purse.verifies().await, Ok(7), "{kind:?} {nth}");
            if !fired {
                break;
            }
        }
    }
}
