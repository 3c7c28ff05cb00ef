//! Sessions: listed, ended, evicted.

use serde_json::json;
use world::{Person, World};

use super::{refreshes, signs_in, uses};

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
    world.settles().await;
    assert_eq!(ann.is_closed().await, 4003);
}

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
