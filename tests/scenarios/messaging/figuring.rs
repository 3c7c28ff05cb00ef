//! Figures over all messages equal a recount, whatever happened and however often it was told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::Time;
use world::{Administrator, Person, World};

const OVERVIEW: &str = "/api/admin/messages/stats/overview";

/// Chance that repeats: SplitMix64.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % sides as u64).expect("small")
    }
}

/// Every message there is, read conversation by conversation.
async fn all(admin: &Administrator, people: &[Person]) -> Vec<Value> {
    let mut found = Vec::new();
    for (at, one) in people.iter().enumerate() {
        for other in &people[at + 1..] {
            let mut cursor = String::new();
            loop {
                let path = format!("/api/admin/messages/conversation/{}/{}", one.id, other.id);
                let page = admin.get(&format!("{path}?limit=500{cursor}")).await;
                if page.status == 404 {
                    break;
                }
                let page = page.ok();
                found.extend(page["messages"].as_array().expect("messages").clone());
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
    }
    found
}

fn at(message: &Value, name: &str) -> Option<Time> {
    message[name].as_str().and_then(Time::parse)
}

fn counts(messages: &[&Value], field: &str, names: &[&str]) -> Value {
    let count = |name: &str| messages.iter().filter(|one| one[field] == name).count();
    let counts: BTreeMap<_, _> = names.iter().map(|name| (*name, count(name))).collect();
    json!(counts)
}

fn rate(part: usize, total: usize) -> f64 {
    (part as f64 / total.max(1) as f64 * 10_000.0).round() / 10_000.0
}

/// The figures, counted from the messages themselves.
fn recount(messages: &[&Value], all: &[Value], now: Time) -> Value {
    let delivered: Vec<&&Value> = messages
        .iter()
        .filter(|one| at(one, "delivered_at").is_some())
        .collect();
    let mut delays: Vec<i64> = delivered
        .iter()
        .map(|one| {
            let (sent, there) = (at(one, "created_at"), at(one, "delivered_at"));
            let seconds = there.expect("a time").since(sent.expect("a time")) / 1_000;
            shared::messaging::oversight::delay(seconds)
        })
        .collect();
    delays.sort_unstable();
    let median = delays.get((delays.len().max(1) - 1) / 2);
    let read = messages
        .iter()
        .filter(|one| one["status"] == "read")
        .count();
    let late = |one: &&Value| at(one, "created_at").expect("a time") > now.plus(-86_400_000);
    let senders = all.iter().filter(late).map(|one| one["sender_id"].as_str());
    let senders: BTreeSet<_> = senders.collect();
    let paid = |one: &&&Value| one["refunded"] == false;
    let revenue: i64 = messages
        .iter()
        .filter(paid)
        .filter_map(|one| one["credits_cost"].as_i64())
        .sum();
    json!({
        "total_messages": messages.len(),
        "by_status": counts(messages, "status", &["sent", "delivered", "read", "failed"]),
        "by_type": counts(messages, "message_type", &["text", "image", "video", "audio", "file"]),
        "by_moderation": counts(
            messages, "moderation_status", &["pending", "approved", "flagged", "blocked"],
        ),
        "messages_24h": all.iter().filter(late).count(),
        "active_senders_24h": senders.len(),
        "credits_revenue": revenue,
        "delivery_rate": rate(delivered.len(), messages.len()),
        "read_rate": rate(read, messages.len()),
        "median_seconds_to_delivery": median,
    })
}

async fn equals_a_recount(world: &World, admin: &Administrator, people: &[Person]) -> Value {
    world.passes(3).await;
    let messages = all(admin, people).await;
    let everything: Vec<&Value> = messages.iter().collect();
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(told, recount(&everything, &messages, world.now()));
    let day = |one: &Value| at(one, "created_at").expect("a time").date();
    let days: BTreeSet<_> = messages.iter().map(day).collect();
    for wanted in days {
        let own: Vec<&Value> = messages.iter().filter(|one| day(one) == wanted).collect();
        let query = format!("?from={wanted}T12:00:00Z&to={wanted}T13:00:00Z");
        let mut told = admin.get(&format!("{OVERVIEW}{query}")).await.ok();
        let members = told.as_object_mut().expect("an object");
        assert_eq!(members.remove("from"), Some(json!(wanted.to_string())));
        assert_eq!(members.remove("to"), Some(json!(wanted.to_string())));
        assert_eq!(told, recount(&own, &messages, world.now()), "{wanted}");
    }
    admin.get(OVERVIEW).await.ok()
}

/// What people say: something harmless, something that is flagged, something that is held.
const TEXTS: [&str; 3] = [
    "hello",
    "call me at +1 202 555 0142",
    "can you lend me 50 euros please",
];

/// Something that people and moderators do.
async fn step(world: &World, dice: &mut Dice, people: &[Person], admin: &Administrator) {
    let one = dice.below(people.len());
    let (me, to) = (
        &people[one],
        &people[(one + 1 + dice.below(people.len() - 1)) % people.len()],
    );
    let known = me.reads(to).await;
    let what = dice.below(12);
    if what < 5 {
        let id = format!("random-{}-{}", world.now().ms(), dice.below(1_000_000));
        let body = world::text_to(&to.id, TEXTS[dice.below(TEXTS.len())], &id);
        me.post("/api/v2/messages/send", body).await;
        return;
    }
    let own = what >= 9;
    let fits = |message: &&Value| (message["sender_id"] != json!(to.id)) == own;
    let fit: Vec<&Value> = known.iter().filter(fits).collect();
    let Some(message) = fit.get(dice.below(fit.len().max(1))) else {
        return;
    };
    let id = message["id"].as_str().expect("an id");
    let verdict = ["approved", "flagged", "blocked"][dice.below(3)];
    match what {
        5..7 => {
            let path = format!("/api/v2/messages/mark-delivered/{id}");
            me.post(&path, json!({})).await
        }
        7..9 => {
            let body = json!({ "message_ids": [id] });
            me.post("/api/v2/messages/mark-read", body).await
        }
        9 => {
            let path = format!("/api/v2/messages/{id}?scope=everyone");
            me.delete(&path).await
        }
        _ => {
            let body = json!({ "moderation_status": verdict, "reason": "at random" });
            let path = format!("/api/admin/messages/{id}/moderate");
            admin.post(&path, body).await
        }
    };
}

#[tokio::test(start_paused = true)]
async fn figures_equal_a_recount_after_a_random_world() {
    let world = World::unlimited().await;
    let mut dice = Dice(36);
    let mut people = Vec::new();
    for n in 0..4 {
        people.push(world.person_with(&format!("Person {n}"), 1_000).await);
    }
    let admin = world.admin("admin-1").await;
    let mut told = Value::Null;
    // Hours and a day end in between, and what is kept of them must follow what comes later.
    for pause in [5_000, 50_000, 4_000, 10] {
        for _ in 0..15 {
            step(&world, &mut dice, &people, &admin).await;
            world
                .passes(i64::try_from(dice.below(40)).expect("small"))
                .await;
        }
        told = equals_a_recount(&world, &admin, &people).await;
        world.passes(pause).await;
        for person in &mut people {
            *person = person.elsewhere().await;
        }
    }
    // Of everything something happened.
    for (of, names) in [
        ("by_status", ["sent", "delivered", "read", "failed"]),
        (
            "by_moderation",
            ["pending", "approved", "flagged", "blocked"],
        ),
    ] {
        for name in names {
            assert_ne!(told[of][name], 0, "{name}: {told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_twice_is_counted_once() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let admin = world.admin("admin-1").await;
    world.dies_after("log_messages", "PutItem", 1);
    let mut last = Value::Null;
    for n in 0..30 {
        last = ann.says(&format!("{n}")).to(&ben).await.ok()["id"].clone();
    }
    world.passes(3).await;
    ben.post(
        "/api/v2/messages/mark-read",
        json!({ "message_ids": [last] }),
    )
    .await
    .ok();
    world.passes(600).await;
    equals_a_recount(&world, &admin, &[ann, ben]).await;
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(
        (&told["total_messages"], &told["by_status"]["read"]),
        (&json!(30), &json!(30))
    );
}

#[tokio::test(start_paused = true)]
async fn an_hour_that_is_kept_follows_what_was_told_late() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let admin = world.admin("admin-1").await;
    ann.says("in time").to(&ben).await.ok();
    world.passes(3).await;
    world.local.hold_streams(true);
    ann.says("told a day later").to(&ben).await.ok();
    world.passes(90_000).await;
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(told["total_messages"], 1);
    world.local.hold_streams(false);
    world.settles().await;
    equals_a_recount(&world, &admin, &[ann, ben]).await;
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(
        (&told["total_messages"], &told["messages_24h"]),
        (&json!(2), &json!(0))
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_day_begins_within_an_hour() {
    let world = World::unlimited().await;
    let admin = world.admin("admin-1").await;
    let into = world.now().ms().rem_euclid(3_600_000) / 1_000;
    world.passes(3_600 - into + 600).await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    ann.says("ten minutes past").to(&ben).await.ok();
    world.passes(1_800).await;
    let mut ben = ben.elsewhere().await;
    ben.says("forty minutes past").to(&ann).await.ok();
    world.passes(86_400 - 600).await;
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(told["total_messages"], 2);
    assert_eq!(
        (&told["messages_24h"], &told["active_senders_24h"]),
        (&json!(1), &json!(1))
    );
}
