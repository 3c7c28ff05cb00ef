//! Adding, spending, taking back.

use serde_json::Value;
use shared::aws::dynamo::Missed;
use shared::credits::{Booked, Kind, RefType, Reference};
use shared::{Error, Result};
use world::World;

use super::{Purse, id, new_hold, reference, rows};

#[tokio::test(start_paused = true)]
async fn a_grant_adds_exactly_its_number_and_writes_one_row_however_often_it_is_delivered() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    assert!(purse.is_paid(40, 1).await.expect("paid"));
    ann.has_credits(140).await;
    assert_eq!(rows(&ann).await.len(), 2);
    for _ in 0..10 {
        assert!(
            !purse.is_paid(40, 1).await.expect("paid"),
            "delivered again"
        );
    }
    let again = (0..20).map(|_| purse.is_paid(40, 1));
    for outcome in futures_util::future::join_all(again).await {
        assert!(!outcome.expect("delivered again"));
    }
    ann.has_credits(140).await;
    assert_eq!(rows(&ann).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_grant_delivered_twenty_times_at_once_counts_once() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    let deliveries = (0..20).map(|_| purse.is_paid(40, 1));
    let outcomes = futures_util::future::join_all(deliveries).await;
    let new = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(true)));
    assert_eq!(new.count(), 1);
    ann.has_credits(140).await;
    assert_eq!(rows(&ann).await.len(), 2);
}

/// Charges one credit for the n-th superlike.
async fn likes(purse: &Purse, n: u64) -> Result<Booked<()>, Missed> {
    let reference = Reference::new(RefType::Like, id("mch", n));
    purse
        .book(|booking| booking.charge(Kind::SuperlikeCharge, 1, &reference))
        .await
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_parallel_charges_of_one_against_a_balance_of_one_exactly_one_succeeds() {
    let world = World::new().await;
    let ann = world.person_with("Ann", 1).await;
    let purse = Purse::of(&ann).await;
    let outcomes = futures_util::future::join_all((0..1_000).map(|n| likes(&purse, n))).await;
    let (mut paid, mut contended) = (0, Vec::new());
    for (n, outcome) in (0..).zip(outcomes) {
        match outcome.map_err(Error::from) {
            Ok(booked) => paid += i32::from(booked == Booked::Now(())),
            Err(error) if error.fault().status == 503 => contended.push(n),
            Err(error) => assert_eq!(error.fault().status, 402),
        }
    }
    assert_eq!(paid, 1);
    for n in contended {
        let again = likes(&purse, n).await.map_err(Error::from);
        assert_eq!(again.expect_err("no credits").fault().status, 402);
    }
    ann.has_credits(0).await;
    assert_eq!(rows(&ann).await.len(), 2, "one grant and one charge");
    assert_eq!(purse.verifies().await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_charge_with_too_little_balance_writes_no_row_and_no_effect_of_the_caller() {
    let world = World::new().await;
    let mut ann = world.person_with("Ann", 1).await;
    let mut ben = world.person("Ben").await;
    let purse = Purse::of(&ann).await;
    ben.comes_online().await;
    ann.says("paid").to(&ben).await.ok();
    let before = (purse.wallet().await, rows(&ann).await);
    let refused = ann.says("unpaid").to(&ben).await;
    let error = refused.refused(402, "INSUFFICIENT_CREDITS");
    assert_eq!(error["details"]["required"], 1);
    assert_eq!((purse.wallet().await, rows(&ann).await), before);
    assert_eq!(ben.reads(&ann).await.len(), 1);
    assert_eq!(ben.got("message.new").await.len(), 1);
}

fn told(row: &Value) -> String {
    format!(
        "{} {}",
        row["kind"].as_str().expect("a kind"),
        row["amount"]
    )
}

#[tokio::test(start_paused = true)]
async fn a_charge_back_of_100_with_30_left_makes_a_debt_of_70_that_the_next_purchase_repays() {
    let world = World::new().await;
    let mut ann = world.person_with("Ann", 0).await;
    let ben = world.person("Ben").await;
    let purse = Purse::of(&ann).await;
    purse.is_paid(100, 1).await.expect("paid");
    let spent = |booking: &mut shared::credits::Booking| {
        booking.charge(
            Kind::Donation,
            70,
            &Reference::new(RefType::Donation, id("don", 1)),
        )
    };
    purse.books(spent).await.expect("given");
    purse.is_charged_back(100, 1).await.expect("taken back");
    assert_eq!(purse.balances().await, (0, 0, 70));
    let refused = ann.says("without credits").to(&ben).await;
    refused.refused(402, "INSUFFICIENT_CREDITS");
    assert!(
        !purse
            .is_charged_back(100, 1)
            .await
            .expect("delivered again")
    );
    purse.is_paid(100, 2).await.expect("paid");
    assert_eq!(purse.balances().await, (30, 0, 0));
    let kinds: Vec<_> = rows(&ann).await.iter().map(told).collect();
    let wanted = [
        "purchase 100",
        "donation 70",
        "chargeback 30",
        "chargeback 70",
        "purchase 100",
        "debt_repayment 70",
    ];
    assert_eq!(kinds, wanted);
    let balance = ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(
        (&balance["available"], &balance["debt"]),
        (&30.into(), &0.into())
    );
    assert_eq!(purse.verifies().await, Ok(6));
}

#[tokio::test(start_paused = true)]
async fn two_charge_backs_of_one_payment_keep_their_postings_apart() {
    let world = World::new().await;
    let ann = world.person_with("Ann", 10).await;
    let purse = Purse::of(&ann).await;
    for part in 0..2 {
        let reference = reference(1).posting(part);
        let taken = |booking: &mut shared::credits::Booking| {
            booking.claw_back(Kind::RefundClawback, 15, &reference)
        };
        assert!(purse.books(taken).await.expect("taken back"), "part {part}");
    }
    assert_eq!(purse.balances().await, (0, 0, 20));
    let mut seen = std::collections::BTreeSet::new();
    for row in rows(&ann).await {
        let name = format!("{} {} {}", row["kind"], row["ref_id"], row["posting_no"]);
        assert!(seen.insert(name), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frozen_wallet_refuses_charges_and_holds_but_settles_and_accepts() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let purse = Purse::of(&ann).await;
    let hold = purse.calls(25, 1).await.expect("reserved");
    purse.is_frozen(true).await;
    let refused = ann.says("frozen").to(&ben).await;
    refused.refused(409, "WALLET_FROZEN");
    let second = new_hold(2, 5);
    let refused = purse.book(|booking| booking.hold(second.clone())).await;
    let refused = refused.map_err(Error::from).expect_err("no new hold");
    assert_eq!(
        (refused.fault().status, refused.fault().code),
        (409, "WALLET_FROZEN")
    );
    let grows = purse.book(|booking| booking.extend(&hold, 5, world.now().plus(1)));
    let refused = grows.await.map_err(Error::from).expect_err("no growth");
    assert_eq!(refused.fault().code, "WALLET_FROZEN");
    purse
        .book(|booking| booking.post(&hold, 5))
        .await
        .expect("settled");
    assert!(purse.is_paid(7, 1).await.expect("accepted"));
    assert_eq!(purse.balances().await, (102, 0, 0));
    let balance = ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(balance["frozen"], true);
    purse.is_frozen(false).await;
    ann.says("thawed").to(&ben).await.ok();
    assert_eq!(purse.balances().await, (101, 0, 0));
}
