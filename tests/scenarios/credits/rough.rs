//! Everything at once, in any order, delivered again, in conflict, and with processes that die.

use local::cloud::{Kind as Fault, Rule};
use serde_json::{Value, json};
use shared::credits::{Claim, Kind};
use shared::{Error, Result};
use world::{Person, World, text_to};

use super::{Purse, reference, rows};

/// Numbers that look random and repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, top: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % top
    }
}

/// Every `TransactWriteItems` and `PutItem` is refused with this probability in percent.
fn conflicts(world: &World, percent: u64, dice: &mut Dice) {
    let faults = world.local.cloud().faults();
    faults.count_from_zero();
    for operation in ["DynamoDB.TransactWriteItems", "DynamoDB.PutItem"] {
        for nth in (1..4_000).filter(|_| dice.below(100) < percent) {
            faults.add(Rule {
                function: None,
                operation: Some(operation.to_owned()),
                nth,
                kind: Fault::Conflict,
            });
        }
    }
}

/// What one step of a random life is to leave behind.
#[derive(Default)]
struct Expected {
    granted: i64,
    clawed_back: i64,
    charged: i64,
    refunded: i64,
}

/// One random step; 503 means that nothing happened and it may be done again.
async fn step(
    who: (&Person, &Purse),
    to: &Person,
    (number, what): (u64, u64),
    expected: &mut Expected,
) -> Result<(), u16> {
    let (person, purse) = who;
    let status = |error: Error| error.fault().status;
    match what {
        0..=4 => {
            let body = text_to(&to.id, "random", &format!("random-{number:05}"));
            let sent = person.post("/api/v2/messages/send", body).await;
            match sent.status {
                200 => {
                    let paid = sent.header("idempotent-replayed").is_none();
                    expected.charged += i64::from(paid);
                    if what == 0 && paid {
                        let id = sent.body["id"].as_str().expect("an id").to_owned();
                        return unsend(person, &id, expected).await;
                    }
                    Ok(())
                }
                other => Err(other),
            }
        }
        5 => {
            let new = purse.is_paid(20, number).await.map_err(status)?;
            expected.granted += if new { 20 } else { 0 };
            Ok(())
        }
        6 => {
            let new = purse.is_charged_back(12, number).await.map_err(status)?;
            expected.clawed_back += if new { 12 } else { 0 };
            Ok(())
        }
        7 => purse.calls(5, number).await.map(|_| ()).map_err(status),
        _ => {
            let hold = purse.calls(10, number).await.map_err(status)?;
            let used = i64::try_from(number % 11).expect("small");
            let settled = purse.settles(&hold, Claim::Used(used)).await;
            let settled = settled.map_err(status)?;
            expected.charged += if settled.first {
                settled.posted_amount
            } else {
                0
            };
            Ok(())
        }
    }
}

async fn unsend(person: &Person, id: &str, expected: &mut Expected) -> Result<(), u16> {
    for _ in 0..20 {
        let deleted = person.delete(&format!("/api/v2/messages/{id}")).await;
        if deleted.status == 200 {
            expected.refunded += i64::from(deleted.body["refunded"] == true);
            return Ok(());
        }
        assert_eq!(deleted.status, 503, "{}", deleted.body);
    }
    panic!("never deleted");
}

async fn holds_the_invariants(purse: &Purse, expected: &Expected) {
    let (available, held, debt) = purse.balances().await;
    assert!(available >= 0 && held >= 0 && debt >= 0);
    let earned = expected.granted + expected.refunded;
    let spent = expected.charged + expected.clawed_back;
    assert_eq!(available + held - debt, earned - spent);
    assert_eq!(held, purse.open_holds().await);
    assert_eq!(purse.verifies().await, Ok(purse.wallet().await.seq));
}

/// Credits of each account after all rows; their sum is always 0.
fn sums(rows: &[Value]) -> std::collections::BTreeMap<String, i64> {
    let mut sums = std::collections::BTreeMap::new();
    for row in rows {
        let amount = row["amount"].as_i64().expect("an amount");
        for (side, sign) in [("debit_account", -1), ("credit_account", 1)] {
            let account = row[side].as_str().expect("an account").to_owned();
            *sums.entry(account).or_default() += sign * amount;
        }
    }
    sums
}

#[tokio::test(start_paused = true)]
async fn available_and_held_equal_grants_minus_charges_after_any_interleaving() {
    for seed in [3, 17, 2026] {
        let world = World::unlimited().await;
        let (mut ann, ben) = world.two("Ann", "Ben").await;
        let purse = Purse::of(&ann).await;
        let mut dice = Dice(seed);
        let mut expected = Expected {
            granted: 100,
            ..Expected::default()
        };
        let mut done = Vec::new();
        for number in 1..=150 {
            // One in five is delivered again, whatever came in between.
            let again = dice.below(5) == 0 && !done.is_empty();
            let at = dice.below(done.len().max(1) as u64) as usize;
            let act = if again {
                done[at]
            } else {
                (number, dice.below(10))
            };
            if let Err(status) = step((&ann, &purse), &ben, act, &mut expected).await {
                assert!([402, 503].contains(&status), "{status}");
            }
            done.push(act);
            if dice.below(4) == 0 {
                world
                    .passes(i64::try_from(dice.below(300)).expect("small"))
                    .await;
                ann.token = ann.elsewhere().await.token;
            }
            holds_the_invariants(&purse, &expected).await;
        }
        world.passes(1_200).await;
        ann.token = ann.elsewhere().await.token;
        holds_the_invariants(&purse, &expected).await;
        assert_eq!(purse.balances().await.1, 0, "every hold came to its end");
        let rows = rows(&ann).await;
        assert!(rows.len() > 100, "{}", rows.len());
        let sums = sums(&rows);
        assert_eq!(sums.values().sum::<i64>(), 0);
        let of = |name: String| sums.get(&name).copied().unwrap_or_default();
        let wallet = purse.wallet().await;
        assert_eq!(
            of(format!("wallet:{}:credits", purse.wallet_id)),
            wallet.available
        );
        assert_eq!(of(format!("wallet:{}:debt", purse.wallet_id)), -wallet.debt);
    }
}

#[tokio::test(start_paused = true)]
async fn with_three_transactions_in_ten_in_conflict_everything_ends_in_one_effect_or_none() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let purse = Purse::of(&ann).await;
    let mut dice = Dice(15);
    conflicts(&world, 30, &mut dice);
    let mut expected = Expected {
        granted: 100,
        ..Expected::default()
    };
    let mut retried = 0;
    for number in 1..=200 {
        let act = (number, dice.below(10));
        for _ in 0..20 {
            match step((&ann, &purse), &ben, act, &mut expected).await {
                Err(503) => retried += 1,
                Err(status) => {
                    assert_eq!(status, 402);
                    break;
                }
                Ok(()) => break,
            }
            holds_the_invariants(&purse, &expected).await;
        }
    }
    let faults = world.local.cloud().faults();
    assert!(faults.fired() >= 60, "{} conflicts", faults.fired());
    println!("{} conflicts, {retried} answers of 503", faults.fired());
    faults.clear();
    world.passes(1_200).await;
    ann.token = ann.elsewhere().await.token;
    holds_the_invariants(&purse, &expected).await;
    assert_eq!(purse.balances().await.1, 0);
    assert_eq!(sums(&rows(&ann).await).values().sum::<i64>(), 0);
}

#[tokio::test(start_paused = true)]
async fn parallel_bookings_in_conflict_end_in_one_effect_or_none() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    conflicts(&world, 30, &mut Dice(7));
    let (mut open, mut rounds): (Vec<u64>, _) = ((0..60).collect(), 0);
    while !open.is_empty() {
        let outcomes = open.iter().map(|n| purse.is_paid(1, *n));
        let outcomes = futures_util::future::join_all(outcomes).await;
        let (numbers, mut left) = (std::mem::take(&mut open), Vec::new());
        for (number, outcome) in numbers.into_iter().zip(outcomes) {
            if let Err(error) = outcome {
                assert_eq!(error.fault().status, 503);
                left.push(number);
            }
        }
        (open, rounds) = (left, rounds + 1);
        assert!(rounds < 100);
    }
    ann.has_credits(160).await;
    assert_eq!(rows(&ann).await.len(), 61);
    assert_eq!(purse.verifies().await, Ok(61));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_dies_after_the_commit_is_answered_from_what_it_left() {
    let world = World::new().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    world.dies_after("send_message", "DynamoDB.TransactWriteItems", 1);
    let body = text_to(&ben.id, "once", "dies-0001");
    let send = || ann.post("/api/v2/messages/send", body.clone());
    let died = send().await;
    assert!(died.status >= 500, "{}", died.status);
    ann.has_credits(99).await;
    let first = send().await;
    assert_eq!(first.header("idempotent-replayed"), Some("true"));
    let first = first.expect(200);
    assert_eq!(first["balance_after"], 99);
    assert_eq!(send().await.expect(200), first);
    ann.has_credits(99).await;
    let kinds: Vec<_> = rows(&ann)
        .await
        .iter()
        .map(|row| row["kind"].clone())
        .collect();
    assert_eq!(kinds, [json!("adjustment"), json!("message_charge")]);
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_given_once_however_often_it_is_asked_for() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let purse = Purse::of(&ann).await;
    let donation = reference(1);
    let charged = purse.books(|booking| booking.charge(Kind::Donation, 30, &donation));
    charged.await.expect("charged");
    let refunds = (0..25)
        .map(|_| purse.books(|booking| booking.refund(Kind::CallRefund, 30, &donation, Some(2))));
    let outcomes = futures_util::future::join_all(refunds).await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|one| matches!(one, Ok(true)))
            .count(),
        1
    );
    ann.has_credits(100).await;
    let rows = rows(&ann).await;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2]["reverses"], rows[1]["transaction_id"]);
}
