//! Balances, rows, statements and offers.

use serde_json::{Value, json};
use shared::credits::Package;
use shared::crypto::sha256;
use shared::table::Commit;
use world::World;

use super::{Purse, rows};

#[tokio::test(start_paused = true)]
async fn a_statement_proves_itself() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..40 {
        ann.says(&format!("text {n}")).to(&ben).await.ok();
    }
    let (from, to) = (world.now().plus(-86_400_000), world.now().plus(86_400_000));
    let path = format!("/api/v2/credits/statement?from={from}&to={to}");
    let statement = ann.get(&path).await.ok();
    let rows = statement["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 41, "one grant and forty charges");
    assert_eq!(
        (
            statement["opening"]["available"].as_i64(),
            statement["closing"]["available"].as_i64()
        ),
        (Some(0), Some(60))
    );
    let head = recompute(&statement["first_prev_hash"], rows);
    assert_eq!(head, statement["chain_head"]);
    assert_eq!(statement["next_cursor"], Value::Null);
    let balance = ann.get("/api/v2/credits/balance").await.ok();
    assert_eq!(balance["as_of_seq"], rows.last().expect("a row")["seq"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_statement_comes_in_pages_of_one_chain() {
    let world = World::unlimited().await;
    let mut ann = world.person_with("Ann", 300).await;
    let ben = world.person("Ben").await;
    for n in 0..120 {
        ann.says(&format!("text {n}")).to(&ben).await.ok();
    }
    let (from, to) = (world.now().plus(-86_400_000), world.now().plus(86_400_000));
    let path = format!("/api/v2/credits/statement?from={from}&to={to}");
    let (mut all, mut page) = (Vec::new(), ann.get(&path).await.ok());
    let start = page["first_prev_hash"].clone();
    while let Some(next) = page["next_cursor"].as_str() {
        let more = format!("{path}&cursor={next}");
        let rows = page["rows"].as_array().expect("rows").clone();
        assert_eq!(rows.len(), 100);
        all.extend(rows);
        page = ann.get(&more).await.ok();
    }
    all.extend(page["rows"].as_array().expect("rows").clone());
    assert!((121..200).contains(&all.len()), "{}", all.len());
    assert_eq!(recompute(&start, &all), page["chain_head"]);
}

/// Recomputes the head of the chain from the rows alone, as any client can: each hash is the
/// SHA-256 of the hash before it and of the row's other members, sorted by name.
fn recompute(first_prev_hash: &Value, rows: &[Value]) -> Value {
    let mut head = first_prev_hash.clone();
    for row in rows {
        assert_eq!(row["prev_hash"], head);
        let mut covered = row.clone();
        let members = covered.as_object_mut().expect("an object");
        members.remove("hash");
        members.remove("prev_hash");
        let before = unhex(head.as_str().expect("a hash"));
        let text = shared::http::check::canonical(&covered);
        let hash = sha256(&[&before, text.as_bytes()]);
        head = json!(
            hash.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        );
        assert_eq!(row["hash"], head);
    }
    head
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn transactions_are_listed_newest_first_in_pages() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..25 {
        ann.says(&format!("{n}")).to(&ben).await.ok();
    }
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v2/credits/transactions?limit=7{cursor}");
        let page = ann.get(&path).await.ok();
        all.extend(page["transactions"].as_array().expect("rows").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let one = ann.get("/api/v2/credits/transactions?limit=100").await.ok();
    assert_eq!(json!(all), one["transactions"]);
    assert_eq!(all.len(), 26);
    assert_eq!(all[0]["available_after"], 75);
    let charges = ann
        .get("/api/v2/credits/transactions?limit=100&kind=message_charge")
        .await
        .ok();
    assert_eq!(charges["transactions"].as_array().map(Vec::len), Some(25));
    let forged = ann
        .get("/api/v2/credits/transactions?cursor=Zm9yZ2Vk")
        .await;
    forged.refused(400, "INVALID_CURSOR");
    let page = ann.get("/api/v2/credits/transactions?limit=7").await.ok();
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let foreign = ben
        .get(&format!(
            "/api/v2/credits/transactions?limit=7&cursor={cursor}"
        ))
        .await;
    foreign.refused(400, "INVALID_CURSOR");
}

#[tokio::test(start_paused = true)]
async fn prices_are_public_to_members_and_cacheable() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let answer = ann.get("/api/v2/credits/prices").await;
    assert!(answer.header("etag").is_some());
    let prices = answer.ok();
    let price = |key: &str| {
        let list = prices["prices"].as_array().expect("prices");
        list.iter()
            .find(|price| price["key"] == key)
            .expect("a price")["value"]
            .clone()
    };
    assert_eq!(
        (price("price.message"), price("price.call.audio")),
        (json!(1), json!(5))
    );
}

#[tokio::test(start_paused = true)]
async fn a_range_must_be_one() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    for range in [
        "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
    ] {
        let path = format!("/api/v2/credits/statement?{range}");
        ann.get(&path).await.refused(422, "INVALID_RANGE");
    }
}

#[tokio::test(start_paused = true)]
async fn the_balance_at_a_past_instant_equals_the_replay_of_the_rows_up_to_it() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let purse = Purse::of(&ann).await;
    let mut instants = Vec::new();
    for n in 0..60 {
        match n % 6 {
            4 => drop(purse.is_paid(7, n).await.expect("paid")),
            5 => drop(purse.calls(2, n).await.expect("reserved")),
            _ => drop(ann.says(&format!("{n}")).to(&ben).await.ok()),
        }
        world.passes(300).await;
        ann.token = ann.elsewhere().await.token;
        let (available, held, _) = purse.balances().await;
        instants.push((world.now(), available, held));
    }
    let all = rows(&ann).await;
    let from = instants[0].0.plus(-86_400_000);
    for (at, available, held) in instants {
        let path = format!("/api/v2/credits/statement?from={from}&to={at}");
        let statement = ann.get(&path).await.ok();
        let closing = json!({ "available": available, "held": held });
        assert_eq!(statement["closing"], closing, "at {at}");
        let until = at.to_string();
        let before = |row: &&Value| row["created_at"].as_str().is_some_and(|t| t < &*until);
        let replayed = all.iter().filter(before).fold((0, 0), |(free, kept), row| {
            let amount = row["amount"].as_i64().expect("an amount");
            let moved = |account: &str| {
                let is = |side: &str| row[side].as_str().is_some_and(|a| a.ends_with(account));
                i64::from(is("credit_account")) - i64::from(is("debit_account"))
            };
            (
                free + amount * moved(":credits"),
                kept + amount * moved(":held"),
            )
        });
        assert_eq!(replayed, (available, held), "at {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn packages_are_listed_by_currency_and_cacheable() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let answer = ann.get("/api/v2/credits/packages?currency=EUR").await;
    let tag = answer.header("etag").expect("a tag").to_owned();
    assert_eq!(answer.header("cache-control"), Some("private, max-age=60"));
    let packages = answer.ok();
    assert_eq!(
        packages["packages"][0],
        json!({
            "package_id": "credits_100_eur", "credits": 100, "price_cents": 499,
            "currency": "EUR",
        })
    );
    let known = [("if-none-match", tag.as_str())];
    let path = "/api/v2/credits/packages?currency=EUR";
    let again = ann.call_with("GET", path, None, &known).await;
    assert_eq!((again.status, again.body), (304, Value::Null));
    let all = ann.get("/api/v2/credits/packages").await.ok();
    assert_eq!(all["packages"].as_array().map(Vec::len), Some(8));
    let purse = Purse::of(&ann).await;
    let dearer = Package {
        package_id: "credits_100_eur".to_owned(),
        credits: 100,
        price_cents: 599,
        currency: "EUR".to_owned(),
        active: true,
    };
    let stored = purse.tables.commit(Commit::new().put(&dearer)).await;
    stored.expect("stored");
    let changed = ann.call_with("GET", path, None, &known).await.expect(200);
    assert_eq!(changed["packages"][0]["price_cents"], 599);
    ann.get("/api/v2/credits/packages?currency=euro")
        .await
        .refused(422, "VALIDATION_FAILED");
}
