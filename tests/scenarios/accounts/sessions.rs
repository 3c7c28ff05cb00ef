//! Sessions: listed, ended, evicted.

use serde_json::json;
use world::{Person, World};

use super::{refreshes, signs_in, uses};

/// Scenario 5.
#[tokio::test(start_paused = true)]
async fn signing_out_ends_token_refresh_and_socket() {
    let world = World::new().await;
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    ann.post("/api/v2/auth/logout", json!({})).await.expect(204);
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    refreshes(&world, &ann.refresh)
        .await
        .refused(401, "SESSION_REVOKED");
    world.passes(5).await;
    assert_eq!(ann.is_closed().await, 4003);
}

/// Scenario 12.
#[tokio::test(start_paused = true)]
async fn sessions_are_listed_ended_one_by_one_and_evicted() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let phone = ann.elsewhere().await;
    let list = ann.get("/api/v2/auth/sessions").await.ok();
    let sessions = list["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        sessions.iter().filter(|one| one["current"] == true).count(),
        1
    );
    let ben = world.person("Ben").await;
    let foreign = format!("/api/v2/auth/sessions/{}", ben.session_id);
    ann.delete(&foreign).await.refused(404, "SESSION_NOT_FOUND");
    ben.get("/api/v2/user").await.ok();
    ann.delete(&format!("/api/v2/auth/sessions/{}", phone.session_id))
        .await
        .expect(204);
    phone
        .get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    ann.get("/api/v2/user").await.ok();
    let mut others: Vec<Person> = Vec::new();
    for _ in 0..3 {
        others.push(ann.elsewhere().await);
    }
    assert_eq!(ann.delete("/api/v2/auth/sessions").await.ok()["revoked"], 3);
    for other in &others {
        other
            .get("/api/v2/user")
            .await
            .refused(401, "SESSION_REVOKED");
    }
}

/// Scenario 12: the 21st session.
#[tokio::test(start_paused = true)]
async fn the_twenty_first_session_evicts_the_least_recently_used() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        world.passes(1).await;
        let answer = signs_in(&world, &ann.email, &ann.password).await.ok();
        tokens.push(answer["access_token"].as_str().expect("a token").to_owned());
    }
    // The minted session is the oldest of 21.
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    for token in &tokens {
        uses(&world, token).await.ok();
    }
}

/// Scenario 12: used counts, not begun.
#[tokio::test(start_paused = true)]
async fn a_session_that_was_refreshed_outlives_a_younger_one() {
    let world = World::unlimited().await;
    let oldest = world.person("Ann").await;
    world.passes(60).await;
    let second = oldest.elsewhere().await;
    for _ in 0..18 {
        world.passes(60).await;
        oldest.elsewhere().await;
    }
    let pair = refreshes(&world, &oldest.refresh).await.ok();
    let twenty_first = oldest.elsewhere().await;
    second
        .get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
    let token = pair["access_token"].as_str().expect("a token");
    for kept in [token, &twenty_first.token] {
        uses(&world, kept).await.ok();
    }
}

async fn reason(world: &World, person: &Person) -> String {
    let place = format!("session#{}", person.session_id);
    let rows = world.rows("data", &person.id, &place).await;
    let text = format!("{:?}", rows[0].get("revoke_reason"));
    text.split('"').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn every_end_of_a_session_keeps_its_reason() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    assert_eq!(reason(&world, &ann).await, "");
    let phone = ann.elsewhere().await;
    phone
        .post("/api/v2/auth/logout", json!({}))
        .await
        .expect(204);
    assert_eq!(reason(&world, &phone).await, "sign_out");
    let (one, other) = (ann.elsewhere().await, ann.elsewhere().await);
    let path = format!("/api/v2/auth/sessions/{}", one.session_id);
    ann.delete(&path).await.expect(204);
    ann.delete("/api/v2/auth/sessions").await.ok();
    assert_eq!(reason(&world, &one).await, "revoked");
    assert_eq!(reason(&world, &other).await, "revoked");
    let stolen = ann.elsewhere().await;
    let fresh = refreshes(&world, &stolen.refresh).await.ok();
    uses(&world, fresh["access_token"].as_str().expect("a token"))
        .await
        .ok();
    world.passes(31).await;
    refreshes(&world, &stolen.refresh)
        .await
        .refused(401, "REFRESH_TOKEN_REUSED");
    assert_eq!(reason(&world, &stolen).await, "reuse");
    let tablet = ann.elsewhere().await;
    let change = json!({
        "current_password": ann.password, "new_password": "Amber-Harbour-77",
    });
    ann.post("/api/v2/auth/password/change", change).await.ok();
    assert_eq!(reason(&world, &tablet).await, "password_changed");
    for _ in 0..20 {
        world.passes(1).await;
        ann.elsewhere().await;
    }
    assert_eq!(reason(&world, &ann).await, "evicted");
    let last = ann.elsewhere().await;
    last.post("/api/v2/auth/logout-all", json!({})).await.ok();
    assert_eq!(reason(&world, &last).await, "sign_out_all");
}

#[tokio::test(start_paused = true)]
async fn a_session_is_found_among_more_than_a_thousand_rows() {
    use shared::accounts::{RevokeReason, Session};
    use shared::aws::dynamo::Tables;
    use shared::table::Commit;
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let tables = Tables::of(&world.local.env("local"));
    let key = Session::key_of(&ann.id, &ann.session_id);
    let live: Session = tables.get(&key).await.expect("a table").expect("a session");
    for n in 0..1_050_u128 {
        // Ended ones on both sides of the live one.
        let id = if n % 2 == 0 { n } else { u128::MAX - n };
        let ended = Session {
            session_id: shared::id::id_of("ses", id.to_be_bytes()),
            revoked_at: Some(world.now()),
            revoke_reason: Some(RevokeReason::SignOut),
            ..live.clone()
        };
        tables
            .commit(Commit::new().put(&ended))
            .await
            .expect("a row");
    }
    let list = ann.get("/api/v2/auth/sessions").await.ok();
    assert_eq!(list["sessions"].as_array().map(Vec::len), Some(1));
    let phone = ann.elsewhere().await;
    assert_eq!(
        phone.delete("/api/v2/auth/sessions").await.ok()["revoked"],
        1
    );
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
}
