//! The account itself.

use serde_json::{Value, json};
use world::World;

#[tokio::test(start_paused = true)]
async fn an_account_is_edited_under_its_version() {
    let world = World::new().await;
    let ann = world.person("Ann").await;
    let account = ann.get("/api/v2/user").await.ok();
    let edit = |change: Value| {
        let mut body = change;
        body["version"] = account["version"].clone();
        body
    };
    let bad = edit(json!({ "timezone": "Mars/Olympus" }));
    ann.call("PATCH", "/api/v2/user", Some(bad))
        .await
        .refused(422, "INVALID_TIMEZONE");
    let good = edit(json!({ "name": "Anna", "timezone": "Europe/Berlin" }));
    let changed = ann
        .call("PATCH", "/api/v2/user", Some(good.clone()))
        .await
        .ok();
    assert_eq!(
        (changed["name"].as_str(), changed["timezone"].as_str()),
        (Some("Anna"), Some("Europe/Berlin"))
    );
    let stale = ann.call("PATCH", "/api/v2/user", Some(good)).await;
    let error = stale.refused(409, "VERSION_CONFLICT");
    assert_eq!(error["details"]["current_version"], changed["version"]);
    let bidi = json!({ "name": "A\u{202e}nn", "version": changed["version"] });
    ann.call("PATCH", "/api/v2/user", Some(bidi))
        .await
        .refused(422, "VALIDATION_FAILED");
}
