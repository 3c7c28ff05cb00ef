//! The second look at messages: told twice, told late, and left over.

use local::cloud::{Kind, Rule};
use serde_json::Value;
use shared::messaging::{Moderation, Scan, scan};
use shared::moderation::{ModerationItem, Subject, open_items};
use world::{Person, World};

use super::moderation::{decides, tables};

/// A link that nobody knows anything about.
const LINK: &str = "my studio: linden-keramik.de/kurs";

fn job(sent: &Value, version: u8) -> Scan {
    let message_id = sent["id"].as_str().expect("an id").to_owned();
    Scan {
        message_id,
        version,
    }
}

/// Everything that a second look leaves behind: states of the messages, flags, open items.
async fn traces(world: &World, ann: &Person, receivers: &[Person]) -> (Vec<Value>, usize, usize) {
    let mut states = Vec::new();
    for receiver in receivers {
        let newest = ann.reads(receiver).await.swap_remove(0);
        states.push(newest["moderation_status"].clone());
    }
    let flags = world.rows("live", &ann.id, "flag#").await.len();
    let open = open_items(&tables(world), Some(Subject::Message), None, 50).await;
    (states, flags, open.expect("a queue").len())
}

#[tokio::test(start_paused = true)]
async fn looks_that_come_twice_and_in_the_wrong_order_change_nothing_more() {
    let world = World::unlimited().await;
    let mut ann = world.person("Ann").await;
    let (mut receivers, mut jobs) = (Vec::new(), Vec::new());
    for n in 0..13 {
        let mut receiver = world.person(&format!("Person {n}")).await;
        // Replies are not new contacts, of which a day has ten.
        receiver.says("hello").to(&ann).await.ok();
        // Different words, so that only the link is the same.
        let text = format!("{n} {} {LINK}", "really ".repeat(n));
        let sent = ann.says(&text).to(&receiver).await.ok();
        assert_eq!(sent["moderation_status"], "approved", "{n}");
        jobs.push(job(&sent, 1));
        receivers.push(receiver);
    }
    world.settles().await;
    let once = traces(&world, &ann, &receivers).await;
    let flagged = once.0.iter().filter(|state| **state == "flagged").count();
    assert_eq!((flagged, once.2), (3, 3), "from the eleventh receiver on");
    for _ in 0..2 {
        for job in jobs.iter().rev() {
            scan(&tables(&world), job, world.now()).await.expect("done");
        }
        world.settles().await;
    }
    let again = traces(&world, &ann, &receivers).await;
    // By now all thirteen are known to have got it; each is raised once and never lowered.
    assert!(again.0.iter().all(|state| *state == "flagged"), "{again:?}");
    assert_eq!(again.2, 13);
    for job in &jobs {
        scan(&tables(&world), job, world.now()).await.expect("done");
    }
    assert_eq!(traces(&world, &ann, &receivers).await, again);
}

#[tokio::test(start_paused = true)]
async fn that_a_message_was_blocked_may_be_told_before_that_it_was_sent() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    let first = ann.says(LINK).to(&ben).await.ok();
    decides(&world, &first, Moderation::Blocked).await;
    for version in [2, 1, 2, 1] {
        let told = scan(&tables(&world), &job(&first, version), world.now()).await;
        told.expect("done");
    }
    let second = cleo.says(LINK).to(&ben).await.ok();
    world.settles().await;
    assert_eq!(cleo.reads(&ben).await[0]["moderation_status"], "pending");
    // A moderator lets it go; whatever is told again afterwards leaves it so.
    decides(&world, &second, Moderation::Approved).await;
    for version in [1, 2, 1] {
        let told = scan(&tables(&world), &job(&second, version), world.now()).await;
        told.expect("done");
    }
    assert_eq!(ben.reads(&cleo).await[0]["moderation_status"], "approved");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_failed_five_times_waits_among_the_dead_letters_and_is_caught_up() {
    let world = World::unlimited().await;
    let (mut ann, ben) = world.two("Ann", "Ben").await;
    let mut cleo = world.person("Cleo").await;
    let first = ann.says(LINK).to(&ben).await.ok();
    decides(&world, &first, Moderation::Blocked).await;
    for nth in 1..=5 {
        world.local.cloud().faults().add(Rule {
            function: Some("scan_message".into()),
            operation: Some("DynamoDB.GetItem".into()),
            nth,
            kind: Kind::EndHandler,
        });
    }
    let second = cleo.says(LINK).to(&ben).await.ok();
    world.passes(3_600).await;
    let cleo = cleo.elsewhere().await;
    let dead = world.local.cloud().dead_letters("scan");
    assert_eq!(dead.len(), 1, "{dead:?}");
    let letter = dead[0].to_string();
    assert!(letter.contains(second["id"].as_str().expect("an id")));
    assert!(!letter.contains("keramik"), "texts stay where they are");
    assert_eq!(cleo.reads(&ben).await[0]["moderation_status"], "approved");
    assert_eq!(world.local.cloud().redrive("scan"), 1);
    world.settles().await;
    assert!(world.local.cloud().dead_letters("scan").is_empty());
    assert_eq!(cleo.reads(&ben).await[0]["moderation_status"], "pending");
    let id = ModerationItem::id_of(Subject::Message, second["id"].as_str().expect("an id"));
    let item: Option<ModerationItem> = tables(&world)
        .get_consistent(&ModerationItem::key_of(&id))
        .await
        .expect("an answer");
    assert!(item.is_some_and(|item| item.is_unresolved()));
}
