//! Whatever goes wrong in the functions that tell, people who are connected hear of it, once.

use local::cloud::{Kind, Rule};
use world::World;

/// Each leads to another delivery.
const KINDS: [Kind; 5] = [
    Kind::BeforeEffect,
    Kind::AfterEffect,
    Kind::Throttle,
    Kind::Conflict,
    Kind::EndHandler,
];
/// More calls than any handler makes.
const CALLS_MAX: usize = 40;

fn rule(function: &str, nth: usize, kind: Kind) -> Rule {
    Rule {
        function: Some(function.to_owned()),
        operation: None,
        nth,
        kind,
    }
}

#[tokio::test(start_paused = true)]
async fn consumers_and_workers_tell_everything_whatever_fails() {
    for function in ["fan_out_events", "push_frames"] {
        for kind in KINDS {
            for nth in 1..=CALLS_MAX {
                let world = World::unlimited().await;
                let (mut ann, mut ben) = world.two("Ann", "Ben").await;
                ben.comes_online().await;
                world.settles().await;
                let faults = world.local.cloud().faults();
                faults.count_from_zero();
                faults.add(rule(function, nth, kind));
                ann.says("heard").to(&ben).await.ok();
                // A queue gives a message back after its visibility timeout.
                world.passes(300).await;
                let fired = faults.fired() > 0;
                faults.clear();
                ben.sees("heard").await;
                let list = ben
                    .elsewhere()
                    .await
                    .get("/api/v2/messages/conversations")
                    .await
                    .ok();
                assert_eq!(list["conversations"].as_array().map(Vec::len), Some(1));
                if !fired {
                    break;
                }
            }
        }
    }
}
