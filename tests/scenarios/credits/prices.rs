//! A price that changes at 12:00.

use shared::Time;
use shared::credits::{Booked, Claim, NewHold, Policies, Policy, PolicyValue};
use shared::function::Take;
use shared::table::Commit;
use shared::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use world::World;

use super::{Purse, new_hold};

fn changed(key: &str, value: i64, effective_from: Time) -> Policy {
    Policy {
        key: key.to_owned(),
        value: PolicyValue::Number(value),
        unit: "credits".to_owned(),
        effective_from,
        version: 1,
        changed_by: "adm_test".to_owned(),
        reason: "a scenario".to_owned(),
    }
}

/// Lets time pass until the second in which the instant lies has begun.
async fn until(world: &World, instant: Time) {
    while world.now() < instant {
        world
            .passes(instant.since(world.now()).max(SECOND_MS) / SECOND_MS)
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_started_at_11_59_keeps_its_rate_and_a_message_at_12_pays_the_new_price() {
    let world = World::new().await.punctual();
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let purse = Purse::of(&ann).await;
    // An hour after the beginning, to the millisecond.
    let noon = Time(world.now().ms() / HOUR_MS * HOUR_MS + HOUR_MS);
    let rows = Commit::new()
        .put(&changed("price.message", 3, noon))
        .put(&changed("price.call.audio", 8, noon));
    purse.tables.commit(rows).await.expect("stored");
    until(&world, noon.plus(-MINUTE_MS)).await;
    let env = world.local.env("local");
    let policies = <Policies as Take<()>>::take(&env, &mut ()).await;
    let rate = policies.expect("policies").number("price.call.audio");
    assert_eq!(rate, 5, "a minute before");
    let call = NewHold {
        rate,
        ..new_hold(1, 5 * rate)
    };
    let opened = purse.book(|booking| booking.hold(call.clone())).await;
    assert!(matches!(opened, Ok(Booked::Now(_))));
    ann.token = ann.elsewhere().await.token;
    until(&world, noon.plus(-SECOND_MS)).await;
    assert!(world.now() < noon);
    ann.says("one second before").to(&ben).await.ok();
    ann.has_credits(74).await;
    until(&world, noon).await;
    ann.says("at the stroke").to(&ben).await.ok();
    ann.has_credits(71).await;
    world.passes(120).await;
    let hold = purse.hold(1).await;
    assert_eq!(hold.rate, 5, "frozen when the call began");
    let minutes = 4;
    let used = Claim::Used(minutes * hold.rate);
    purse.settles(&hold, used).await.expect("settled");
    ann.has_credits(71 + 5).await;
    let policies = <Policies as Take<()>>::take(&env, &mut ()).await;
    let rate = policies.expect("policies").number("price.call.audio");
    assert_eq!(rate, 8, "a new call pays the new price");
}
