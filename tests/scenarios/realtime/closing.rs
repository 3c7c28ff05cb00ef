//! Whatever ends a session ends its sockets within five seconds, without any notice of the gateway
//! (scenario 3).

use serde_json::json;
use shared::accounts::{RevokeReason, Session};
use shared::aws::dynamo::Tables;
use world::{Person, World};

/// Ends a session as a ban, an erasure and others do: by its row.
async fn ends(world: &World, person: &Person, reason: RevokeReason) {
    let tables = Tables::of(&world.local.env("local"));
    let key = Session::key_of(&person.id, &person.session_id);
    let session: Option<Session> = tables.get(&key).await.expect("a table");
    let end = session.expect("a session").revoke(reason, world.now());
    tables.commit(end).await.expect("an end");
}

#[tokio::test(start_paused = true)]
async fn every_end_of_a_session_closes_its_socket_within_five_seconds() {
    let world = World::unlimited().await;
    world.local.tell_disconnects(false);
    let ann = world.person("Ann").await;
    let mut other = ann.elsewhere().await;
    other.comes_online().await;
    for (reason, code) in [
        (RevokeReason::SignOut, 4003),
        (RevokeReason::SignOutAll, 4003),
        (RevokeReason::Revoked, 4003),
        (RevokeReason::Reuse, 4003),
        (RevokeReason::PasswordChanged, 4003),
        (RevokeReason::Evicted, 4003),
        (RevokeReason::Banned, 4014),
        (RevokeReason::Deleted, 4003),
        (RevokeReason::DeviceRevoked, 4003),
    ] {
        let mut person = ann.elsewhere().await;
        person.comes_online().await;
        ends(&world, &person, reason).await;
        world.passes(5).await;
        person
            .waits(|frame| frame["type"] == "session.revoked")
            .await;
        let word = person.waits(|frame| frame["type"] == "error").await;
        assert_eq!(word["data"]["close_code"], json!(code), "{reason:?}");
        assert_eq!(word["data"]["retry"], false, "{reason:?}");
        assert_eq!(person.is_closed().await, code, "{reason:?}");
        let left = world.rows("live", &ann.id, "conn#").await;
        assert_eq!(left.len(), 1, "{reason:?}: only the other session's");
    }
    other.asks("ping", json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_between_the_end_and_the_close_is_refused() {
    let world = World::unlimited().await;
    world.local.tell_disconnects(false);
    let (ann, ben) = world.two("Ann", "Ben").await;
    for (reason, codes) in [
        (RevokeReason::Revoked, [4003, 4003]),
        (RevokeReason::Banned, [4003, 4014]),
        (RevokeReason::Deleted, [4003, 4003]),
        (RevokeReason::DeviceRevoked, [4003, 4003]),
    ] {
        let mut person = ann.elsewhere().await;
        person.comes_online().await;
        // The worker that closes the socket does not hear of it.
        world.local.hold_streams(true);
        ends(&world, &person, reason).await;
        let refused = person.says("too late").to_by_frame(&ben).await;
        assert_eq!(refused["type"], "error", "{reason:?}");
        let code = refused["data"]["close_code"].as_u64().expect("a code");
        assert!(codes.contains(&(code as u16)), "{reason:?}: {refused}");
        assert_eq!(u64::from(person.is_closed().await), code, "{reason:?}");
        world.local.hold_streams(false);
        world.settles().await;
        assert!(world.rows("live", &ann.id, "conn#").await.is_empty());
    }
    assert!(ben.reads(&ann).await.is_empty());
}
