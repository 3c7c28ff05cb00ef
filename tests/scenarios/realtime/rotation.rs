//! What rotation and clean-up cost while nothing is due, and that they miss nothing when it is.

use serde_json::json;
use world::{Person, World};

/// Units that a function read and wrote since the meter was reset.
fn units(world: &World, function: &str) -> (f64, f64) {
    let lines = world.local.cloud().meter().lines().into_iter();
    let lines = lines.filter(|line| line.function == function);
    lines.fold((0.0, 0.0), |sum, line| {
        (sum.0 + line.read, sum.1 + line.write)
    })
}

async fn pings(world: &World, people: &mut [Person], minutes: i64) {
    for _ in 0..minutes / 8 {
        world.passes(8 * 60).await;
        for person in people.iter_mut() {
            person.asks("ping", json!({})).await;
        }
    }
    world.passes(minutes % 8 * 60).await;
}

#[tokio::test(start_paused = true)]
async fn with_nobody_connected_two_hours_cost_little() {
    let world = World::unlimited().await;
    world.passes(600).await;
    world.local.cloud().meter().reset();
    for _ in 0..120 {
        world.passes(60).await;
    }
    // One row a minute; every hundred minutes a look at four shards for what is due and for what
    // comes next.
    let (read, write) = units(&world, "rotate_connections");
    assert!((60.0..70.0).contains(&read), "{read}");
    assert!((1.0..3.0).contains(&write), "{write}");
    // One row, four shards of unproven connections and one to count, every five minutes.
    let (read, write) = units(&world, "reap_connections");
    assert!((72.0..82.0).contains(&read), "{read}");
    assert!((0.0..3.0).contains(&write), "{write}");
}

/// People come while nobody looks, at instants of their own; each is told in time, once.
#[tokio::test(start_paused = true)]
async fn who_comes_while_nobody_looks_is_told_in_time() {
    let world = World::unlimited().await;
    world.passes(600).await;
    let mut people = Vec::new();
    for n in 0..6 {
        let mut person = world.person(&format!("Person {n}")).await;
        person.comes_online().await;
        people.push(person);
        pings(&world, &mut people, 17).await;
    }
    // The first came 102 minutes ago, the last 17.
    let mut told = Vec::new();
    for _ in 0..100 {
        world.passes(60).await;
        for (n, person) in people
            .iter_mut()
            .enumerate()
            .filter(|(_, one)| one.is_online())
        {
            person.asks("ping", json!({})).await;
            if !person.got("reconnect").await.is_empty() {
                assert_eq!(person.got("reconnect").await.len(), 1);
                told.push(n);
                person.vanishes();
            }
        }
    }
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2, 3, 4, 5]);
    world.settles().await;
    assert!(world.items("live", "conn#").await.is_empty());
}
