//! Health (spec conventions.md §11, §13.14).

use world::World;

#[tokio::test(start_paused = true)]
async fn liveness_touches_nothing_and_readiness_asks_everything_required() {
    let world = World::new().await;
    for path in ["/api/live", "/health/live"] {
        assert_eq!(world.call("GET", path, None).await.ok()["status"], "ok");
    }
    for path in ["/api/ready", "/health/ready"] {
        let report = world.call("GET", path, None).await.expect(200);
        assert_eq!(report["status"], "ready");
        for check in ["database", "queues", "secrets"] {
            assert_eq!(report["checks"][check]["status"], "healthy", "{report}");
        }
    }
    let report = world.call("GET", "/health", None).await.expect(200);
    assert_eq!(report["checks"]["payments"]["status"], "not_configured");
    assert!(report["version"].is_string());
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_dependency_is_named_and_turns_readiness_only_if_required() {
    let world = World::new().await;
    world.local.cloud().faults().outage("ses", true);
    let report = world.call("GET", "/health", None).await.expect(200);
    assert_eq!(report["checks"]["email"]["status"], "unhealthy");
    world.local.cloud().faults().outage("dynamodb", true);
    let report = world.call("GET", "/health/ready", None).await.expect(503);
    assert_eq!(report["status"], "not_ready");
    assert_eq!(report["checks"]["database"]["status"], "unhealthy");
    assert!(report["checks"]["database"]["error"].is_string());
    assert_eq!(
        world.call("GET", "/health/live", None).await.ok()["status"],
        "ok"
    );
}

#[tokio::test(start_paused = true)]
async fn the_description_of_the_api_is_served() {
    let world = World::new().await;
    let document = world.call("GET", "/api/openapi.json", None).await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/v2/messages/send"]["post"].is_object());
}

#[tokio::test(start_paused = true)]
async fn a_reset_keeps_the_signing_keys_and_ends_the_sessions() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let keys = world.call("GET", "/.well-known/jwks.json", None).await.ok();
    world.local.reset().await.expect("a first state");
    let again = world.call("GET", "/.well-known/jwks.json", None).await.ok();
    assert_eq!(keys, again);
    ann.get("/api/v2/user")
        .await
        .refused(401, "SESSION_REVOKED");
}

#[tokio::test(start_paused = true)]
async fn an_address_without_the_method_says_so_whatever_the_body_is() {
    let world = World::new().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let known = "/api/v2/auth/oauth/google/callback";
    let answer = world.raw("DELETE", known, b"code=1".into(), &form).await;
    answer.refused(405, "METHOD_NOT_ALLOWED");
    for (method, path) in [("POST", "/api/v2/nothing"), ("PUT", "/nothing")] {
        let answer = world.raw(method, path, b"{broken".into(), &[]).await;
        answer.refused(404, "NOT_FOUND");
    }
}
