//! Ledgers, policies and packages as administrators see and set them.

use serde_json::{Value, json};
use shared::credits::{Policies, PolicyValue, Wallet};
use shared::function::Take;
use shared::pack::Bytes;
use shared::table::{Commit, Item};
use world::{Administrator, World};

use super::super::admin::approvals::decides;
use super::super::admin::{effects, rows};
use super::Purse;

async fn set(admin: &Administrator, key: &str, wish: Value) -> world::Answer {
    let path = format!("/api/admin/policies/{key}");
    admin.call("PUT", &path, Some(wish)).await
}

async fn verifies(admin: &Administrator, body: Value) -> world::Answer {
    admin.post("/api/admin/ledger/verify", body).await
}

#[tokio::test(start_paused = true)]
async fn the_balance_at_an_instant_is_the_replay_of_the_rows_up_to_it() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..30 {
        ann.says(&format!("{n}")).to(&ben).await.ok();
        world.passes(if n % 3 == 0 { 7 } else { 0 }).await;
    }
    let support = world.admin("support-1").await;
    let path = format!("/api/admin/credits/{}", ann.id);
    let all = support.get(&path).await.ok();
    let list = all["rows"].as_array().expect("rows").clone();
    assert_eq!((list.len(), &all["wallet"]["available"]), (31, &json!(70)));
    assert_eq!(all["wallet"]["chain_head"], list[0]["hash"]);
    for (newer, row) in list.iter().enumerate() {
        let at = row["created_at"].as_str().expect("a time");
        let then = support.get(&format!("{path}?at={at}")).await.ok();
        // Several rows may be of one instant; the last of them counts.
        let same = list[..newer].iter().rev();
        let same = same.take_while(|one| one["created_at"] == row["created_at"]);
        let last = same.last().unwrap_or(row);
        assert_eq!(then["balance"]["available"], last["available_after"]);
        assert_eq!(then["balance"]["as_of_seq"], last["seq"]);
        assert_eq!(then["rows"][0]["seq"], last["seq"]);
    }
    let before = support
        .get(&format!("{path}?at=2020-01-01T00:00:00Z"))
        .await
        .ok();
    assert_eq!(
        (&before["balance"]["available"], &before["rows"]),
        (&json!(0), &json!([]))
    );
    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = support.get(&format!("{path}?limit=4{cursor}")).await.ok();
        walked.extend(page["rows"].as_array().expect("rows").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, list);
    let unknown = support.get("/api/admin/credits/usr_none").await;
    unknown.refused(404, "USER_NOT_FOUND");
    let auditor = world.admin("admin-1").await;
    let query = format!("action=view_user_ledger&target={}&limit=500", ann.id);
    let seen = rows(&auditor, &query).await;
    assert_eq!(seen.len(), 1 + list.len() + 1 + 8, "a row for every look");
}

#[tokio::test(start_paused = true)]
async fn a_frozen_wallet_spends_nothing_until_it_is_thawed() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let finance = world.admin("finance-1").await;
    let path = format!("/api/admin/credits/{}/freeze", ann.id);
    let wish = |frozen: bool| json!({ "frozen": frozen, "reason": "a dispute" });
    finance
        .post(&path, json!({ "frozen": true }))
        .await
        .refused(422, "REASON_REQUIRED");
    let done = finance.post(&path, wish(true)).await.ok();
    assert_eq!(done, json!({ "frozen": true }));
    ann.says("hello")
        .to(&ben)
        .await
        .refused(409, "WALLET_FROZEN");
    ann.has_credits(100).await;
    let gift = json!({ "user_id": ann.id, "amount": 5, "reason": "credits still arrive" });
    finance.post("/api/admin/credits/adjust", gift).await.ok();
    finance.post(&path, wish(false)).await.ok();
    ann.says("hello").to(&ben).await.ok();
    ann.has_credits(104).await;
    let auditor = world.admin("admin-1").await;
    let found = effects(&auditor, "action=freeze_wallet").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["before"], json!({ "frozen": false }));
    assert_eq!(found[1]["after"], json!({ "frozen": true }));
    assert_eq!(found[1]["reason"], "a dispute");
    let nobody = "/api/admin/credits/usr_none/freeze";
    finance
        .post(nobody, wish(true))
        .await
        .refused(404, "USER_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn one_changed_byte_or_a_missing_page_is_found_with_its_position() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    for n in 0..40 {
        ann.says(&format!("{n}")).to(&ben).await.ok();
    }
    let finance = world.admin("finance-1").await;
    let whose = json!({ "user_id": ann.id });
    let good = verifies(&finance, whose.clone()).await.ok();
    assert_eq!(good, json!({ "ok": true, "rows": 41 }));
    let purse = Purse::of(&ann).await;
    let (wallet, pages) = (purse.wallet().await, purse.pages().await);
    let mut forged: Wallet = wallet.clone();
    let last = forged.tail.0.len() - 1;
    forged.tail.0[last] ^= 1;
    purse
        .tables
        .commit(Commit::new().put(&forged))
        .await
        .expect("forged");
    let bad = verifies(&finance, whose.clone()).await.ok();
    assert_eq!(
        (&bad["ok"], &bad["first_bad"]["position"]),
        (&json!(false), &json!(41))
    );
    purse
        .tables
        .commit(Commit::new().put(&wallet))
        .await
        .expect("restored");
    let mut page = pages[1].clone();
    page.rows = Bytes(page.rows.0.iter().rev().copied().collect());
    purse
        .tables
        .commit(Commit::new().put(&page))
        .await
        .expect("forged");
    let bad = verifies(&finance, whose.clone()).await.ok();
    assert_eq!(bad["first_bad"]["position"], page.first_seq);
    let gone = Commit::new().delete::<shared::credits::Page>(page.key(), None);
    purse.tables.commit(gone).await.expect("removed");
    let bad = verifies(&finance, whose).await.ok();
    assert_eq!(bad["first_bad"]["position"], page.first_seq);
    assert_eq!(bad["first_bad"]["what"], "a row is missing");
    let nobody = json!({ "user_id": "usr_none" });
    verifies(&finance, nobody)
        .await
        .refused(404, "USER_NOT_FOUND");
}

/// Begins a run over all ledgers and gives the path that tells how it stands.
pub async fn begins(admin: &Administrator) -> String {
    let begun = verifies(admin, json!({})).await.expect(202);
    let run_id = begun["run_id"].as_str().expect("an id");
    format!("/api/admin/runs/{run_id}")
}

#[tokio::test(start_paused = true)]
async fn all_ledgers_are_proved_in_the_background_by_one_run_at_a_time() {
    let world = World::unlimited().await;
    let mut people = Vec::new();
    for n in 0..20 {
        people.push(world.person(&format!("Person {n}")).await);
    }
    let ben = world.person("Ben").await;
    for person in &mut people {
        person.says("hello").to(&ben).await.ok();
    }
    let finance = world.admin("finance-1").await;
    let operator = world.admin("operator-1").await;
    let run = begins(&finance).await;
    let second = verifies(&finance, json!({})).await;
    second.refused(409, "RUN_IN_PROGRESS");
    world.settles().await;
    let told = operator.get(&run).await.ok();
    assert_eq!(told["outcome"], "done");
    let counts = json!({ "wallets": 21, "rows": 41, "unproved": 0 });
    assert_eq!(told["counts"], counts);
    assert_eq!(told["requested_by"], finance.id().await);
    let purse = Purse::of(&people[3]).await;
    let mut forged = purse.wallet().await;
    forged.available += 1_000;
    let forgery = Commit::new().put(&forged);
    purse.tables.commit(forgery).await.expect("forged");
    let run = begins(&finance).await;
    world.settles().await;
    let told = operator.get(&run).await.ok();
    assert_eq!(told["outcome"], "failed");
    assert_eq!(told["counts"]["unproved"], 1);
    let unknown = operator.get("/api/admin/runs/run_none").await;
    unknown.refused(404, "RUN_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_price_changes_after_a_second_person_and_at_its_instant() {
    let world = World::new().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let (finance, other) = (world.admin("finance-1").await, world.admin("admin-2").await);
    let from = world.now().plus(600_000);
    let wish = json!({ "value": 3, "effective_from": from, "reason": "a new season" });
    let waits = set(&finance, "price.message", wish).await.expect(202);
    let id = waits["approval_id"].as_str().expect("an id").to_owned();
    world.passes(61).await;
    ann.says("one").to(&ben).await.ok();
    ann.has_credits(99).await;
    decides(&finance, &id, "approve")
        .await
        .refused(403, "APPROVAL_SELF");
    let done = decides(&other, &id, "approve").await.ok();
    assert_eq!(
        (&done["state"], &done["result"]["value"]),
        (&json!("executed"), &json!(3))
    );
    assert_eq!(done["result"]["version"], 1);
    world.passes(from.since(world.now()) / 1_000 - 1).await;
    assert!(world.now() < from);
    ann.says("two").to(&ben).await.ok();
    ann.has_credits(98).await;
    world.passes(2).await;
    ann.says("three").to(&ben).await.ok();
    ann.has_credits(95).await;
    let listed = finance
        .get("/api/admin/policies?key=price.message")
        .await
        .ok();
    let policy = &listed["policies"][0];
    assert_eq!(
        (&policy["value"], &policy["version"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(policy["versions"][0]["reason"], "a new season");
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, "action=set_policy").await;
    assert_eq!(found.len(), 2, "the question and the effect");
    assert_eq!(found[0]["before"], json!({ "value": 1 }));
    assert_eq!(found[0]["after"], json!({ "value": 3 }));
    assert_eq!(found[0]["severity"], "critical");
}

fn agreed(value: impl Into<Value>) -> Value {
    json!({ "value": value.into(), "reason": "as agreed" })
}

#[tokio::test(start_paused = true)]
async fn other_policies_change_within_a_minute_and_keep_every_version() {
    let world = World::new().await;
    let finance = world.admin("finance-1").await;
    let fee = "donation.fee_percent";
    for value in [15, 20] {
        let done = set(&finance, fee, agreed(value)).await.ok();
        assert_eq!(
            (&done["value"], &done["unit"]),
            (&json!(value), &json!("percent"))
        );
    }
    let path = format!("/api/admin/policies?key={fee}");
    let listed = finance.get(&path).await.ok();
    let policy = &listed["policies"][0];
    assert_eq!(
        (&policy["value"], &policy["version"]),
        (&json!(20), &json!(0))
    );
    assert_eq!(policy["versions"].as_array().expect("versions").len(), 2);
    world.passes(60).await;
    let listed = finance.get("/api/admin/policies").await.ok();
    let list = listed["policies"].as_array().expect("policies");
    assert_eq!(list.len(), shared::credits::DEFAULTS.len());
    let found = list.iter().find(|one| one["key"] == fee).expect("the fee");
    assert_eq!(found["version"], 2);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/admin/policies?limit=5{cursor}");
        let page = finance.get(&path).await.ok();
        walked.extend(page["policies"].as_array().expect("policies").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, *list);
}

#[tokio::test(start_paused = true)]
async fn a_policy_says_only_what_it_may() {
    let world = World::new().await;
    let finance = world.admin("finance-1").await;
    let beyond = set(&finance, "donation.fee_percent", agreed(101)).await;
    let error = beyond.refused(422, "AMOUNT_OUT_OF_RANGE");
    assert_eq!(error["details"], json!({ "min": 0, "max": 100 }));
    let past = json!({ "value": 1, "effective_from": world.now().plus(-1), "reason": "as agreed" });
    for (key, wish, status, code) in [
        ("price.nothing", agreed(1), 404, "POLICY_NOT_FOUND"),
        (
            "call.requires",
            agreed("anything"),
            422,
            "VALIDATION_FAILED",
        ),
        ("profile.auto_approve", past, 422, "VALIDATION_FAILED"),
        (
            "profile.auto_approve",
            json!({ "value": 1 }),
            422,
            "REASON_REQUIRED",
        ),
    ] {
        set(&finance, key, wish).await.refused(status, code);
    }
    set(&finance, "call.requires", agreed("match")).await.ok();
    world.passes(61).await;
    let env = world.local.env("local");
    let policies = <Policies as Take<()>>::take(&env, &mut ()).await;
    let word = policies.expect("policies").value("call.requires");
    assert_eq!(word, Some(PolicyValue::Word("match".into())));
}

#[tokio::test(start_paused = true)]
async fn a_package_is_changed_made_and_taken_off_sale() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let finance = world.admin("finance-1").await;
    let set = async |id: &str, credits: i64, cents: i64, active: bool| {
        let wish = json!({
            "credits": credits, "price_cents": cents, "currency": "EUR", "active": active,
        });
        finance
            .call("PUT", &format!("/api/admin/packages/{id}"), Some(wish))
            .await
    };
    let done = set("credits_100_eur", 100, 599, true).await.ok();
    assert_eq!(done["price_cents"], 599);
    set("credits_50_eur", 50, 299, true).await.ok();
    set("credits_250_eur", 250, 999, false).await.ok();
    let path = "/api/v2/credits/packages?currency=EUR";
    let offers = ann.get(path).await.ok();
    let offers: Vec<_> = offers["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|one| (one["credits"].as_i64(), one["price_cents"].as_i64()))
        .collect();
    let expected = [(50, 299), (100, 599), (600, 1_999), (1_500, 3_999)];
    assert_eq!(
        offers,
        expected.map(|(credits, cents)| (Some(credits), Some(cents)))
    );
    set("Credits!", 50, 299, true)
        .await
        .refused(422, "VALIDATION_FAILED");
    set("credits_0_eur", 0, 299, true)
        .await
        .refused(422, "VALIDATION_FAILED");
    let auditor = world.admin("admin-1").await;
    let found = rows(&auditor, "action=set_package&target=credits_100_eur").await;
    assert_eq!(found[0]["before"], json!({ "price_cents": 499 }));
    assert_eq!(found[0]["after"], json!({ "price_cents": 599 }));
}
