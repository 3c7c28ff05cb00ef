//! Signing in: wrong passwords and the published keys.

use world::World;

use super::signs_in;

#[tokio::test(start_paused = true)]
async fn wrong_passwords_lock_the_pair_and_not_the_owner_elsewhere() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    for _ in 0..5 {
        signs_in(&world, &ann.email, "WrongPass123")
            .await
            .refused(401, "INVALID_CREDENTIALS");
    }
    let locked = signs_in(&world, &ann.email, &ann.password)
        .await
        .refused(423, "ACCOUNT_LOCKED");
    assert!(
        locked["details"]["retry_after"]
            .as_i64()
            .is_some_and(|seconds| seconds <= 900)
    );
    for _ in 0..5 {
        let unknown = signs_in(&world, "nobody@pairly.test", "WrongPass123").await;
        unknown.refused(401, "INVALID_CREDENTIALS");
    }
    signs_in(&world, "nobody@pairly.test", "WrongPass123")
        .await
        .refused(423, "ACCOUNT_LOCKED");
    world.passes(15 * 60).await;
    signs_in(&world, &ann.email, &ann.password).await.ok();
}

#[tokio::test(start_paused = true)]
async fn the_public_keys_are_published_and_cacheable() {
    let world = World::new().await;
    let first = world.call("GET", "/.well-known/jwks.json", None).await;
    assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
    let tag = first.header("etag").expect("a tag").to_owned();
    let keys = first.ok();
    assert_eq!(
        (
            keys["keys"][0]["kty"].as_str(),
            keys["keys"][0]["crv"].as_str()
        ),
        (Some("OKP"), Some("Ed25519"))
    );
    assert!(keys["keys"][0].get("d").is_none(), "a private key");
    let known = [("if-none-match", tag.as_str())];
    world
        .call_with("GET", "/.well-known/jwks.json", None, &known)
        .await
        .expect(304);
}

/// Scenario 2: equal bodies; that the time is equal too is shown in `timing`.
#[tokio::test(start_paused = true)]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let wrong = signs_in(&world, &ann.email, "WrongPass123").await;
    let unknown = signs_in(&world, "nobody@pairly.test", "WrongPass123").await;
    assert_eq!(wrong.comparable(), unknown.comparable());
    let names = |answer: &world::Answer| -> Vec<String> {
        answer
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    };
    assert_eq!(names(&wrong), names(&unknown));
    wrong.refused(401, "INVALID_CREDENTIALS");
    unknown.refused(401, "INVALID_CREDENTIALS");
}
