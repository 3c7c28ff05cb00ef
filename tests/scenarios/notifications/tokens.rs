//! Tokens: who has none any more is not pushed to, and nobody reads them.

use serde_json::json;
use world::World;

use super::rings::{apart, rings_in_vain};
use super::{android, at_provider, heard, iphone, phones, pushes, registers, rows};
use crate::scenarios::calls::Talk;

#[tokio::test(start_paused = true)]
async fn an_unknown_token_disables_its_target_and_the_next_call_does_not_use_it() {
    for token in ["gone-with-the-app", "bad-from-the-start"] {
        let world = World::unlimited().await;
        let (ann, ben) = apart(&world).await;
        registers(&ben, android(token)).await;
        registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
        rings_in_vain(&ann, &ben).await;
        Talk::rings(&ann, &ben, "audio").await;
        world.settles().await;
        let rows = rows(&world, &ben, "call.incoming").await;
        let rows = rows
            .iter()
            .map(|row| serde_json::to_value(row).expect("a row"));
        let failed: Vec<_> = rows.filter(|row| row["status"] == "failed").collect();
        assert_eq!(failed.len(), 1, "{token}: the second call does not try");
        assert_eq!(failed[0]["detail"], "provider_refused");
        assert_eq!(
            (&failed[0]["claims"], &failed[0]["retry_count"]),
            (&json!(1), &json!(0))
        );
        let reason = failed[0]["failed_reason"].as_str().expect("a reason");
        assert!(reason.starts_with("permanent: "), "{reason}");
        let off = phones(&world, &ben).await;
        let off = off.iter().filter(|one| !one.enabled).count();
        assert_eq!(off, 1);
        assert!(heard(&world).iter().all(|(to, _)| to != token));
        let rings = heard(&world)
            .into_iter()
            .filter(|(_, kind)| kind == "call.incoming");
        assert_eq!(rings.count(), 2, "the other phone rings");
    }
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_registers_again_is_pushed_to_again() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    let target = registers(&ben, android("android-of-ben")).await;
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(50).await;
    let arn = world.local.cloud().endpoints()[0].0.clone();
    let off = "Attributes.entry.1.key=Enabled&Attributes.entry.1.value=false";
    at_provider(
        &world,
        &format!("Action=SetEndpointAttributes&EndpointArn={arn}&{off}"),
    )
    .await;
    let before = pushes(&world).len();
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(50).await;
    assert_eq!(pushes(&world).len(), before);
    assert!(!phones(&world, &ben).await[0].enabled);
    assert_eq!(registers(&ben, android("android-of-ben")).await, target);
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    assert_eq!(pushes(&world).len(), before + 1);
    assert_eq!(world.local.cloud().endpoints().len(), 1, "the same one");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_the_provider_lost_is_made_again() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    registers(&ben, iphone("iphone-of-ben", "voip-of-ben")).await;
    rings_in_vain(&ann, &ben).await;
    for (arn, _) in world.local.cloud().endpoints() {
        at_provider(&world, &format!("Action=DeleteEndpoint&EndpointArn={arn}")).await;
    }
    let before = pushes(&world).len();
    Talk::rings(&ann, &ben, "audio").await;
    world.settles().await;
    assert_eq!(pushes(&world).len(), before + 1);
    assert!(phones(&world, &ben).await[0].enabled);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_nowhere_in_clear() {
    let world = World::unlimited().await;
    let (ann, ben) = apart(&world).await;
    let tokens = [
        "marked-token-of-ben",
        "marked-voip-of-ben",
        "bad-marked-token",
    ];
    let path = "/api/v2/notifications/devices";
    let key = [("idempotency-key", "a-registration")];
    let body = Some(iphone(tokens[0], tokens[1]));
    for _ in 0..2 {
        let made = ben.call_with("POST", path, body.clone(), &key).await;
        assert!(!made.expect(201).to_string().contains("marked"));
    }
    registers(&ben, android(tokens[2])).await;
    let mut wrong = android(tokens[0]);
    wrong["timezone"] = json!("nowhere");
    let refused = ben.post(path, wrong).await;
    assert!(!refused.body.to_string().contains("marked"));
    world.local.cloud().faults().outage("sns", true);
    Talk::rings(&ann, &ben, "audio").await;
    world.passes(30).await;
    world.local.cloud().faults().outage("sns", false);
    world.passes(60).await;
    assert_eq!(phones(&world, &ben).await.len(), 2);
    for table in ["data", "live", "ledger", "insight", "keys"] {
        for row in world.items(table, "").await {
            let (row, bytes) = (row.to_string(), "bWFya2Vk");
            assert!(
                !row.contains("marked") && !row.contains(bytes),
                "{table}: {row}"
            );
        }
    }
    for queue in ["pushes", "notices", "stream"] {
        for letter in world.local.cloud().dead_letters(queue) {
            assert!(!letter.to_string().contains("marked"), "{letter}");
        }
    }
}
