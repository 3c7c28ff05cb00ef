//! Credentials for the TURN server.

use world::World;

use super::{Talk, friends};

#[tokio::test(start_paused = true)]
async fn credentials_last_as_long_as_what_is_reserved_and_follow_the_rule() {
    let world = World::new().await;
    let (mut ann, mut ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let path = format!("/api/v2/calls/turn-credentials?call_id={}", talk.id);
    for person in [&ann, &ben] {
        let access = person.get(&path).await.ok();
        let ttl = access["ttl_seconds"].as_i64().expect("seconds");
        assert!(
            (595..=600).contains(&ttl),
            "five minutes reserved and five more: {ttl}"
        );
        let server = &access["ice_servers"][0];
        let username = server["username"].as_str().expect("a name");
        let (expiry, user) = username.split_once(':').expect("two parts");
        assert_eq!(user, person.id);
        let expiry: i64 = expiry.parse().expect("seconds");
        assert!((world.now().seconds() + ttl - expiry).abs() <= 1);
        let secret = world.local.env("get_turn_credentials");
        let secret = shared::aws::secret::fetch(&secret, "turn")
            .await
            .expect("a secret");
        let proof =
            shared::crypto::hmac_sha1(secret.expect("a secret").as_bytes(), username.as_bytes());
        assert_eq!(server["credential"], super::phone::base64(&proof));
        assert!(
            server["urls"][0]
                .as_str()
                .expect("a url")
                .starts_with("turn:")
        );
    }
    talk.lasts(&mut [&mut ann, &mut ben], 100).await;
    talk.ends(&ann).await.ok();
    ann.get(&path).await.refused(410, "CALL_ENDED");
    let unknown = "/api/v2/calls/turn-credentials?call_id=cal_00000000000000000000000000";
    ann.get(unknown).await.refused(404, "CALL_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn without_a_server_there_are_no_credentials() {
    let world = World::with(1, &[("TURN_URLS", "")]).await;
    let (ann, ben) = friends(&world, 100).await;
    let talk = Talk::between(&ann, &ben, "audio").await;
    let path = format!("/api/v2/calls/turn-credentials?call_id={}", talk.id);
    assert_eq!(
        ann.get(&path).await.ok()["ice_servers"],
        serde_json::json!([])
    );
}
