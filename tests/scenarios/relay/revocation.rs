//! Revoking a device cuts it off completely.

use serde_json::json;
use world::World;

use super::devices::bound;

#[tokio::test(start_paused = true)]
async fn a_revoked_device_loses_sessions_sockets_and_name_within_five_seconds() {
    let world = World::unlimited().await;
    world.local.tell_disconnects(false);
    let mut ann = world.person("Ann").await;
    ann.comes_online().await;
    let (mut phone, id) = bound(&ann, "Phone", 1).await;
    phone.comes_online().await;
    let path = format!("/api/v2/devices/{id}");
    ann.delete(&path).await.expect(204);
    let refused = phone.get("/api/v2/user").await;
    refused.refused(401, "SESSION_REVOKED");
    world.passes(5).await;
    assert_eq!(phone.is_closed().await, 4003);
    let told = ann.got("device.changed").await;
    let last = told.last().expect("word of it");
    assert_eq!(
        last["data"],
        json!({ "device_id": id, "change": "revoked" })
    );
    let slots = world.rows("live", &ann.id, "conn#").await;
    assert_eq!(
        slots.len(),
        1,
        "only the other session's connection is left"
    );
    assert!(world.rows("data", &ann.id, "device-name#").await.is_empty());
    let list = ann.get("/api/v2/devices").await.ok();
    assert_eq!(list["devices"][0]["status"], "revoked");
    world.passes(30 * 86_400 + 3_600).await;
    assert!(world.rows("data", &ann.id, "device#").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_during_the_revocation_ends_with_it_or_is_refused() {
    let world = World::unlimited().await;
    let ann = world.person("Ann").await;
    let (_, id) = bound(&ann, "Phone", 1).await;
    let device = world::DeviceSecret::new(1).described("Phone");
    let path = format!("/api/v2/devices/{id}");
    let entering = async {
        let tries = (0..4).map(|_| super::devices::signs_in_with(&ann, device.clone()));
        futures_util::future::join_all(tries).await
    };
    let (entered, revoked) = tokio::join!(entering, ann.delete(&path));
    revoked.expect(204);
    world.passes(5).await;
    for answer in entered {
        let code = answer.code().map(str::to_owned);
        if answer.status == 200 {
            let token = answer.body["access_token"].as_str().expect("a token");
            let bearer = format!("Bearer {token}");
            let headers = [("authorization", bearer.as_str())];
            let used = world.call_with("GET", "/api/v2/user", None, &headers).await;
            used.refused(401, "SESSION_REVOKED");
        } else {
            assert!(
                answer.status == 503 || code.as_deref() == Some("KEY_REUSED"),
                "{code:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_for_another_device_of_the_person_ends_with_that_device() {
    let world = World::unlimited().await;
    let mut ann = world.person("Ann").await;
    let watch = ann.registers("Watch", 1).await.expect(201);
    let id = watch["device_id"].as_str().expect("an id").to_owned();
    let ticket = |id: &str| json!({ "device_id": id });
    let answer = ann
        .post("/api/v2/ws/tickets", ticket(&id))
        .await
        .expect(201);
    ann.opens(&answer).await;
    let slots = world.rows("live", &ann.id, "conn#").await;
    assert_eq!(
        slots[0].get("slot"),
        Some(&shared::table::Value::S(id.clone()))
    );
    world.local.cloud().faults().outage("execute-api", true);
    ann.delete(&format!("/api/v2/devices/{id}"))
        .await
        .expect(204);
    let refused = ann.asks("ping", json!({})).await;
    assert_eq!(refused["data"]["code"], "DEVICE_REVOKED");
    assert_eq!(refused["data"]["close_code"], 4003);
    world.local.cloud().faults().outage("execute-api", false);
    world.passes(120).await;
    assert_eq!(ann.is_closed().await, 4003);
    ann.get("/api/v2/user").await.ok();
    let revoked = ann.post("/api/v2/ws/tickets", ticket(&id)).await;
    revoked.refused(404, "DEVICE_NOT_FOUND");
    let ben = world.person("Ben").await;
    let foreign = ben.registers("Watch", 2).await.expect(201);
    let foreign = ticket(foreign["device_id"].as_str().expect("an id"));
    let foreign = ann.post("/api/v2/ws/tickets", foreign).await;
    foreign.refused(404, "DEVICE_NOT_FOUND");
}
