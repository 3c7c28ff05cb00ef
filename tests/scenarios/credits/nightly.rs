//! The nightly check.

use local::cloud::{Kind as Fault, Rule};
use serde_json::{Value, json};
use shared::Time;
use shared::aws::objects::{Logs, Objects};
use shared::credits::{CheckPart, DayTotal, Holds, Place, Wallet, mark_of};
use shared::crypto::sha256;
use shared::pack::Bytes;
use shared::table::{Change, Commit, Name, Query};
use world::{Journal, Person, World};

use super::Purse;
use super::totals::{chatter, of_day};

/// Seconds from the evening on which these worlds begin to the next check.
const TO_THE_CHECK: i64 = 4 * 3_600 + 60;

/// A world that begins four hours before a check.
async fn evening() -> World {
    starts("2026-01-05T23:00:00Z").await
}

async fn starts(at: &str) -> World {
    let at = Time::parse(at).expect("a time");
    World::beginning(at, 1, &[("RATE_LIMIT_ENABLED", "false")]).await
}

fn logs(world: &World) -> Objects<Logs> {
    Objects::of(&world.local.env("local"))
}

async fn text(world: &World, key: &str) -> String {
    let bytes = logs(world).get(key, 1_000_000).await.expect("the bucket");
    String::from_utf8(bytes.unwrap_or_default()).expect("text")
}

/// What the bucket keeps of a day.
async fn report(world: &World, date: &str) -> Value {
    let root = text(world, &format!("ledger/{date}/root.json")).await;
    serde_json::from_str(&root).unwrap_or_else(|_| panic!("no root of {date}: {root:?}"))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

/// Recomputes the root of a day from the lists of heads beside it.
async fn recomputed(world: &World, date: &str) -> (String, String) {
    let report = report(world, date).await;
    let mut covered = unhex(report["previous"].as_str().expect("a hash"));
    let mut heads = String::new();
    for shard in 0..shared::credits::WALLET_SHARDS {
        let list = text(world, &format!("ledger/{date}/heads-{shard:02}.txt")).await;
        covered.extend(sha256(&[list.as_bytes()]));
        heads += &list;
    }
    let root = sha256(&[&covered]);
    (
        root.iter().map(|byte| format!("{byte:02x}")).collect(),
        heads,
    )
}

async fn bad(purse: &Purse, date: &str) -> Vec<(String, i64, String)> {
    let mut all = Vec::new();
    let partition = format!("check#{date}");
    let query = Query::of(Name::Ledger, partition);
    let parts: Vec<CheckPart> = purse.tables.query(query).await.expect("parts");
    for part in parts {
        let found = part.unproved.into_iter();
        all.extend(found.map(|bad| (bad.wallet_id, bad.position, bad.what)));
    }
    all
}

async fn two_who_chat(world: &World, messages: usize) -> (Person, Person, Purse, Purse) {
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    chatter(&mut ann, &ben, messages).await;
    chatter(&mut ben, &ann, messages).await;
    let (hers, his) = (Purse::of(&ann).await, Purse::of(&ben).await);
    (ann, ben, hers, his)
}

#[tokio::test(start_paused = true)]
async fn every_night_a_root_over_all_heads_is_written_that_anybody_can_recompute() {
    let world = evening().await;
    let (_, _, hers, his) = two_who_chat(&world, 40).await;
    hers.calls(20, 1).await.expect("reserved");
    world.passes(TO_THE_CHECK).await;
    let first = report(&world, "2026-01-05").await;
    let (root, heads) = recomputed(&world, "2026-01-05").await;
    assert_eq!(first["root"], json!(root));
    for purse in [&hers, &his] {
        let wallet = purse.wallet().await;
        let head: String = wallet
            .chain_head
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let line = format!("{} {} {head}\n", wallet.wallet_id, wallet.seq);
        assert!(heads.contains(&line), "{line} is not in\n{heads}");
    }
    assert_eq!(
        (&first["wallets"], &first["unproved"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(first["balance"], 0);
    let balances = &first["balances"];
    let credits = hers.balances().await.0 + his.balances().await.0;
    assert_eq!(balances["credits"], json!(credits));
    assert_eq!(
        (&balances["adjust"], &balances["burn"]),
        (&json!(-200), &json!(80))
    );
}

#[tokio::test(start_paused = true)]
async fn a_night_in_which_the_books_balance_raises_no_alarm() {
    let world = evening().await;
    two_who_chat(&world, 4).await;
    let journal = Journal::open();
    world.passes(TO_THE_CHECK).await;
    let balance = report(&world, "2026-01-05").await["balance"].clone();
    assert_eq!(balance, 0);
    assert!(!journal.text().contains("ALARM"), "{}", journal.text());
}

#[tokio::test(start_paused = true)]
async fn each_root_follows_the_one_before_and_covers_only_what_changed() {
    let world = evening().await;
    let (mut ann, ben, ..) = two_who_chat(&world, 40).await;
    world.passes(TO_THE_CHECK).await;
    let first = report(&world, "2026-01-05").await;
    assert_eq!(first["previous"], json!("0".repeat(64)));
    // The second day: only Ann does anything.
    ann.token = ann.elsewhere().await.token;
    chatter(&mut ann, &ben, 3).await;
    world.passes(86_400).await;
    let second = report(&world, "2026-01-06").await;
    let (root, heads) = recomputed(&world, "2026-01-06").await;
    assert_eq!(
        (&second["root"], &second["previous"]),
        (&json!(root), &first["root"])
    );
    assert_eq!(heads.lines().count(), 1);
    assert_eq!(
        (&second["wallets"], &second["flow"]["burn"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(second["balances"]["burn"], 83);
    // The third: nobody does anything, and the root goes on.
    world.passes(86_400).await;
    let third = report(&world, "2026-01-07").await;
    assert_eq!(
        (&third["previous"], &third["wallets"]),
        (&second["root"], &json!(0))
    );
    assert_eq!(third["balances"], second["balances"]);
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_pages_and_what_lies_in_wallets_is_everything() {
    let world = evening().await;
    let (_, _, hers, his) = two_who_chat(&world, 50).await;
    world.passes(TO_THE_CHECK).await;
    let report = report(&world, "2026-01-05").await;
    let (paged, _) = of_day(&hers, "2026-01-05").await;
    assert_eq!(report["paged"], json!(paged));
    assert_eq!(report["repaired"], 0);
    let mut lying = 0;
    for purse in [&hers, &his] {
        lying += purse.wallet().await.newest().expect("rows").len();
    }
    assert_eq!(report["in_wallets"]["rows"], json!(lying));
    assert_eq!(report["balances"]["rows"], 102);
}

#[tokio::test(start_paused = true)]
async fn a_check_runs_once_per_date() {
    let world = evening().await;
    let (mut ann, ben, hers, _) = two_who_chat(&world, 20).await;
    world.passes(TO_THE_CHECK).await;
    let first = report(&world, "2026-01-05").await;
    ann.token = ann.elsewhere().await.token;
    chatter(&mut ann, &ben, 5).await;
    let rows = world.rows("ledger", "checks", "").await;
    for _ in 0..3 {
        let again = world.local.run("check_ledger", json!({})).await;
        assert_eq!(again.expect("a run"), first);
    }
    assert_eq!(world.rows("ledger", "checks", "").await, rows);
    assert_eq!(report(&world, "2026-01-05").await, first);
    assert!(bad(&hers, "2026-01-05").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn rows_after_midnight_belong_to_the_next_check() {
    let world = evening().await;
    let (mut ann, ben, hers, _) = two_who_chat(&world, 5).await;
    world.passes(2 * 3_600).await;
    ann.token = ann.elsewhere().await.token;
    let before = hers.wallet().await.seq;
    chatter(&mut ann, &ben, 7).await;
    world.passes(2 * 3_600 + 60).await;
    let (_, heads) = recomputed(&world, "2026-01-05").await;
    assert!(
        heads.contains(&format!("{} {before} ", hers.wallet_id)),
        "{heads}"
    );
    assert_eq!(report(&world, "2026-01-05").await["balances"]["burn"], 10);
    world.passes(86_400).await;
    let (_, heads) = recomputed(&world, "2026-01-06").await;
    assert!(
        heads.contains(&format!("{} {} ", hers.wallet_id, before + 7)),
        "{heads}"
    );
    assert_eq!(report(&world, "2026-01-06").await["balances"]["burn"], 17);
}

#[tokio::test(start_paused = true)]
async fn a_changed_byte_is_found_with_the_row_s_position_every_night_until_it_is_set_right() {
    let world = evening().await;
    let (mut ann, ben, hers, his) = two_who_chat(&world, 60).await;
    world.passes(TO_THE_CHECK).await;
    let (whole, forged) = (hers.pages().await[1].clone(), {
        let mut page = hers.pages().await[1].clone();
        let last = page.rows.0.len() - 1;
        page.rows.0[last] ^= 1;
        page
    });
    let last_of_page = hers.pages().await[2].first_seq - 1;
    let store = |page| Commit::new().put(&page);
    hers.tables.commit(store(forged)).await.expect("stored");
    ann.token = ann.elsewhere().await.token;
    chatter(&mut ann, &ben, 4).await;
    // The first night Ann has changed; the second nobody has, and it is found again.
    for date in ["2026-01-06", "2026-01-07"] {
        world.passes(86_400).await;
        let found = bad(&hers, date).await;
        let what = "a row was changed".to_owned();
        assert_eq!(
            found,
            [(hers.wallet_id.clone(), last_of_page, what)],
            "{date}"
        );
        let report = report(&world, date).await;
        assert_eq!(
            (&report["unproved"], &report["wallets"]),
            (&json!(1), &json!(0))
        );
        assert_eq!(report["balances"]["burn"], 120, "no sum trusts her rows");
    }
    hers.tables.commit(store(whole)).await.expect("stored");
    world.passes(86_400).await;
    assert!(bad(&hers, "2026-01-08").await.is_empty());
    let report = report(&world, "2026-01-08").await;
    assert_eq!(
        (&report["wallets"], &report["balances"]["burn"]),
        (&json!(1), &json!(124))
    );
    assert_eq!(
        (hers.verifies().await, his.verifies().await),
        (Ok(65), Ok(61))
    );
}

#[tokio::test(start_paused = true)]
async fn removed_rows_pages_holds_and_wallets_are_found() {
    let world = evening().await;
    let (_, _, hers, his) = two_who_chat(&world, 40).await;
    let cleo = world.person("Cleo").await;
    let cleos = Purse::of(&cleo).await;
    cleos.calls(10, 1).await.expect("reserved");
    let page = hers.pages().await[1].clone();
    let mut wallet = his.wallet().await;
    let size = 4 + wallet.newest().expect("rows")[0].entry.pack().len();
    let first = wallet.newest().expect("rows")[0].entry.seq;
    wallet.tail = Bytes(wallet.tail.0.split_off(size));
    let key = shared::table::Item::key(&page);
    let mut without = cleos.wallet().await;
    without.holds = Holds::default();
    let forgery = Commit::new()
        .delete::<shared::credits::Page>(key, None)
        .put(&wallet)
        .put(&without);
    hers.tables.commit(forgery).await.expect("stored");
    world.passes(TO_THE_CHECK).await;
    let mut found = bad(&hers, "2026-01-05").await;
    let mut wanted = [
        (hers.wallet_id.clone(), page.first_seq, "a row is missing"),
        (his.wallet_id.clone(), first, "a row was changed"),
        (
            cleos.wallet_id.clone(),
            2,
            "held is not the sum of the open holds",
        ),
    ]
    .map(|(id, at, what)| (id, at, what.to_owned()));
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    let gone = Commit::new().delete::<Wallet>(Wallet::key_of(&his.wallet_id), None);
    his.tables.commit(gone).await.expect("stored");
    world.passes(86_400).await;
    let found = bad(&hers, "2026-01-06").await;
    assert!(found.contains(&(his.wallet_id.clone(), 0, "the wallet is missing".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn totals_that_lost_or_doubled_something_are_set_right() {
    let world = evening().await;
    let (_, _, hers, his) = two_who_chat(&world, 60).await;
    let right = of_day(&hers, "2026-01-05").await;
    let day = world.now().ms() / 86_400_000;
    // Everything of Ann is lost, and Ben's sums say too much.
    let lost = DayTotal::key_of(day, Place::of(&hers.wallet_id));
    let much = DayTotal::key_of(day, Place::of(&his.wallet_id));
    assert_ne!(lost, much, "they are counted apart");
    let change = vec![Change::Add("burn".into(), 5), Change::Add("rows".into(), 1)];
    let wrong = Commit::new()
        .delete::<DayTotal>(lost, None)
        .update::<DayTotal>(much, change, None);
    hers.tables.commit(wrong).await.expect("stored");
    world.passes(TO_THE_CHECK).await;
    let report = report(&world, "2026-01-05").await;
    assert_eq!(report["repaired"], json!(hers.pages().await.len()));
    assert_eq!(report["unproved"], 0);
    assert_eq!(of_day(&hers, "2026-01-05").await, right);
    let mark = mark_of(&hers.wallet_id, hers.pages().await[0].first_seq);
    let items: Vec<DayTotal> = hers
        .tables
        .query(Query::of(
            Name::Ledger,
            DayTotal::partition(day, Place::of(&hers.wallet_id).shard),
        ))
        .await
        .expect("totals");
    assert!(items.iter().any(|item| item.marks.contains(&mark)));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_interrupted_anywhere_comes_to_the_same_end() {
    let mut interrupted = 0;
    for kind in [Fault::BeforeEffect, Fault::AfterEffect, Fault::EndHandler] {
        for nth in (1..).step_by(4) {
            let world = starts("2026-01-05T23:58:00Z").await;
            let (_, _, hers, _) = two_who_chat(&world, 15).await;
            world.passes(180).await;
            let faults = world.local.cloud().faults();
            faults.count_from_zero();
            faults.add(Rule {
                function: Some("check_ledger".to_owned()),
                operation: None,
                nth,
                kind,
            });
            let outcome = world.local.run("check_ledger", json!({})).await;
            let fired = faults.fired() > 0;
            interrupted += usize::from(outcome.is_err());
            faults.clear();
            let run = world.local.run("check_ledger", json!({})).await;
            let run = run.expect("a run");
            let (root, heads) = recomputed(&world, "2026-01-05").await;
            assert_eq!(run["root"], json!(root), "{kind:?} {nth}");
            assert_eq!(report(&world, "2026-01-05").await, run, "{kind:?} {nth}");
            assert_eq!(heads.lines().count(), 2, "{kind:?} {nth}");
            assert_eq!(run["balances"]["rows"], 32, "{kind:?} {nth}");
            assert!(bad(&hers, "2026-01-05").await.is_empty());
            if !fired {
                break;
            }
        }
    }
    assert!(interrupted >= 15, "{interrupted} runs were interrupted");
}
