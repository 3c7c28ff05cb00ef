//! Registering phones, and what ends a registration.

use futures_util::future::join_all;
use serde_json::json;
use shared::aws::dynamo::Tables;
use shared::notifications::leave_targets;
use world::World;

use super::rings::rings_in_vain;
use super::{android, counted, heard, iphone, of_device, phones, pushes, registers, rows};
use crate::scenarios::calls::{Talk, friends};
use crate::scenarios::relay::devices::bound;

const PATH: &str = "/api/v2/notifications/devices";

#[tokio::test(start_paused = true)]
async fn a_phone_that_registers_again_stays_the_same_target() {
    let world = World::new().await.punctual();
    let ann = world.person("Ann").await;
    let target = registers(&ann, android("token-of-ann")).await;
    world.passes(600).await;
    let mut newer = android("token-of-ann");
    newer["app_version"] = json!("1.0.4");
    assert_eq!(registers(&ann, newer).await, target);
    let known = phones(&world, &ann).await;
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].app_version, "1.0.4");
    let since = known[0].last_seen_at.since(known[0].created_at);
    assert!((600_000..601_000).contains(&since), "{since}");
    assert_eq!(counted(&world, &ann).await, 1);
    let path = format!("{PATH}/{target}");
    ann.delete(&path).await.expect(204);
    ann.delete(&path).await.refused(404, "NOT_FOUND");
    assert_eq!(counted(&world, &ann).await, 0);
    assert!(world.items("data", "push-token#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_belongs_to_whoever_registered_it_last() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    let cleo = world.person("Cleo").await;
    let old = registers(&ben, iphone("token-of-a-phone", "voip-of-a-phone")).await;
    rings_in_vain(&ann, &ben).await;
    assert_eq!(pushes(&world).len(), 3, "it rings, stops, and was missed");
    // The app was installed anew: only the token for rings is the same.
    registers(&cleo, iphone("another-token", "voip-of-a-phone")).await;
    assert_eq!(counted(&world, &ben).await, 0);
    assert_eq!(counted(&world, &cleo).await, 1);
    ben.delete(&format!("{PATH}/{old}"))
        .await
        .refused(404, "NOT_FOUND");
    world.passes(61).await;
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(60).await;
    assert_eq!(pushes(&world).len(), 3, "nobody else's phone rings for Ben");
    let left = world.local.cloud().endpoints();
    assert_eq!(
        left.len(),
        1,
        "the provider forgot the token that nobody has"
    );
    assert_eq!(left[0].1, "voip-of-a-phone");
    let target = phones(&world, &cleo).await[0].target_id.clone();
    cleo.delete(&format!("{PATH}/{target}")).await.expect(204);
    world.settles().await;
    assert!(world.local.cloud().endpoints().is_empty());
}

#[tokio::test(start_paused = true)]
async fn ten_phones_are_the_most_also_at_once() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let first = registers(&ann, android("token-number-0")).await;
    world.passes(60).await;
    for n in 1..10 {
        registers(&ann, android(&format!("token-number-{n}"))).await;
    }
    assert_eq!(phones(&world, &ann).await.len(), 10);
    registers(&ann, android("token-number-10")).await;
    let known = phones(&world, &ann).await;
    assert_eq!(known.len(), 10);
    assert!(
        known.iter().all(|one| one.target_id != first),
        "seen longest ago"
    );
    let many = (20..28).map(|n| ann.post(PATH, android(&format!("token-number-{n}"))));
    for answer in join_all(many).await {
        assert!([201, 503].contains(&answer.status), "{}", answer.body);
    }
    let known = phones(&world, &ann).await.len();
    assert_eq!(known, 10);
    assert_eq!(counted(&world, &ann).await, 10);
    let owners = world.items("data", "push-token#").await;
    assert_eq!(owners.len(), 10, "one token each");
}

#[tokio::test(start_paused = true)]
async fn the_same_phone_at_once_is_one_target() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let both = [&ann, &ben, &ann, &ben, &ann, &ben];
    let many = both.map(|person| person.post(PATH, android("token-of-a-phone")));
    let answers = join_all(many).await;
    assert!(answers.iter().any(|answer| answer.status == 201));
    let (anns, bens) = (phones(&world, &ann).await, phones(&world, &ben).await);
    assert_eq!(anns.len() + bens.len(), 1);
    let counts = (counted(&world, &ann).await, counted(&world, &ben).await);
    assert_eq!(counts.0 + counts.1, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_phone_of_the_caller_is_refused() {
    let world = World::unlimited().await;
    let (ann, ben) = world.two("Ann", "Ben").await;
    let bens = ben.registers("Ben's phone", 4).await.ok();
    let bens = bens["device_id"].as_str().expect("an id").to_owned();
    let gone = ann.registers("Old phone", 5).await.ok();
    let gone = gone["device_id"].as_str().expect("an id").to_owned();
    ann.delete(&format!("/api/v2/devices/{gone}"))
        .await
        .expect(204);
    let unknown = format!("dev_{}", "0".repeat(26));
    for device in [&bens, &gone, &unknown, &"phone".to_owned()] {
        let phone = of_device(android("token-of-ann"), device);
        let refused = ann.post(PATH, phone).await;
        refused.refused(404, "DEVICE_NOT_FOUND");
    }
    let mut phone = android("token-of-ann");
    phone["timezone"] = json!("Middle/Earth");
    ann.post(PATH, phone).await.refused(422, "INVALID_TIMEZONE");
    let mut phone = android("token-of-ann");
    phone["voip_token"] = json!("voip-of-ann");
    let refused = ann.post(PATH, phone).await;
    let refused = refused.refused(422, "VALIDATION_FAILED");
    assert_eq!(refused["details"]["fields"][0]["field"], "/voip_token");
    for wrong in ["", "short", "with space", "<script>", &"a".repeat(4_097)] {
        let refused = ann.post(PATH, android(wrong)).await;
        refused.refused(422, "VALIDATION_FAILED");
    }
    assert!(phones(&world, &ann).await.is_empty());
    let target = registers(&ben, android("token-of-ben")).await;
    let foreign = ann.delete(&format!("{PATH}/{target}")).await;
    foreign.refused(404, "NOT_FOUND");
    assert_eq!(phones(&world, &ben).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_phone_goes_with_its_device() {
    let world = World::unlimited().await;
    let (mut ann, mut ben) = (
        world.person_with("Ann", 500).await,
        world.person("Ben").await,
    );
    crate::scenarios::calls::phone::meet(&mut ann, &mut ben).await;
    let (phone, id) = bound(&ben, "Phone", 1).await;
    registers(&phone, android("token-of-the-phone")).await;
    registers(&ben, android("token-of-the-tablet")).await;
    let known = phones(&world, &ben).await;
    let of_session = known.iter().find(|one| one.device_id.is_some());
    let of_session = of_session.expect("the session's own device");
    assert_eq!(of_session.device_id.as_deref(), Some(id.as_str()));
    rings_in_vain(&ann, &ben).await;
    assert_eq!(world.local.cloud().endpoints().len(), 2);
    ben.delete(&format!("/api/v2/devices/{id}"))
        .await
        .expect(204);
    world.passes(5).await;
    assert_eq!(phones(&world, &ben).await.len(), 1);
    assert_eq!(counted(&world, &ben).await, 1);
    let left = world.local.cloud().endpoints();
    assert_eq!(left.len(), 1, "the provider forgets it, too");
    assert_eq!(left[0].1, "token-of-the-tablet");
    let before = heard(&world).len();
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    assert_eq!(heard(&world).len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_registration_while_its_device_is_revoked_leaves_nothing() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let (_, id) = bound(&ann, "Phone", 1).await;
    let tries = (0..4).map(|n| {
        let phone = of_device(android(&format!("token-number-{n}")), &id);
        ann.post(PATH, phone)
    });
    let path = format!("/api/v2/devices/{id}");
    let (answers, revoked) = tokio::join!(join_all(tries), ann.delete(&path));
    revoked.expect(204);
    world.passes(5).await;
    for answer in answers {
        assert!([201, 404, 503].contains(&answer.status), "{}", answer.body);
    }
    assert!(phones(&world, &ann).await.is_empty());
    assert_eq!(counted(&world, &ann).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_closes_keeps_no_phone() {
    let world = World::new().await;
    let (ann, ben) = friends(&world, 100).await;
    registers(&ben, android("token-of-ben")).await;
    registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
    let talk = Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    assert_eq!(heard(&world).len(), 2);
    let tables = Tables::of(&world.local.env("local"));
    let gone = leave_targets(&tables, &ben.id, None).await.expect("gone");
    assert_eq!(gone, 2);
    world.settles().await;
    assert!(phones(&world, &ben).await.is_empty());
    assert!(world.items("data", "push-token#").await.is_empty());
    assert!(world.local.cloud().endpoints().is_empty());
    talk.ends(&ann).await.ok();
    world.settles().await;
    assert_eq!(heard(&world).len(), 2, "nothing reaches them any more");
    assert!(rows(&world, &ben, "call.cancelled").await.is_empty());
    assert_eq!(
        leave_targets(&tables, &ben.id, None).await.expect("none"),
        0
    );
}
