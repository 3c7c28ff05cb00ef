//! The refresh table.

use world::World;

use super::{refreshes, uses};

/// Scenario 4.
#[tokio::test(start_paused = true)]
async fn a_refresh_gives_a_new_pair_and_a_lost_answer_is_given_again() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let first = refreshes(&world, &ann.refresh).await.ok();
    // The answer was lost: nobody has used the new pair.
    let again = refreshes(&world, &ann.refresh).await.ok();
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    let (one, other) = tokio::join!(
        refreshes(&world, &ann.refresh),
        refreshes(&world, &ann.refresh)
    );
    assert_eq!(one.ok()["refresh_token"], other.ok()["refresh_token"]);
    uses(&world, first["access_token"].as_str().expect("a token"))
        .await
        .ok();
    // Two tabs: within 30 s the old token still gives the same pair.
    refreshes(&world, &ann.refresh).await.ok();
}

/// Scenario 3.
#[tokio::test(start_paused = true)]
async fn a_spent_refresh_token_signs_the_thief_and_the_owner_out() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    let fresh = refreshes(&world, &ann.refresh).await.ok();
    let stolen = std::mem::take(&mut ann.refresh);
    uses(&world, fresh["access_token"].as_str().expect("a token"))
        .await
        .ok();
    world.passes(31).await;
    refreshes(&world, &stolen)
        .await
        .refused(401, "REFRESH_TOKEN_REUSED");
    let owner = fresh["refresh_token"].as_str().expect("a token");
    refreshes(&world, owner)
        .await
        .refused(401, "SESSION_REVOKED");
    uses(&world, fresh["access_token"].as_str().expect("a token"))
        .await
        .refused(401, "SESSION_REVOKED");
    world.settles().await;
    assert_eq!(world.mails_to(&ann.email).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_other_line_of_the_refresh_table() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    refreshes(&world, "rt1.nonsense")
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    let mut parts: Vec<&str> = ann.refresh.split('.').collect();
    let forged = format!("{}x", &parts[3][..parts[3].len() - 1]);
    parts[3] = &forged;
    refreshes(&world, &parts.join("."))
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    parts[2] = "7";
    refreshes(&world, &parts.join("."))
        .await
        .refused(401, "REFRESH_TOKEN_INVALID");
    // Two generations back, and both proven to have arrived.
    let second = refreshes(&world, &ann.refresh).await.ok();
    uses(&world, second["access_token"].as_str().expect("a token"))
        .await
        .ok();
    let third = refreshes(&world, second["refresh_token"].as_str().expect("a token"))
        .await
        .ok();
    uses(&world, third["access_token"].as_str().expect("a token"))
        .await
        .ok();
    uses(&world, &ann.token).await.refused(401, "TOKEN_EXPIRED");
    refreshes(&world, &ann.refresh)
        .await
        .refused(401, "REFRESH_TOKEN_REUSED");
    let late = ann.elsewhere().await;
    world.passes(7 * 86_400 + 1).await;
    refreshes(&world, &late.refresh)
        .await
        .refused(401, "SESSION_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_how_long_its_refresh_token_counts() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let week = 7 * 86_400;
    let fresh = refreshes(&world, &ann.refresh).await.ok();
    assert_eq!(fresh["refresh_expires_in"], week);
    world.passes(60).await;
    // The same token again is older by now.
    let again = refreshes(&world, &ann.refresh).await.ok();
    let left = again["refresh_expires_in"].as_i64().expect("seconds");
    assert!((week - 65..=week - 60).contains(&left), "{left}");
}
