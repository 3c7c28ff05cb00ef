//! The daily totals of ledger pages.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::credits::{DayTotal, Page, Place, Sums, WALLET_SHARDS, mark_of};
use shared::table::{Name, Query};
use world::{Person, World};

use super::Purse;

/// What the totals of a day say, all shards together, and how many pages are in them.
pub async fn of_day(purse: &Purse, date: &str) -> (Sums, usize) {
    let (mut sums, mut pages) = (Sums::default(), 0);
    for shard in 0..WALLET_SHARDS {
        let partition = format!("totals#{date}#{shard:02}");
        let query = Query::of(Name::Ledger, partition);
        let items: Vec<DayTotal> = purse.tables.query(query).await.expect("totals");
        for item in items {
            assert_eq!(item.sums.balance(), 0);
            sums.add(&item.sums);
            pages += item.marks.len();
        }
    }
    (sums, pages)
}

/// Sends so many messages, each on its own.
pub async fn chatter(from: &mut Person, to: &Person, messages: usize) {
    for n in 0..messages {
        from.says(&format!("{n}")).to(to).await.ok();
    }
    from.world.settles().await;
}

/// The event by which the stream tells that pages were written.
fn told(pages: &[Page], times: usize) -> Value {
    let record = |page: &Page| {
        let image = shared::table::row_of(page).expect("a row");
        let pk = json!({ "S": page.wallet_id });
        let sk = json!({ "S": Page::sk_of(page.first_seq) });
        json!({
            "eventID": page.first_seq.to_string(), "eventName": "INSERT",
            "eventSourceARN": "arn:aws:dynamodb:local:0:table/pairly-ledger/stream/local",
            "dynamodb": { "Keys": { "pk": pk, "sk": sk }, "NewImage": image },
        })
    };
    let mut records: Vec<_> = (0..times).flat_map(|_| pages.iter().map(record)).collect();
    records.reverse();
    json!({ "Records": records })
}

#[tokio::test(start_paused = true)]
async fn every_page_is_counted_once_however_often_and_in_whatever_order_it_is_told() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    chatter(&mut ann, &ben, 60).await;
    chatter(&mut ben, &ann, 40).await;
    let (one, other) = (Purse::of(&ann).await, Purse::of(&ben).await);
    let pages = [one.pages().await, other.pages().await].concat();
    assert!(pages.len() >= 6, "{} pages", pages.len());
    let (sums, counted) = of_day(&one, "2026-01-05").await;
    assert_eq!(counted, pages.len());
    let tails = [one.wallet().await, other.wallet().await];
    let lying: i64 = tails
        .iter()
        .map(|wallet| wallet.newest().expect("rows").len() as i64)
        .sum();
    assert_eq!(sums.rows + lying, 102, "two grants and a hundred charges");
    assert_eq!((sums.adjust, sums.burn), (-200, 102 - lying - 2));
    for _ in 0..2 {
        let again = world.local.run("sum_ledger_totals", told(&pages, 3)).await;
        again.expect("a run");
    }
    assert_eq!(of_day(&one, "2026-01-05").await, (sums, counted));
}

#[tokio::test(start_paused = true)]
async fn a_page_belongs_to_the_day_on_which_it_was_written() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    chatter(&mut ann, &ben, 5).await;
    world.passes(86_400).await;
    ann.token = ann.elsewhere().await.token;
    chatter(&mut ann, &ben, 15).await;
    let purse = Purse::of(&ann).await;
    assert_eq!(of_day(&purse, "2026-01-05").await.1, 0);
    let pages = purse.pages().await;
    assert_eq!(of_day(&purse, "2026-01-06").await.1, pages.len());
    assert!(!pages.is_empty());
}

#[test]
fn wallets_and_pages_are_spread_over_shards() {
    let mut spread: BTreeMap<u8, usize> = BTreeMap::new();
    for n in 0..1_600 {
        let place = Place::of(&super::id("wal", n));
        *spread.entry(place.shard).or_default() += 1;
    }
    assert_eq!(spread.len(), usize::from(WALLET_SHARDS));
    assert!(
        spread.values().all(|count| (50..200).contains(count)),
        "{spread:?}"
    );
    assert_ne!(mark_of("wal_a", 1), mark_of("wal_a", 2));
}
