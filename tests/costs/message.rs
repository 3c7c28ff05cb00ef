//! The figure of one paid message, on one fixed workload: 50 people in 25 pairs that have already
//! written to each other, each with one open socket, each sends 100 characters every 10 seconds.

use serde_json::json;
use world::{Person, World};

use super::bill::{Bill, measured, number};

/// People of the workload.
const PEOPLE: usize = 50;
/// Messages of each: three pages of ledger rows.
const ROUNDS: usize = 48;
/// Pause between two messages of a person, seconds.
const PAUSE_SECONDS: i64 = 10;
/// Most write units of a message with everything that follows from it.
const WRITE_MAX: f64 = 8.2;
/// Most read units of the same.
const READ_MAX: f64 = 4.0;
/// Most write and read units of a mark.
const MARK_MAX: (f64, f64) = (1.5, 3.0);

async fn pairs(world: &World) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(world.person_with(&format!("Person {n}"), 1_000).await);
    }
    for one in (0..PEOPLE).step_by(2) {
        let (left, right) = people.split_at_mut(one + 1);
        let (ann, ben) = (&mut left[one], &mut right[0]);
        ann.says("hello").to(ben).await.ok();
        ben.says("hello").to(ann).await.ok();
    }
    for person in &mut people {
        person.comes_online().await;
    }
    world.passes(60).await;
    people
}

/// One round: everybody sends, spread over the pause like people who know nothing of each other.
async fn round(world: &World, people: &mut [Person], round: usize) {
    let text = format!("{round:0>100}");
    let step = PEOPLE / usize::try_from(PAUSE_SECONDS).expect("small");
    for slice in 0..PEOPLE / step {
        for one in slice * step..(slice + 1) * step {
            let partner = one ^ 1;
            let body = json!({
                "receiver_id": people[partner].id, "content": text, "message_type": "text",
                "client_message_id": format!("cost-{round:04}-{one:04}"),
            });
            people[one].post("/api/v2/messages/send", body).await.ok();
            world.settles().await;
        }
        world.passes(1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_costs_what_the_design_says() {
    let world = World::new().await;
    let mut people = pairs(&world).await;
    let ((), bill) = measured(&world, async {
        for n in 0..ROUNDS {
            round(&world, &mut people, n).await;
        }
        world.passes(120).await;
    })
    .await;
    let each = bill.per((PEOPLE * ROUNDS) as f64);
    println!("one message: {each:?}");
    assert_parts(&each);
    for person in &people {
        person
            .has_credits(1_000 - 1 - i64::try_from(ROUNDS).expect("small"))
            .await;
    }
    let calls = super::calls::section().await;
    super::operations::page(&each, &marks().await, &calls).await;
}

/// Each part has its own bound, so that a new consumer shows.
fn assert_parts(each: &Bill) {
    assert!(each.writes <= 6.5, "transaction: {}", number(each.writes));
    assert!(each.index <= 1.01, "index: {}", number(each.index));
    assert!(
        each.consumer_writes <= 0.3,
        "consumers write: {}",
        number(each.consumer_writes)
    );
    assert!(
        each.timer_writes <= 0.01,
        "timers write: {}",
        number(each.timer_writes)
    );
    assert!(each.reads <= 2.6, "reads: {}", number(each.reads));
    assert!(
        each.consumer_reads <= 1.5,
        "consumers read: {}",
        number(each.consumer_reads)
    );
    assert!(
        each.timer_reads <= 0.1,
        "timers read: {}",
        number(each.timer_reads)
    );
    assert!(each.write() <= WRITE_MAX, "{}", number(each.write()));
    assert!(each.read() <= READ_MAX, "{}", number(each.read()));
}

#[tokio::test(start_paused = true)]
async fn the_first_message_may_cost_ten_more() {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ben.comes_online().await;
    // Not the first call of a session and of a person: that has costs of its own.
    ann.has_credits(100).await;
    let (answer, bill) = measured(&world, ann.says("hello").to(&ben)).await;
    answer.ok();
    println!("first message: {bill:?}");
    assert!(bill.write() <= WRITE_MAX + 10.0, "{bill:?}");
}

/// Marks, counted on their own: ten messages are marked one after the other by a person with an
/// open socket while the sender listens.
async fn marks() -> [(&'static str, Bill); 2] {
    let world = World::new().await;
    let (mut ann, mut ben) = world.two("Ann", "Ben").await;
    ann.comes_online().await;
    ben.comes_online().await;
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(
            ann.says(&format!("{n}")).to(&ben).await.ok()["id"]
                .as_str()
                .expect("an id")
                .to_owned(),
        );
    }
    world.passes(30).await;
    let (mut delivered, mut read) = (Bill::default(), Bill::default());
    for id in &ids {
        let path = format!("/api/v2/messages/mark-delivered/{id}");
        let (answer, bill) = measured(&world, ben.post(&path, json!({}))).await;
        answer.ok();
        delivered = sum(delivered, bill);
    }
    for id in &ids {
        let body = json!({ "message_ids": [id] });
        let (answer, bill) = measured(&world, ben.post("/api/v2/messages/mark-read", body)).await;
        answer.ok();
        read = sum(read, bill);
    }
    let marks = [
        ("marking delivered", delivered.per(10.0)),
        ("marking read", read.per(10.0)),
    ];
    for (name, bill) in marks {
        assert!(bill.write() <= MARK_MAX.0, "{name} writes {bill:?}");
        assert!(bill.read() <= MARK_MAX.1, "{name} reads {bill:?}");
    }
    marks
}

fn sum(one: Bill, other: Bill) -> Bill {
    Bill {
        reads: one.reads + other.reads,
        writes: one.writes + other.writes,
        index: one.index + other.index,
        consumer_reads: one.consumer_reads + other.consumer_reads,
        consumer_writes: one.consumer_writes + other.consumer_writes,
        timer_reads: one.timer_reads + other.timer_reads,
        timer_writes: one.timer_writes + other.timer_writes,
    }
}
