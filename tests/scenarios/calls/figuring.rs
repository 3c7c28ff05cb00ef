//! Figures over all calls equal a recount, whatever happened and however often it was told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::Time;
use world::{Administrator, Person, World};

use super::overseeing::{ids, noted, walked};
use super::phone::meet;
use super::{Talk, dials, friends};

const OVERVIEW: &str = "/api/admin/calls/stats/overview";

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

/// Every call there is, each once, from the histories of all people.
async fn all(admin: &Administrator, people: &[Person]) -> Vec<Value> {
    let mut found = BTreeMap::new();
    for person in people {
        let path = format!("/api/admin/calls/user/{}/history", person.id);
        for call in walked(admin, &path, 40).await {
            found.insert(call["id"].as_str().expect("an id").to_owned(), call);
        }
    }
    found.into_values().collect()
}

fn began(call: &Value) -> Time {
    let text = call["initiated_at"].as_str().expect("a time");
    Time::parse(text).expect("a time")
}

fn counts(calls: &[&Value], field: &str, names: &[&str]) -> Value {
    let count = |name: &str| calls.iter().filter(|one| one[field] == name).count();
    let counts: BTreeMap<_, _> = names.iter().map(|name| (*name, count(name))).collect();
    json!(counts)
}

fn sum(calls: &[&Value], field: &str) -> i64 {
    calls.iter().filter_map(|one| one[field].as_i64()).sum()
}

/// The figures, counted from the calls themselves.
fn recount(calls: &[&Value]) -> Value {
    let answered = calls.iter().filter(|one| one.get("accepted_at").is_some());
    let rate = answered.count() as f64 / calls.len().max(1) as f64;
    let both = |one: &&&Value| one.get("connected_at").is_some() && one.get("ended_at").is_some();
    let connected = calls.iter().filter(both).count();
    let mean = sum(calls, "duration_seconds") as f64 / connected.max(1) as f64;
    let mean = (connected > 0).then(|| (mean * 100.0).round() / 100.0);
    json!({
        "total_calls": calls.len(),
        "status_breakdown": counts(calls, "status", &[
            "initiated", "ringing", "accepted", "connected", "ended", "missed", "rejected",
            "cancelled", "failed",
        ]),
        "answer_rate": (rate * 10_000.0).round() / 10_000.0,
        "total_minutes": sum(calls, "billed_minutes"),
        "total_credits_revenue": sum(calls, "credits_spent") - sum(calls, "refunded"),
        "mean_duration_seconds": mean,
        "quality_breakdown": counts(calls, "call_quality", &["excellent", "good", "fair", "poor"]),
    })
}

/// Every call, at an instant before which no call ended for three seconds.
async fn quiet(world: &World, admin: &Administrator, people: &[Person]) -> Vec<Value> {
    for _ in 0..20 {
        noted(world).await;
        let calls = all(admin, people).await;
        let changed = |call: &Value| {
            let at = call["updated_at"].as_str().and_then(Time::parse);
            at.expect("a time") > world.now().plus(-3_000)
        };
        if !calls.iter().any(changed) {
            return calls;
        }
    }
    panic!("calls end all the time");
}

/// The figures, and those of each day, after they were compared with a recount.
async fn equals_a_recount(world: &World, admin: &Administrator, people: &[Person]) -> Value {
    let calls = quiet(world, admin, people).await;
    let everything: Vec<&Value> = calls.iter().collect();
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(told, recount(&everything));
    let days: BTreeSet<_> = calls.iter().map(|call| began(call).date()).collect();
    for wanted in days {
        let own = calls.iter().filter(|call| began(call).date() == wanted);
        let own: Vec<&Value> = own.collect();
        let query = format!("?from={wanted}T12:00:00Z&to={wanted}T13:00:00Z");
        let mut told = admin.get(&format!("{OVERVIEW}{query}")).await.ok();
        let members = told.as_object_mut().expect("an object");
        assert_eq!(members.remove("from"), Some(json!(wanted.to_string())));
        assert_eq!(members.remove("to"), Some(json!(wanted.to_string())));
        assert_eq!(told, recount(&own), "{wanted}");
    }
    let found = walked(admin, "/api/admin/calls/search", 33).await;
    assert_eq!(found.len(), calls.len(), "search finds every call once");
    let known: BTreeSet<_> = ids(&json!({ "calls": found })).into_iter().collect();
    assert_eq!(known.len(), calls.len());
    let page = admin.get("/api/admin/calls/search?limit=1").await.ok();
    assert_eq!(page["total"], calls.len());
    told
}

/// One call, as it comes, unless the caller is in another one.
async fn step(world: &World, dice: &mut Dice, people: &[Person], admin: &Administrator) -> bool {
    let one = dice.below(people.len());
    let other = (one + 1 + dice.below(people.len() - 1)) % people.len();
    let (me, to) = (&people[one], &people[other]);
    let kind = ["audio", "video"][dice.below(2)];
    let client_id = format!("random-{}-{}", world.now().ms(), dice.below(1_000_000));
    let asked = dials(me, to, kind, &client_id).await;
    if asked.status != 201 {
        return asked.code() == Some("CALLEE_BUSY");
    }
    let id = asked.body["id"].as_str().expect("an id").to_owned();
    let talk = Talk { id };
    let what = dice.below(12);
    match what {
        0 => drop(talk.ends(me).await),
        1 => drop(talk.rejects(to, "declined").await),
        2 => return true,
        _ => drop(talk.accepts(to).await),
    }
    if what < 4 {
        return true;
    }
    if what > 4 {
        talk.connects(me).await.ok();
        talk.connects(to).await.ok();
        let seconds = i64::try_from(dice.below(70)).expect("small");
        world.passes(seconds).await;
    }
    let path = format!("/api/admin/calls/{}", talk.id);
    let why = "at random";
    match what {
        5 => return true,
        6 => {
            let body = json!({ "reason": why });
            admin.post(&format!("{path}/terminate"), body).await;
        }
        _ => drop(talk.ends(me).await),
    }
    if what == 7 || what == 8 {
        let body = json!({ "credits": 1 + dice.below(6), "reason": why });
        admin.post(&format!("{path}/refund"), body).await;
    }
    if what == 8 || what == 9 {
        let quality = ["excellent", "good", "fair", "poor"][dice.below(4)];
        let body = json!({ "call_quality": quality, "notes": "noted", "reason": why });
        admin.post(&format!("{path}/moderate"), body).await;
    }
    true
}

#[tokio::test(start_paused = true)]
async fn figures_equal_a_recount_after_two_hundred_random_calls() {
    let world = World::unlimited().await;
    let mut dice = Dice(37);
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(world.person_with(&format!("Person {n}"), 10_000).await);
    }
    for one in 0..people.len() {
        for other in one + 1..people.len() {
            let (low, high) = people.split_at_mut(other);
            meet(&mut low[one], &mut high[0]).await;
        }
    }
    let admin = world.admin("admin-1").await;
    let mut told = Value::Null;
    // A day ends in between, and what is kept of it must follow what comes later.
    for pause in [90_000, 10] {
        let mut left = 100;
        while left > 0 {
            left -= i64::from(step(&world, &mut dice, &people, &admin).await);
            world.passes(2).await;
        }
        told = equals_a_recount(&world, &admin, &people).await;
        world.passes(pause).await;
        for person in &mut people {
            *person = person.elsewhere().await;
        }
    }
    assert_eq!(told["total_calls"], 200);
    // Of everything something happened.
    for (of, names) in [
        (
            "status_breakdown",
            ["ended", "missed", "rejected", "cancelled", "failed"],
        ),
        (
            "quality_breakdown",
            ["excellent", "good", "fair", "poor", "poor"],
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
    let (ann, ben) = friends(&world, 100).await;
    let admin = world.admin("admin-1").await;
    noted(&world).await;
    world.dies_after("log_messages", "PutItem", 1);
    for _ in 0..5 {
        Talk::rings(&ann, &ben, "audio").await.ends(&ann).await.ok();
        world.passes(1).await;
    }
    world.passes(600).await;
    let told = equals_a_recount(&world, &admin, &[ann, ben]).await;
    assert_eq!(
        (&told["total_calls"], &told["status_breakdown"]["cancelled"]),
        (&json!(5), &json!(5))
    );
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_kept_follows_a_refund_and_what_was_told_late() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let admin = world.admin("admin-1").await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    talk.lasts(&mut [&mut ann, &mut ben], 61).await;
    talk.ends(&ann).await.ok();
    noted(&world).await;
    world.local.hold_streams(true);
    Talk::rings(&ann, &ben, "audio").await.ends(&ann).await.ok();
    world.passes(200_000).await;
    let told = admin.get(OVERVIEW).await.ok();
    assert_eq!(
        (&told["total_calls"], &told["total_credits_revenue"]),
        (&json!(1), &json!(10))
    );
    let kept = world.items("insight", "calls").await;
    let is_kept = |row: &&Value| row["pk"]["S"] == "calls" && row.get("sums").is_some();
    assert_eq!(kept.iter().filter(is_kept).count(), 1);
    world.local.hold_streams(false);
    world.settles().await;
    let body = json!({ "credits": 4, "reason": "days later" });
    let path = format!("/api/admin/calls/{}/refund", talk.id);
    admin.post(&path, body).await.ok();
    let told = equals_a_recount(&world, &admin, &[ann, ben]).await;
    assert_eq!(
        (&told["total_calls"], &told["total_credits_revenue"]),
        (&json!(2), &json!(6))
    );
}

#[tokio::test(start_paused = true)]
async fn figures_are_for_analysts_and_periods_go_forward() {
    let world = World::unlimited().await;
    let analyst = world.admin("analyst-1").await;
    let told = analyst.get(OVERVIEW).await.ok();
    assert_eq!(
        (&told["total_calls"], &told["mean_duration_seconds"]),
        (&json!(0), &Value::Null)
    );
    let range = "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
    let backwards = analyst.get(&format!("{OVERVIEW}{range}")).await;
    backwards.refused(422, "INVALID_RANGE");
    let support = world.admin("support-1").await;
    let refused = support.get(OVERVIEW).await;
    refused.refused(403, "PERMISSION_DENIED");
}
